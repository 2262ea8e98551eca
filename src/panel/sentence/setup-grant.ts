/** `blkif_setup_rw_req_grant`: one piece of at most 4096 bytes becomes one grant and one segment. */
import type { grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { BLKIF_OP_INDIRECT, type blkif_request } from "../../core/xen/blkif.js";
import { count, hex } from "../format.js";
import { type Area, code, grantNo, gref, on, say, slotNo, type Words } from "./words.js";

interface Setup {
  readonly grant_idx: number;
  readonly id: number;
  readonly need_copy: boolean;
  readonly bvec_off: number;
  readonly bvec_data: number;
  readonly segments: number;
  readonly gref_head: { readonly head: number };
}

const setupOf = (w: Words): Setup => w.value<Setup>("setup");
const indexOf = (w: Words): number => setupOf(w).grant_idx;
const indirect = (w: Words): boolean =>
  w.value<blkif_request>("ring_req").operation === BLKIF_OP_INDIRECT;
const entryOf = (w: Words): grant => w.value<grant>("gnt_list_entry");
const frameOf = (w: Words): number => Math.floor(indexOf(w) / 512);
const byteOf = (w: Words): string => `+${((indexOf(w) % 512) * 8).toString(16).padStart(3, "0")}`;

/** Where the reference comes from that the next entry of the list will have, and what that means. */
function taking(w: Words, who: ReturnType<typeof grantNo> | string): ReturnType<typeof say> | null {
  const first = w.firstFree();
  if (first === null) return say`${who} finds the free list empty, and the kernel stops.`;
  const live = w.info.persistent_gnts_c;
  if (first.gref === 0) {
    const next = setupOf(w).gref_head.head;
    const what =
      w.info.feature_persistent || typeof who === "string"
        ? "the entry's own page"
        : "the caller's frame";
    return say`${who} takes the first entry of the free list, which has no reference: it gets ${gref(next)} of those reserved, for ${what}.`;
  }
  const why = w.mapped(first.gref)
    ? "The back end still maps its page from an earlier request"
    : "Its page is still granted from an earlier request";
  return say`${who} takes ${gref(first.gref)}, the first of the free list. ${why}, so nothing is granted anew: ${code("persistent_gnts_c")} falls to ${live - 1}.`;
}

function copying(w: Words): ReturnType<typeof say> {
  const { need_copy } = setupOf(w);
  if (need_copy) {
    return say`The caller’s ${w.number("len")} bytes are copied into the page of ${gref(entryOf(w).gref)}, because grants persist and this is a write.`;
  }
  return w.info.feature_persistent
    ? say`Nothing is copied now: this is no write, and what it reads comes back at its completion.`
    : say`Nothing is copied: grants do not persist, so ${gref(entryOf(w).gref)} is the caller’s own page.`;
}

export const setupGrant: Area = {
  blkif_setup_rw_req_grant: [
    on(
      /^const frame =/,
      (w) => say`The segment of ${grantNo(indexOf(w))} lies in indirect frame ${frameOf(w)}.`,
    ),
    on(/^const \{ ?grant_idx/, (w) => {
      const len = w.number("len");
      return say`${grantNo(indexOf(w))} is for ${len} bytes at offset ${w.number("offset")} of the caller’s Xen frame ${hex(w.number("gfn"))}, in Linux page ${hex(Math.floor(w.number("gfn") / w.perPage))}.`;
    }),
    on(
      /^const k =/,
      (w) =>
        say`${grantNo(indexOf(w))} begins; the names that follow stand for the kernel, the request and its shadow entry.`,
    ),
    on(
      /^const ring_req =/,
      (w) =>
        say`${code("ring_req")} is the request that is being written in ring ${slotNo(w.slot)}.`,
    ),
    on(
      /^const shadow =/,
      (w) =>
        say`${code("shadow")} is entry ${setupOf(w).id}, which keeps every grant of the request until it is answered.`,
    ),
    on(/^if \(.*XEN_PAGES_PER_INDIRECT_FRAME/s, (w) => {
      const index = indexOf(w);
      if (!indirect(w))
        return say`A direct request: the segment of ${grantNo(index)} goes into the ring slot itself, so no frame is needed.`;
      return index % 512 === 0
        ? say`${grantNo(index)} is the first in indirect frame ${frameOf(w)}, so that frame is granted before it.`
        : say`${grantNo(index)} is number ${index % 512} of the 512 that fit in indirect frame ${frameOf(w)}, which is in hand already.`;
    }),
    on(/setup\.segments !== 0.*kunmap|^if \(setup\.segments/, (w) =>
      setupOf(w).segments === 0
        ? say`No indirect frame is mapped yet, so there is none to unmap.`
        : say`The frame before is full, and is unmapped.`,
    ),
    on(/^kunmap_atomic\(k, setup\.segments/, () => say`The frame before is full, and is unmapped.`),
    on(/^const n =/, (w) => say`Segment ${indexOf(w)} belongs in indirect frame ${frameOf(w)}.`),
    on(/get_indirect_grant\(/, (w) => taking(w, `Indirect frame ${frameOf(w)}`)),
    on(
      /^shadow\.indirect_grants\[n\] =/,
      (w) =>
        say`Shadow entry ${setupOf(w).id} keeps the frame’s grant, ${gref(entryOf(w).gref)}, as ${code(`indirect_grants[${frameOf(w)}]`)}.`,
    ),
    on(
      /^setup\.segments = kmap/,
      (w) => say`The frame’s page ${hex(entryOf(w).page)} is mapped, to write segments into it.`,
    ),
    on(
      /set_indirect_gref\(/,
      (w) =>
        say`Ring ${slotNo(w.slot)} names the frame: ${code(`indirect_grefs[${frameOf(w)}]`)} becomes ${entryOf(w).gref}.`,
    ),
    on(/get_grant\(/, (w) => taking(w, grantNo(indexOf(w)))),
    on(
      /^const ref =/,
      (w) => say`${gref(entryOf(w).gref)} is what the segment of ${grantNo(indexOf(w))} will name.`,
    ),
    on(
      /^shadow\.grants_used\[/,
      (w) =>
        say`Shadow entry ${setupOf(w).id} keeps it as ${code(`grants_used[${indexOf(w)}]`)}: ${gref(entryOf(w).gref)} is given back when the request is answered.`,
    ),
    on(/^if \(setup\.need_copy\)/, copying),
    on(
      /^const shared_data = kmap/,
      (w) =>
        say`The page ${hex(entryOf(w).page)} of ${gref(entryOf(w).gref)} is mapped, to copy into it.`,
    ),
    on(/^memcpy\(/, (w) => {
      const { bvec_data, bvec_off } = setupOf(w);
      const size = w.scene.machine.kernel.PAGE_SIZE;
      const [len, offset] = [w.number("len"), w.number("offset")];
      const rest = 4096 - len;
      const stale =
        rest === 0 ? "" : ` Its other ${count(rest)} bytes keep what earlier requests left there.`;
      return say`${len} bytes go from the caller’s page ${hex(bvec_data / size)} + ${hex(bvec_off)} to offset ${offset} of page ${hex(entryOf(w).page)}, ${gref(entryOf(w).gref)}.${stale}`;
    }),
    on(
      /^kunmap_atomic\(k, shared_data/,
      (w) => say`The copy is done, and the page of ${gref(entryOf(w).gref)} is unmapped.`,
    ),
    on(
      /^setup\.bvec_off \+=/,
      (w) =>
        say`The next copy begins ${w.number("len")} bytes on, at ${hex(setupOf(w).bvec_off + w.number("len"))} of the caller’s page.`,
    ),
    on(
      /^const fsect =/,
      (w) =>
        say`Offset ${w.number("offset")} is sector ${w.number("offset") >>> 9} of the Xen page, where the segment begins.`,
    ),
    on(
      /^const lsect =/,
      (w) =>
        say`${w.number("len")} bytes are ${w.number("len") >>> 9} sectors, so the segment ends with sector ${(w.number("offset") >>> 9) + (w.number("len") >>> 9) - 1}.`,
    ),
    on(/^if \(ring_req\.operation !== BLKIF_OP_INDIRECT/, (w) =>
      indirect(w)
        ? say`The segment of ${grantNo(indexOf(w))} goes into indirect frame ${frameOf(w)}, slot ${indexOf(w) % 512}, at byte ${byteOf(w)}.`
        : say`The segment of ${grantNo(indexOf(w))} goes into ${code(`seg[${indexOf(w)}]`)} of ring ${slotNo(w.slot)}.`,
    ),
    on(/^const (slot|seg) =/, (w) =>
      indirect(w)
        ? say`A segment has 8 bytes: number ${indexOf(w)} lies at byte ${byteOf(w)} of indirect frame ${frameOf(w)}.`
        : say`${code(`seg[${indexOf(w)}]`)} lies in ring ${slotNo(w.slot)}.`,
    ),
    on(/^put_segment\(/, (w) => {
      const where = indirect(w)
        ? `indirect frame ${frameOf(w)}, byte ${byteOf(w)}`
        : `the ring slot, seg[${indexOf(w)}]`;
      return say`The segment is written into ${where}: ${gref(w.number("ref"))}, sectors ${w.number("fsect")} to ${w.number("lsect")}.`;
    }),
    on(/^setup\.grant_idx\+\+/, (w) => {
      const next = indexOf(w) + 1;
      const all = w.scene.own?.grants ?? 0;
      return next < all
        ? say`${grantNo(indexOf(w))} is set up; ${grantNo(next)} of ${all} is next.`
        : say`${grantNo(indexOf(w))} is set up, the last of ${all}.`;
    }),
  ],
};
