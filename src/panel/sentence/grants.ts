/** The pool: taking an entry from the free list, and granting its page. */
import type { grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { amount, hex } from "../format.js";
import { type Area, code, gref, on, type Rule, say, type Words } from "./words.js";

const entryOf = (w: Words): grant => w.value<grant>("gnt_list_entry");

function head(w: Words): number {
  return w.value<{ head: number }>("gref_head").head;
}

/** The first spare page for an indirect frame, or null. */
function spare(w: Words): number | null {
  const { indirect_pages } = w.info;
  return indirect_pages.next === indirect_pages ? null : indirect_pages.next.entry;
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
      head(w) > 0
        ? say`${gref(head(w))} is the first of the references that were reserved for this request; the entry gets it.`
        : say`No reference is left of those that were reserved for this request.`,
    (w) => (head(w) > 0 ? "plain" : "warning"),
  ),
  on(
    /BUG_ON\(.*ENOSPC/s,
    (w) =>
      entryOf(w).gref < 0
        ? say`There was no reference to be claimed, and the kernel stops.`
        : say`A reference was there to be claimed: ${gref(entryOf(w).gref)}.`,
    (w) => (entryOf(w).gref < 0 ? "bug" : "plain"),
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
      /gnttab_grant_foreign_access_ref|^const \{ (gref|otherend_id)/,
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
    on(
      /BUG_ON\(/,
      (w) =>
        spare(w) === null
          ? say`No spare page for the frame is left, and the kernel stops.`
          : say`A spare page for the frame is there.`,
      (w) => (spare(w) === null ? "bug" : "plain"),
    ),
    on(
      /^const indirect_page =/,
      (w) => say`The first spare page, ${hex(spare(w) ?? 0)}, becomes the frame.`,
    ),
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
      /^const k|^while|^let i/,
      (w) => say`The pool gets ${w.number("num")} entries, each without a reference.`,
    ),
    on(
      /^i\+\+/,
      (w) =>
        say`${amount(w.number("i") + 1, "entry", "entries")} of ${w.number("num")} are on the list.`,
    ),
    on(/^const gnt_list_entry/, (w) => say`Entry ${w.number("i")} of the pool is allocated.`),
    on(/^if \(info\.feature_persistent/, (w) =>
      w.info.feature_persistent
        ? say`Grants persist, so the entry needs a page of its own.`
        : say`Grants do not persist, so the entry needs no page: the caller’s will be granted.`,
    ),
    on(/^const granted_page/, (w) =>
      w.perPage === 1
        ? say`The entry gets a Linux page of the driver’s own.`
        : say`The entry gets a whole Linux page of the driver’s own, of which 4,096 bytes will be used.`,
    ),
    on(
      /granted_page === 0/,
      (w) =>
        w.number("granted_page") === 0
          ? say`There is no page left.`
          : say`Page ${hex(w.number("granted_page"))} was free.`,
      (w) => (w.number("granted_page") === 0 ? "warning" : "plain"),
    ),
    on(/^kfree_grant/, () => say`The entry that got no page is freed.`),
    on(
      /out_of_memory/,
      (w) => say`The ${amount(w.number("i"), "entry", "entries")} that were made go again.`,
      () => "warning",
    ),
    on(/\.page = /, (w) => say`Page ${hex(w.number("granted_page"))} is the entry’s.`),
    on(/\.gref = /, () => say`The entry has no reference yet.`),
    on(
      /list_add/,
      (w) => say`Entry ${w.number("i")} of ${w.number("num")} goes to the head of the free list.`,
    ),
    on(/^return 0/, (w) => say`The pool has its ${amount(w.number("num"), "entry", "entries")}.`),
  ],
  fill_grant_buffer_out_of_memory: [
    on(/^for/, () => say`All entries of the free list go, not only the new ones.`),
    on(/^list_del/, () => say`The entry leaves the list.`),
    on(/^if \(info/, (w) =>
      w.info.feature_persistent
        ? say`Grants persist, so it has a page.`
        : say`Grants do not persist, so it has no page.`,
    ),
    on(/^__free_page/, (w) => say`Its page ${hex(entryOf(w).page)} is freed.`),
    on(/^kfree_grant/, () => say`The entry itself is freed.`),
    on(/^i--/, (w) => say`${String(w.number("i") - 1)} of those that were made are left.`),
    on(
      /^BUG_ON/,
      (w) =>
        w.number("i") === 0
          ? say`Exactly those that were made are gone.`
          : say`The list had ${String(-w.number("i"))} entries more than were made, and the kernel stops.`,
      (w) => (w.number("i") === 0 ? "plain" : "bug"),
    ),
    on(
      /^return/,
      () => say`There is no pool: ${code("-ENOMEM")}.`,
      () => "warning",
    ),
  ],
  new_grant: [
    on(/^const entry/, (w) => say`Pool entry ${w.number("nr")} is all zero.`),
    on(/^entry\.node/, () => say`It is on no list.`),
    on(/^return/, (w) => say`Pool entry ${w.number("nr")} is made.`),
  ],
  kzalloc_grant: [
    on(/^const entry/, (w) => say`Pool entry ${w.info.grant_slab.length} is allocated, all zero.`),
    on(/push/, () => say`The model remembers it by its number.`),
    on(/^return/, (w) => say`Pool entry ${w.value<grant>("entry").nr} is there.`),
  ],
  kfree_grant: [on(/./, (w) => say`Pool entry ${w.value<grant>("entry").nr} is freed.`)],
};
