/** What the back end does: it sees the ring, the grant table and the frames that it maps. */
import type { backend as Backend } from "../../core/blkback/backend.js";
import {
  type blkif_request,
  blkif_op_text,
  type blkif_request_segment,
} from "../../core/xen/blkif.js";
import { blkif_sring } from "../../core/xen/ring.js";
import { amount, statusText } from "../format.js";
import { type Area, code, gref, on, say, slotNo, type Words } from "./words.js";

const be = (w: Words): Backend => w.value<Backend>("be");
const segmentOf = (w: Words): blkif_request_segment => w.value<blkif_request_segment>("seg");
const sectorsOf = (seg: blkif_request_segment): number => seg.last_sect - seg.first_sect + 1;

function waiting(w: Words): number {
  return (new blkif_sring(be(w).mem, be(w).ring).req_prod - be(w).req_cons) >>> 0;
}

export const backend: Area = {
  do_block_io_op: [
    on(/take_requests/, (w) => {
      const left = waiting(w);
      return say`The back end wakes and takes what was pushed: ${amount(left, "request")}.`;
    }),
    on(
      /req_event =/,
      (w) =>
        say`${code("req_event")} becomes ${(be(w).req_cons + 1) >>> 0}: the back end wants an event with the next request.`,
    ),
  ],
  take_requests: [
    on(/^while|^const (rp|sring)/, (w) => {
      const left = waiting(w);
      return left === 0
        ? say`The back end has taken every request that was pushed.`
        : say`The back end finds ${amount(left, "request")} in the ring: ${code("req_cons")} is ${be(w).req_cons}.`;
    }),
    on(
      /^const (slot|copy|entry|place) =|^mem_copy/,
      (w) =>
        say`The back end copies ring ${slotNo((be(w).req_cons & (be(w).nr_ents - 1)) >>> 0)}: what it executes is its own copy.`,
    ),
    on(/pending\.push/, () => say`The copy waits to be executed.`),
    on(
      /req_cons =/,
      (w) => say`The back end’s ${code("req_cons")} moves to ${(be(w).req_cons + 1) >>> 0}.`,
    ),
  ],
  dispatch_rw_block_io: [
    on(/xen_blkbk_parse_indirect/, (w) =>
      w.value<boolean>("indirect")
        ? say`The back end reads the segments out of the indirect frames.`
        : say`The back end reads the segments out of its copy of the ring slot.`,
    ),
    on(
      /^const sectors =/,
      (w) =>
        say`The segment of ${gref(segmentOf(w).gref)} has ${amount(sectorsOf(segmentOf(w)), "sector")}.`,
    ),
    on(/xen_blkbk_map/, (w) =>
      be(w).mapped.has(segmentOf(w).gref)
        ? say`${gref(segmentOf(w).gref)} is mapped from an earlier request, and is used as it is.`
        : say`The back end maps ${gref(segmentOf(w).gref)}.`,
    ),
    on(/sectors < 1/, (w) =>
      sectorsOf(segmentOf(w)) < 1
        ? say`The segment ends before it begins: the request is answered with an error.`
        : say`The segment is sound.`,
    ),
    on(/mem_copy|^if \(write\)/, (w) => {
      const seg = segmentOf(w);
      return w.value<boolean>("write")
        ? say`${amount(sectorsOf(seg), "sector")} go from the page of ${gref(seg.gref)} to the disk at sector ${w.number("sector")}.`
        : say`${amount(sectorsOf(seg), "sector")} go from the disk at sector ${w.number("sector")} into the page of ${gref(seg.gref)}.`;
    }),
    on(/^const seg =|^const (offset|len|addr)/, (w) => {
      const seg = w.value<blkif_request_segment[]>("segments")[w.number("i")];
      return seg === undefined
        ? null
        : say`Segment ${w.number("i")}: ${gref(seg.gref)}, sectors ${seg.first_sect} to ${seg.last_sect}.`;
    }),
    on(
      /^sector \+=/,
      (w) =>
        say`${amount(sectorsOf(segmentOf(w)), "sector")} are done; the next is ${w.number("sector") + sectorsOf(segmentOf(w))}.`,
    ),
    on(/^if \(frame < 0\)/, (w) =>
      w.number("frame") < 0
        ? say`${gref(segmentOf(w).gref)} could not be mapped: the request is answered with an error.`
        : say`The page of ${gref(segmentOf(w).gref)} is mapped.`,
    ),
    on(
      /^(used|frames)\.push/,
      (w) =>
        say`The back end notes ${gref(segmentOf(w).gref)}, to move its bytes and to let it go afterwards.`,
    ),
    on(
      /^const indirect =|^if \(!indirect/,
      (w) => say`The operation is ${blkif_op_text(w.value<blkif_request>("req").operation)}.`,
    ),
    on(/^if \(segments === null\)/, (w) =>
      w.value<unknown[] | null>("segments") === null
        ? say`The indirect frames could not be read: the request is answered with an error.`
        : say`The back end has the request’s ${amount(w.value<unknown[]>("segments").length, "segment")}.`,
    ),
    on(
      /^(const frames|let total|for \(const seg)/,
      (w) =>
        say`Every grant of the ${amount(w.value<unknown[]>("segments").length, "segment")} is mapped before any byte moves.`,
    ),
    on(/forced/, (w) =>
      w.value<number | null>("forced") === null
        ? say`The scenario leaves the answer to the back end: the bytes move.`
        : say`The scenario answers this request with ${statusText(w.value<number>("forced"))}, and no byte moves.`,
    ),
    on(
      /^(let sector|for \(let i)/,
      (w) =>
        say`The bytes of ${amount(w.value<unknown[]>("segments").length, "segment")} move between the mapped pages and the disk.`,
    ),
    on(
      /be\.sectors/,
      (w) =>
        say`The disk has ${be(w).sectors} sectors, and the request ends at ${w.number("first") + w.number("total")}.`,
    ),
    on(
      /^total \+=/,
      (w) =>
        say`The request has ${amount(w.number("total") + w.number("sectors"), "sector")} so far.`,
    ),
    on(
      /^const first =/,
      (w) => say`The request begins at sector ${w.value<blkif_request>("req").u.rw.sector_number}.`,
    ),
    on(/^return BLKIF_RSP_OKAY/, () => say`All segments are done.`),
    on(
      /^return BLKIF_RSP_ERROR/,
      () => say`The back end refuses the request.`,
      () => "warning",
    ),
  ],
  xen_blkbk_parse_indirect: [
    on(
      /xen_blkbk_map/,
      (w) =>
        say`The back end maps indirect frame ${w.number("n")}, ${gref(w.value<number[]>("grefs")[w.number("n")] ?? 0)}.`,
    ),
    on(
      /get_segment/,
      (w) =>
        say`The back end reads ${amount(w.number("count"), "segment")} out of indirect frame ${w.number("n")}.`,
    ),
    on(/^if \(frame < 0\)/, (w) =>
      w.number("frame") < 0
        ? say`The frame could not be mapped: the request is answered with an error.`
        : say`The indirect frame is mapped.`,
    ),
    on(
      /^used\.push/,
      (w) => say`The back end notes ${gref(w.number("gref"))}, to let it go afterwards.`,
    ),
    on(
      /^const gref =/,
      (w) =>
        say`Indirect frame ${w.number("n")} is ${gref(w.value<number[]>("grefs")[w.number("n")] ?? 0)}.`,
    ),
    on(
      /^const count =/,
      (w) =>
        say`An indirect frame holds 512 segments; ${w.number("nseg") - w.number("n") * 512} are left to read.`,
    ),
    on(
      /^(const grefs|const segments|for)/,
      (w) =>
        say`The segments are read frame by frame: ${amount(w.number("nseg"), "segment")} in all.`,
    ),
    on(
      /^return segments/,
      (w) => say`The back end has all ${amount(w.value<unknown[]>("segments").length, "segment")}.`,
    ),
    on(
      /^const nseg =|nseg >/,
      (w) =>
        say`The request names ${amount(w.value<blkif_request>("req").u.indirect.nr_segments, "segment")} in indirect frames.`,
    ),
  ],
  xen_blkbk_map: [
    on(/already/, (w) =>
      be(w).mapped.has(w.number("gref"))
        ? say`${gref(w.number("gref"))} is mapped already.`
        : say`${gref(w.number("gref"))} is not mapped yet.`,
    ),
    on(
      /^be\.mapped\.add/,
      (w) =>
        say`${gref(w.number("gref"))} is mapped from now on: ${amount(be(w).mapped.size + 1, "reference")} in all.`,
    ),
    on(/./, (w) => say`The back end maps ${gref(w.number("gref"))}.`),
  ],
  map_grant: [
    on(
      /nr_entries/,
      (w) =>
        say`${gref(w.number("gref"))} is looked up in the grant table of ${be(w).gnttab.nr_entries} entries.`,
    ),
    on(
      /GTF_permit_access\)/,
      (w) =>
        (w.number("flags") & 3) === 1
          ? say`The guest grants ${gref(w.number("gref"))}, so it can be mapped.`
          : say`The guest does not grant ${gref(w.number("gref"))}: it cannot be mapped.`,
      (w) => ((w.number("flags") & 3) === 1 ? "plain" : "warning"),
    ),
    on(
      /GTF_reading/,
      (w) =>
        say`Xen notes in the grant table that ${gref(w.number("gref"))} is mapped for reading and writing.`,
    ),
    on(/./, (w) => say`The back end maps ${gref(w.number("gref"))}.`),
  ],
  segment_sectors: [
    on(
      /./,
      (w) =>
        say`The segment of ${gref(segmentOf(w).gref)} runs from sector ${segmentOf(w).first_sect} to ${segmentOf(w).last_sect} of its page.`,
    ),
  ],
  inner_operation: [
    on(
      /./,
      (w) =>
        say`The operation that is answered is that of the data, also for an indirect request: ${blkif_op_text(w.value<blkif_request>("req").operation)} here.`,
    ),
  ],
  xen_blkbk_unmap: [
    on(/./, (w) => say`The back end unmaps ${gref(w.number("gref"))}: its grant can be ended.`),
  ],
  keeps: [on(/./, (w) => say`Does ${gref(w.number("gref"))} stay mapped after the response?`)],
  dispatch: [
    on(
      /dispatch_rw_block_io/,
      (w) => say`The back end executes shadow id ${w.value<blkif_request>("req").u.rw.id}.`,
    ),
    on(/dispatch_discard_io/, () => say`The back end discards the sectors.`),
    on(/forced/, (w) =>
      w.value<number | null>("forced") === null
        ? say`The request is executed.`
        : say`The scenario answers this request with ${statusText(w.value<number>("forced"))}, and no data moves.`,
    ),
    on(/^xen_blkbk_unmap/, (w) => say`The back end lets ${gref(w.number("gref"))} go.`),
    on(
      /^for \(const gref of used/,
      (w) =>
        say`Of the ${amount(w.value<unknown[]>("used").length, "reference")} that were used, those that are not kept are unmapped.`,
    ),
    on(/^const \{ ?req/, () => say`The back end takes up the next request that waits.`),
    on(/keeps\(/, () => say`What the back end does not keep is unmapped.`),
    on(
      /^(const|let|if)/,
      (w) =>
        say`The back end takes up shadow id ${w.value<blkif_request>("req").u.rw.id}, operation ${blkif_op_text(w.value<blkif_request>("req").operation)}.`,
    ),
    on(/^return/, (w) => say`The request is done: ${statusText(w.number("status"))}.`),
  ],
  free_place: [on(/./, () => say`The back end looks for room to keep its copy of the ring slot.`)],
  make_response: [
    on(/rsp_prod =/, (w) =>
      /private|be\.rsp_prod_pvt =/.test(w.text)
        ? say`The back end’s private producer moves to ${(be(w).rsp_prod_pvt + 1) >>> 0}.`
        : say`${code("rsp_prod")} moves to ${be(w).rsp_prod_pvt}: the guest sees the response.`,
    ),
    on(
      /rsp_prod_pvt =/,
      (w) => say`The back end’s private producer moves to ${(be(w).rsp_prod_pvt + 1) >>> 0}.`,
    ),
    on(
      /./,
      (w) =>
        say`The answer to shadow id ${w.number("id")}, ${blkif_op_text(w.number("operation"))} ${statusText(w.number("status"))}, goes into ring ${slotNo((be(w).rsp_prod_pvt & (be(w).nr_ents - 1)) >>> 0)}.`,
    ),
  ],
};
