/** The pool: taking an entry from the free list, and granting its page. */
import type { grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { hex } from "../format.js";
import { type Area, code, gref, on, type Rule, say, type Words } from "./words.js";

const entryOf = (w: Words): grant => w.value<grant>("gnt_list_entry");

function head(w: Words): number {
  return w.value<{ head: number }>("gref_head").head;
}

const handedOver = on(
  /^return gnt_list_entry/,
  (w) => say`The entry with ${gref(entryOf(w).gref)} is handed to the caller.`,
);

const common: readonly Rule[] = [
  on(/get_free_grant\(/, (w) => {
    const first = w.firstFree();
    if (first === null) return say`The free list is empty.`;
    return first.gref === 0
      ? say`The entry at the head of the free list is taken. It has no reference yet, and neither has any entry behind it.`
      : say`The entry at the head of the free list is taken: ${gref(first.gref)}, with page ${hex(first.page)}.`;
  }),
  handedOver,
  on(/^if \(gnt_list_entry\.gref !== GRANT_INVALID_REF\)/, (w) => {
    const { gref: ref } = entryOf(w);
    return ref === 0
      ? say`The entry has no reference, so one is claimed for it and its page is granted.`
      : say`The entry has ${gref(ref)}, granted already, and is used as it is.`;
  }),
  on(
    /gnttab_claim_grant_reference/,
    (w) =>
      say`${gref(head(w))} is the first of the references that were reserved for this request; the entry gets it.`,
  ),
  on(
    /BUG_ON\(.*ENOSPC/s,
    (w) => say`A reference was there to be claimed: ${gref(entryOf(w).gref)}.`,
  ),
  on(
    /^grant_foreign_access\(/,
    (w) =>
      say`The entry’s own page ${hex(entryOf(w).page)} is granted through ${gref(entryOf(w).gref)}.`,
  ),
];

export const grants: Area = {
  get_free_grant: [
    on(
      /BUG_ON\(/,
      (w) =>
        w.firstFree() === null
          ? say`The free list is empty, and the kernel stops.`
          : say`The free list is not empty, so there is an entry to take.`,
      (w) => (w.firstFree() === null ? "bug" : "plain"),
    ),
    on(/list_first_entry/, (w) => {
      const first = w.firstFree();
      if (first === null) return null;
      return first.gref === 0
        ? say`The first entry of the free list has no reference: no live grant is left.`
        : say`The first entry of the free list is ${gref(first.gref)}, whose page is ${hex(first.page)}.`;
    }),
    on(/^list_del/, (w) =>
      entryOf(w).gref === 0
        ? say`The entry leaves the free list.`
        : say`${gref(entryOf(w).gref)} leaves the free list.`,
    ),
    on(/persistent_gnts_c--|^if \(gnt_list_entry\.gref/, (w) => {
      const live = w.info.persistent_gnts_c;
      return entryOf(w).gref === 0
        ? say`The entry has no reference, so ${code("persistent_gnts_c")} stays at ${live}.`
        : say`${gref(entryOf(w).gref)} was live, so ${code("persistent_gnts_c")} falls from ${live} to ${live - 1}.`;
    }),
    handedOver,
  ],
  get_grant: [
    ...common,
    on(/^if \(info\.feature_persistent\)/, (w) =>
      w.info.feature_persistent
        ? say`Grants persist, so ${gref(entryOf(w).gref)} grants the entry’s own page ${hex(entryOf(w).page)}.`
        : say`Grants do not persist, so ${gref(entryOf(w).gref)} grants the caller’s frame ${hex(w.number("gfn"))}.`,
    ),
    on(
      /gnttab_grant_foreign_access_ref|^const \{ gref/,
      (w) =>
        say`${gref(entryOf(w).gref)} lets the back end read and write the caller’s frame ${hex(w.number("gfn"))}.`,
    ),
  ],
  get_indirect_grant: [
    ...common,
    on(/^if \(!info\.feature_persistent\)/, (w) =>
      w.info.feature_persistent
        ? say`Grants persist, so the frame is the entry’s own page ${hex(entryOf(w).page)}.`
        : say`Grants do not persist, so the entry has no page: the frame’s comes from ${code("indirect_pages")}.`,
    ),
    on(/BUG_ON\(/, () => say`A spare page for the frame is there.`),
    on(/^const indirect_page =/, (w) => {
      const { indirect_pages } = w.info;
      return say`The first spare page, ${hex(indirect_pages.next.entry ?? 0)}, becomes the frame.`;
    }),
    on(/^list_del/, (w) => say`Page ${hex(w.number("indirect_page"))} leaves the spare pages.`),
    on(
      /^gnt_list_entry\.page =/,
      (w) =>
        say`The entry’s page is ${hex(w.number("indirect_page"))} as long as the request lives.`,
    ),
  ],
  grant_foreign_access: [
    on(
      /^const gfn =/,
      (w) =>
        say`Linux page ${hex(entryOf(w).page)} begins with Xen frame ${hex(entryOf(w).page * w.perPage)}; only that frame of 4,096 bytes is granted.`,
    ),
    on(
      /./,
      (w) =>
        say`${gref(entryOf(w).gref)} lets the back end read and write Xen frame ${hex(entryOf(w).page * w.perPage)}.`,
    ),
  ],
  fill_grant_buffer: [
    on(
      /^while|^let i|^i\+\+/,
      (w) => say`The pool gets ${w.number("num")} entries, each without a reference.`,
    ),
    on(
      /alloc_page/,
      () =>
        say`The entry gets a whole Linux page of the driver’s own, of which 4,096 bytes will be used.`,
    ),
    on(/granted_page === 0/, (w) =>
      w.number("granted_page") === 0
        ? say`There is no page left.`
        : say`Page ${hex(w.number("granted_page"))} was free.`,
    ),
    on(
      /list_add/,
      (w) => say`Entry ${w.number("i")} of ${w.number("num")} goes to the head of the free list.`,
    ),
  ],
};
