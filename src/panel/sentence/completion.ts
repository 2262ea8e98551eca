/** The copy back, and the grants' way home. */
import type { blk_shadow, grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import type { scatterlist } from "../../core/linux/scatterlist.js";
import { BLKIF_OP_READ, blkif_op_text, type blkif_response } from "../../core/xen/blkif.js";
import { amount, count, hex, statusText } from "../format.js";
import { type Area, code, grantNo, gref, on, say, type Words } from "./words.js";

const answerOf = (w: Words): blkif_response => w.value<blkif_response>("bret");
const usedOf = (w: Words): grant => w.value<grant>("used");
const sgAt = (w: Words): scatterlist => w.value<scatterlist>("sg");

/** Whether the step stands in the loop over `indirect_grants`. */
function overFrames(w: Words): boolean {
  return w.value<blk_shadow>("s").indirect_grants.includes(usedOf(w));
}

function returning(w: Words): ReturnType<typeof say> {
  const { gref: ref } = usedOf(w);
  const who = overFrames(w) ? say`Indirect frame ${w.number("i")}` : say`${grantNo(w.number("i"))}`;
  return w.mapped(ref)
    ? say`${who}: the back end still maps ${gref(ref)}, so it goes to the head of the list, to be the first that is used again.`
    : say`${who}: the back end does not map ${gref(ref)}, so the reference ends and the entry goes to the tail.`;
}

interface CopyBack {
  readonly grant_idx: number;
  readonly bvec_offset: number;
  readonly bvec_data: number;
}

function copyOf(w: Words): { data: CopyBack; used: grant | null } {
  const data = w.value<CopyBack>("data");
  return { data, used: w.value<blk_shadow>("s").grants_used[data.grant_idx] ?? null };
}

export const completion: Area = {
  blkif_completion: [
    on(
      /^const (k|id|indirect|data) =|^const data:/,
      (w) => say`Shadow entry ${w.info.shadow.indexOf(w.value<blk_shadow>("s"))} is completed.`,
    ),
    on(
      /^const nr_page =/,
      (w) =>
        say`The private copy of the request says how many grants it used${w.value<boolean>("indirect") ? ", in indirect frames" : ""}.`,
    ),
    on(
      /^const nseg =/,
      (w) =>
        say`The request had ${amount(w.value<blk_shadow>("s").num_sg, "scatterlist entry", "scatterlist entries")}.`,
    ),
    on(/bret\.operation === BLKIF_OP_READ/, (w) =>
      answerOf(w).operation !== BLKIF_OP_READ
        ? say`The response is of a ${blkif_op_text(answerOf(w).operation)}, so nothing is copied back.`
        : w.info.feature_persistent
          ? say`A read with persistent grants: its ${w.number("nr_page")} Xen pages are copied to the caller, whatever the status (${statusText(answerOf(w).status)}).`
          : say`Grants do not persist, so the back end has written into the caller’s own pages.`,
    ),
    on(
      /^data\.bvec_offset =/,
      (w) =>
        say`The copy goes to ${hex(sgAt(w).offset)} of the caller’s page ${hex(sgAt(w).page)}.`,
    ),
    on(/^data\.bvec_data =/, (w) => say`The caller’s page ${hex(sgAt(w).page)} is mapped.`),
    on(
      /gnttab_foreach_grant/,
      (w) =>
        say`${amount(sgAt(w).length, "byte")} are copied back into page ${hex(sgAt(w).page)}, Xen page by Xen page, from ${grantNo(w.value<CopyBack>("data").grant_idx)} on.`,
    ),
    on(/^kunmap_atomic/, () => say`The caller’s page has its bytes, and is unmapped.`),
    on(/^const used =|^const \{ ?gref/, (w) => {
      const frames = /indirect_grants/.test(w.text);
      const s = w.value<blk_shadow>("s");
      const entry = (frames ? s.indirect_grants : s.grants_used)[w.number("i")];
      if (!entry) return null;
      return frames
        ? say`Indirect frame ${w.number("i")} of shadow entry ${w.info.shadow.indexOf(s)} used ${gref(entry.gref)}.`
        : say`${grantNo(w.number("i"))} of shadow entry ${w.info.shadow.indexOf(s)} used ${gref(entry.gref)}.`;
    }),
    on(/gnttab_query_foreign_access/, returning),
    on(
      /^if \(!info\.feature_persistent\)|^message\(/,
      (w) =>
        w.info.feature_persistent
          ? say`Grants persist, so a reference that is still mapped is as it should be.`
          : say`Grants do not persist, and yet the back end maps ${gref(usedOf(w).gref)}: the driver says so.`,
      (w) => (w.info.feature_persistent ? "plain" : "warning"),
    ),
    on(
      /^list_add\(used/,
      (w) =>
        say`${gref(usedOf(w).gref)} goes to the head of the free list: it will be the first to be used again.`,
    ),
    on(
      /persistent_gnts_c\+\+/,
      (w) =>
        say`One live grant more on the list: ${code("persistent_gnts_c")} rises to ${w.info.persistent_gnts_c + 1}.`,
    ),
    on(
      /gnttab_end_foreign_access/,
      (w) =>
        say`${gref(usedOf(w).gref)} ends: its page is granted no longer, and the reference is free.`,
    ),
    on(
      /^const indirect_page =|list_add\(page_lru/,
      (w) =>
        say`The frame’s page ${hex(usedOf(w).page)} goes back to the spare pages${w.info.feature_persistent ? ", and stays the entry’s as well" : ""}.`,
    ),
    on(/^used\.gref =/, () => say`The entry has no reference any more.`),
    on(
      /^list_add_tail/,
      () => say`The entry goes to the tail of the free list, behind all that are granted.`,
    ),
    on(/^if \(indirect\)/, (w) =>
      w.value<boolean>("indirect")
        ? say`The indirect frames’ grants go the same way.`
        : say`The request was direct: there are no frames to give back.`,
    ),
    on(
      /^for/,
      (w) =>
        say`The request’s ${amount(w.number("nr_page"), "grant")} go back to the free list one by one; it has ${count(w.info.persistent_gnts_c)} live ones now.`,
    ),
    on(
      /sg\.offset|const sg/,
      (w) => say`Scatterlist entry ${w.number("i")} of ${w.number("nseg")} is copied back.`,
    ),
  ],
  blkif_copy_from_grant: [
    on(/^const used =/, (w) => {
      const { data, used } = copyOf(w);
      return say`${grantNo(data.grant_idx)} used ${gref(used?.gref ?? 0)}: ${w.number("len")} bytes lie in its page.`;
    }),
    on(
      /kmap_atomic/,
      (w) =>
        say`Page ${hex(copyOf(w).used?.page ?? 0)} of ${gref(copyOf(w).used?.gref ?? 0)} is mapped, to copy out of it.`,
    ),
    on(/^memcpy/, (w) => {
      const { data, used } = copyOf(w);
      const size = w.scene.machine.kernel.PAGE_SIZE;
      return say`${w.number("len")} bytes go back from offset ${w.number("offset")} of page ${hex(used?.page ?? 0)}, ${gref(used?.gref ?? 0)}, to the caller’s page ${hex(data.bvec_data / size)} + ${hex(data.bvec_offset)}.`;
    }),
    on(/bvec_offset \+=/, (w) => {
      const { data, used } = copyOf(w);
      const size = w.scene.machine.kernel.PAGE_SIZE;
      const done = say`${grantNo(data.grant_idx)} has brought back its ${w.number("len")} bytes from ${gref(used?.gref ?? 0)} to the caller’s page ${hex(data.bvec_data / size)}${data.bvec_offset === 0 ? "" : ` + ${hex(data.bvec_offset)}`}.`;
      const next = data.bvec_offset + w.number("len");
      return next < size ? [...done, ...say` What follows goes to ${hex(next)}.`] : done;
    }),
    on(/grant_idx\+\+/, (w) => say`${grantNo(copyOf(w).data.grant_idx)} is copied back.`),
    on(/kunmap/, () => say`The granted page is unmapped.`),
    on(/^const /, (w) => say`${grantNo(copyOf(w).data.grant_idx)} is copied back to the caller.`),
  ],
  add_id_to_freelist: [
    on(
      /^const shadow =/,
      (w) => say`Shadow entry ${w.number("id")} is looked at, to see whether it is in use.`,
    ),
    on(/u\.rw\.id !== id/, (w) => {
      const known = w.info.shadow[w.number("id")]?.req.u.rw.id;
      return known === w.number("id")
        ? say`The private copy carries id ${w.number("id")}, as it should.`
        : say`The private copy does not carry id ${w.number("id")}: the entry is not in use, and cannot be recycled.`;
    }),
    on(/request === null/, (w) =>
      w.info.shadow[w.number("id")]?.request
        ? say`The entry belongs to a request, so it can be given back.`
        : say`The entry belongs to no request, and cannot be recycled.`,
    ),
    on(
      /^shadow\.req\.u\.rw\.id =/,
      (w) =>
        say`Id ${w.number("id")} goes in front of the free ids; behind it comes ${w.info.shadow_free}.`,
    ),
    on(
      /^shadow\.request = null/,
      (w) => say`Shadow entry ${w.number("id")} belongs to no request any more.`,
    ),
    on(
      /^info\.shadow_free =/,
      (w) => say`Id ${w.number("id")} is the first that will be taken again.`,
    ),
    on(/^return 0/, (w) => say`Shadow id ${w.number("id")} is free.`),
    on(
      /^return -/,
      (w) => say`Shadow id ${w.number("id")} cannot be recycled: ${code("-EINVAL")}.`,
      () => "warning",
    ),
  ],
};
