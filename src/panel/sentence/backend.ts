/** The back end's work: it takes requests off the ring, moves their bytes, and answers. */
import {
  BLKIF_OP_INDIRECT,
  type blkif_request,
  blkif_op_text,
  type blkif_request_segment,
} from "../../core/xen/blkif.js";
import { blkif_sring } from "../../core/xen/ring.js";
import { amount, count, statusText } from "../format.js";
import { be } from "./backend-grants.js";
import {
  type Area,
  code,
  gref,
  on,
  say,
  sectorText,
  slotNo,
  type TextPart,
  type Words,
} from "./words.js";

const reqOf = (w: Words): blkif_request => w.value<blkif_request>("req");
const segmentOf = (w: Words): blkif_request_segment => w.value<blkif_request_segment>("seg");
const sectorsOf = (seg: blkif_request_segment): number => seg.last_sect - seg.first_sect + 1;

function waiting(w: Words): number {
  return (new blkif_sring(be(w).mem, be(w).ring).req_prod - be(w).req_cons) >>> 0;
}

/** How many requests would be under way if the front end's index were true. */
function claimed(w: Words): number {
  return (w.number("rp") - be(w).rsp_prod_pvt) >>> 0;
}

const isIndirect = (w: Words): boolean => reqOf(w).operation === BLKIF_OP_INDIRECT;

function segmentsNamed(w: Words): number {
  const { indirect, rw } = reqOf(w).u;
  return isIndirect(w) ? indirect.nr_segments : rw.nr_segments;
}

/** The sectors that a request is about, [first, end). */
const rangeOf = (w: Words): TextPart[] =>
  say`Sectors ${w.number("first")} to ${w.number("end") - 1}`;

/** Why a request is refused, in the back end's words, where it is. */
function reason(w: Words, name: string): string | null {
  const why = w.local(name);
  return typeof why === "string" ? why : null;
}

const refusing = (name: string) => (w: Words) =>
  reason(w, name) === null ? ("plain" as const) : ("warning" as const);

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
    on(/^const counts/, () => say`The back end works out what it will log.`),
    on(
      /^message_of/,
      (w) =>
        say`The back end logs that ${count(claimed(w))} requests cannot be in a ring of ${be(w).nr_ents}.`,
      () => "warning",
    ),
    on(
      /^be\.halted = true/,
      () => say`The ring is halted: the back end takes no request from it any more.`,
      () => "warning",
    ),
    on(/^return/, () => say`Nothing is taken.`),
    on(/^if \(be\.halted/, (w) =>
      be(w).halted
        ? say`The ring is halted since it said what cannot be.`
        : say`The ring is in working order.`,
    ),
    on(
      /be\.lenient/,
      (w) =>
        claimed(w) > be(w).nr_ents
          ? say`${code("req_prod")} is ${w.number("rp")} and ${be(w).rsp_prod_pvt} are answered: ${count(claimed(w))} requests would be under way, and the ring has ${be(w).nr_ents} entries.`
          : say`${code("req_prod")} is ${w.number("rp")} and ${be(w).rsp_prod_pvt} are answered: ${amount(claimed(w), "request")} can be in a ring of ${be(w).nr_ents}.`,
      (w) => (claimed(w) > be(w).nr_ents ? "warning" : "plain"),
    ),
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
  untaken_ids: [
    on(/^const ids/, () => say`Which requests lie on the ring, not taken yet?`),
    on(/^if \(be\.halted/, (w) =>
      be(w).halted
        ? say`The ring is halted: what lies on it is never taken.`
        : say`The ring is in working order, so what lies on it will be taken.`,
    ),
    on(/^const (\{ req_prod|waiting)/, (w) => {
      const left = Math.min(waiting(w), be(w).nr_ents);
      return say`${amount(left, "request")} ${left === 1 ? "lies" : "lie"} on the ring, not taken yet.`;
    }),
    on(/^for/, (w) =>
      waiting(w) === 0
        ? say`None lies on the ring.`
        : say`Those on the ring are looked at one by one.`,
    ),
    on(/^const (slot|entry)|^ids\.push/, (w) => {
      const slot = ((be(w).req_cons + w.number("n")) & (be(w).nr_ents - 1)) >>> 0;
      return say`The id of the request in ring ${slotNo(slot)} is read.`;
    }),
    on(/^return/, (w) => {
      const { length } = w.value<unknown[]>("ids");
      return say`${amount(length, "request")} ${length === 1 ? "is" : "are"} still to be taken.`;
    }),
  ],
  beyond: [
    on(/./, (w) => {
      const [first, end] = [w.number("first"), w.number("end")];
      return first < 0 || end > be(w).sectors
        ? say`The disk has ${count(be(w).sectors)} sectors, and ${String(first)} to ${String(end - 1)} are not all among them.`
        : say`Sectors ${first} to ${end - 1} are on the disk, which has ${count(be(w).sectors)}.`;
    }),
  ],
  dispatch_rw_block_io: [
    on(
      /^const at_once/,
      (w) =>
        say`Before anything is mapped the back end looks at what the request says of itself: ${amount(segmentsNamed(w), "segment")}.`,
    ),
    on(
      /^if \(at_once/,
      (w) =>
        reason(w, "at_once") === null
          ? say`What it says can be.`
          : say`What it says cannot be: ${code(reason(w, "at_once") ?? "")}.`,
      refusing("at_once"),
    ),
    on(
      /^return refuse/,
      () => say`The back end refuses the request, and says why.`,
      () => "warning",
    ),
    on(/xen_blkbk_parse_indirect/, (w) =>
      w.value<boolean>("indirect")
        ? say`The back end reads the segments out of the indirect frames.`
        : say`The back end reads the segments out of its copy of the ring slot.`,
    ),
    on(
      /^const why/,
      (w) =>
        say`With ${amount(w.value<unknown[]>("segments").length, "segment")} in hand the back end checks where on the disk they lie.`,
    ),
    on(
      /^if \(why/,
      (w) =>
        reason(w, "why") === null
          ? say`The disk has these sectors, and they may be touched.`
          : say`The request cannot be executed: ${code(reason(w, "why") ?? "")}.`,
      refusing("why"),
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
    on(/^if \(sectors < 1/, (w) =>
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
    on(
      /^if \(frame < 0\)/,
      (w) =>
        w.number("frame") < 0
          ? say`${gref(segmentOf(w).gref)} could not be mapped: the request is answered with an error.`
          : say`The page of ${gref(segmentOf(w).gref)} is mapped.`,
      (w) => (w.number("frame") < 0 ? "warning" : "plain"),
    ),
    on(
      /^use\(|^frames\.push/,
      (w) =>
        say`The back end notes ${gref(segmentOf(w).gref)}, to move its bytes and to let it go afterwards.`,
    ),
    on(/^const indirect =|^if \(!indirect/, (w) =>
      isIndirect(w)
        ? say`The request is indirect: its ${amount(segmentsNamed(w), "segment")} lie in frames of their own.`
        : say`The request is direct: its ${amount(segmentsNamed(w), "segment")} lie in the ring slot.`,
    ),
    on(/^if \(segments === null\)/, (w) =>
      w.local("segments") === null
        ? say`The indirect frames could not be read: the request is answered with an error.`
        : say`The back end has the request’s ${amount(w.value<unknown[]>("segments").length, "segment")}.`,
    ),
    on(
      /^(const frames|let total|for \(const seg)/,
      (w) =>
        say`Every grant of the ${amount(w.value<unknown[]>("segments").length, "segment")} is mapped before any byte moves.`,
    ),
    on(/^if \(forced/, (w) =>
      w.value<number | null>("forced") === null
        ? say`The scenario leaves the answer to the back end: the bytes move.`
        : say`The scenario answers this request with ${statusText(w.value<number>("forced"))}, and no byte moves.`,
    ),
    on(
      /^return forced/,
      (w) =>
        say`The disk is said to have failed after the grants were mapped: ${statusText(w.value<number>("forced"))}.`,
      () => "warning",
    ),
    on(
      /^(let sector|for \(let i)/,
      (w) =>
        say`The bytes of ${amount(w.value<unknown[]>("segments").length, "segment")} move between the mapped pages and the disk.`,
    ),
    on(/^if \(total/, (w) =>
      w.number("total") === 0
        ? say`It touches no sector.`
        : say`The disk has ${be(w).sectors} sectors, and the request ends at ${w.number("first") + w.number("total")}.`,
    ),
    on(
      /^total \+=/,
      (w) =>
        say`The request has ${amount(w.number("total") + w.number("sectors"), "sector")} so far.`,
    ),
    on(
      /^const first =/,
      (w) => say`The request begins at ${sectorText(reqOf(w).u.rw.sector_number)}.`,
    ),
    on(/^return BLKIF_RSP_OKAY/, () => say`All segments are done.`),
    on(
      /^return BLKIF_RSP_ERROR/,
      () => say`The back end refuses the request.`,
      () => "warning",
    ),
  ],
  refused_at_once: [
    on(/^const operation/, (w) => say`The request asks for ${blkif_op_text(reqOf(w).operation)}.`),
    on(/^const indirect/, (w) =>
      isIndirect(w) ? say`Its segments lie in frames.` : say`Its segments lie in the slot.`,
    ),
    on(/^if \(indirect/, (w) =>
      isIndirect(w)
        ? say`Through its frames it asks for ${blkif_op_text(w.number("operation"))}; only reads and writes can.`
        : say`It is direct, so any operation is possible.`,
    ),
    on(
      /^return `Invalid/,
      () => say`An indirect request that neither reads nor writes is refused.`,
      () => "warning",
    ),
    on(/^const nseg/, (w) => say`It names ${amount(segmentsNamed(w), "segment")}.`),
    on(/^const flush/, (w) =>
      /FLUSH|BARRIER/.test(blkif_op_text(w.number("operation")))
        ? say`It flushes, so it need not have a segment.`
        : say`It does not flush, so it must have a segment.`,
    ),
    on(/^const most/, (w) =>
      isIndirect(w)
        ? say`This back end takes ${amount(be(w).settings.segmentLimit, "segment")} in an indirect request.`
        : say`A ring slot has room for 11 segments.`,
    ),
    on(/^if \(\(nseg/, (w) => {
      const [nseg, most] = [w.number("nseg"), w.number("most")];
      if (nseg > most) return say`${count(nseg)} segments are more than ${count(most)}.`;
      return nseg === 0
        ? say`There is no segment${w.value<boolean>("flush") ? ", and for a flush none is needed" : ", and one is needed"}.`
        : say`${amount(nseg, "segment")}, of ${count(most)} at most: that can be.`;
    }),
    on(
      /^return `Bad/,
      (w) => say`A request of ${amount(w.number("nseg"), "segment")} is refused.`,
      () => "warning",
    ),
    on(/^return null/, () => say`There is no reason to refuse it, so far.`),
  ],
  refused: [
    on(
      /^const lengths/,
      (w) =>
        say`The lengths of the ${amount(w.value<unknown[]>("segments").length, "segment")} are taken.`,
    ),
    on(/^if \(lengths\.some\(\(sectors\) => sectors < 1/, (w) =>
      w.value<number[]>("lengths").some((sectors) => sectors < 1)
        ? say`A segment ends before it begins, or beyond its page.`
        : say`Every segment has at least a sector, inside its page.`,
    ),
    on(
      /^return "Invalid/,
      () => say`A request with a bad segment is refused.`,
      () => "warning",
    ),
    on(/^const first/, () => say`Where on the disk does it begin?`),
    on(/^const end/, (w) => {
      const total = w.value<number[]>("lengths").reduce((sum, sectors) => sum + sectors, 0);
      if (total === 0) return say`It has no sector, so it ends where it begins.`;
      return say`${amount(total, "sector")} from sector ${w.number("first")} end at ${w.number("first") + total}.`;
    }),
    on(/^const write/, () => say`Does it change the disk?`),
    on(/^if \(\(write/, (w) => {
      const { disk_settings, sectors } = be(w);
      if (w.value<boolean>("write") && disk_settings.readonly) {
        return say`It writes, and the disk is read-only.`;
      }
      const [first, end] = [w.number("first"), w.number("end")];
      if (end <= first) return say`It touches no sector.`;
      return end > sectors
        ? say`${rangeOf(w)} are wanted, and the disk has ${count(sectors)}.`
        : say`${rangeOf(w)} are on the disk, which has ${count(sectors)}.`;
    }),
    on(
      /^return `access/,
      (w) => say`${rangeOf(w)} are refused.`,
      () => "warning",
    ),
    on(
      /^const block/,
      (w) =>
        say`A block of the disk has ${amount(be(w).disk_settings.sectorSize, "byte")}, and is read and written whole.`,
    ),
    on(/first % block/, (w) => {
      const [block, first] = [w.number("block"), w.number("first")];
      const lengths = w.value<number[]>("lengths");
      return lengths.some((sectors) => first % block !== 0 || sectors % block !== 0)
        ? say`The request begins or ends inside a block of ${amount(block, "sector")}.`
        : say`It begins and ends with whole blocks of ${amount(block, "sector")}.`;
    }),
    on(
      /^return "Misaligned/,
      () => say`A request for a part of a block is refused.`,
      () => "warning",
    ),
    on(/^return null/, () => say`There is no reason to refuse it.`),
  ],
  first_sector: [
    on(/./, (w) => {
      const { indirect, rw } = reqOf(w).u;
      return say`The request begins at ${sectorText(isIndirect(w) ? indirect.sector_number : rw.sector_number)}.`;
    }),
  ],
  refuse: [
    on(
      /^message_of/,
      (w) => say`The back end logs why: ${code(w.value<string>("why"))}.`,
      () => "warning",
    ),
    on(
      /^return/,
      () => say`The request is answered with ${statusText(-1)}, and no byte moves.`,
      () => "warning",
    ),
  ],
  xen_blkbk_parse_indirect: [
    on(
      /xen_blkbk_map/,
      (w) => say`The back end maps indirect frame ${w.number("n")}, ${gref(w.number("gref"))}.`,
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
      /^use\(/,
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
      /^for \(let i/,
      (w) => say`Its ${amount(w.number("count"), "segment")} are read one by one, 8 bytes each.`,
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
      /^return null/,
      () => say`The segments cannot be read.`,
      () => "warning",
    ),
    on(
      /^const nseg =|nseg >/,
      (w) =>
        say`The request names ${amount(reqOf(w).u.indirect.nr_segments, "segment")} in indirect frames.`,
    ),
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
        say`The operation that is answered is that of the data, also for an indirect request: ${blkif_op_text(isIndirect(w) ? reqOf(w).u.indirect.indirect_op : reqOf(w).operation)} here.`,
    ),
  ],
  can_do: [
    on(/./, (w) =>
      isIndirect(w)
        ? say`Does this back end know indirect requests? It takes ${amount(be(w).settings.segmentLimit, "segment")} in one.`
        : say`A direct request is known to every back end.`,
    ),
  ],
  clear_sectors: [
    on(
      /^const end/,
      (w) =>
        say`${amount(w.number("sectors"), "sector")} from sector ${w.number("sector")} on become zeros.`,
    ),
    on(/^for|^at < end/, () => say`The zeros are written a piece at a time.`),
    on(/^const n/, (w) => say`The next piece begins at byte ${w.number("at")} of the disk.`),
    on(
      /^mem_write/,
      (w) =>
        say`${amount(w.number("n"), "byte")} at byte ${w.number("at")} of the disk become zeros.`,
    ),
    on(/^at \+=/, (w) => say`${amount(w.number("n"), "byte")} are done.`),
  ],
  dispatch_discard_io: [
    on(/^const (\{ sector_number|end)/, (w) => {
      const { sector_number, nr_sectors } = reqOf(w).u.discard;
      return say`${amount(nr_sectors, "sector")} from sector ${sector_number} are to be discarded.`;
    }),
    on(/^if \((end|beyond)/, (w) => {
      const { disk_settings, sectors } = be(w);
      if (disk_settings.readonly) return say`The disk is read-only.`;
      return w.number("end") > sectors || w.number("sector_number") < 0
        ? say`The discard ends at sector ${w.number("end")}, and the disk has ${count(sectors)}.`
        : say`The disk has these sectors: it has ${count(sectors)}.`;
    }),
    on(
      /^return refuse/,
      () => say`The back end refuses the discard, and says why.`,
      () => "warning",
    ),
    on(/^if \(!be\.settings\.discard/, (w) =>
      be(w).settings.discard
        ? say`This back end discards.`
        : say`This back end does not discard, and says so.`,
    ),
    on(
      /EOPNOTSUPP/,
      () => say`The discard is answered with ${statusText(-2)}.`,
      () => "warning",
    ),
    on(
      /clear_sectors/,
      (w) =>
        say`The ${amount(w.number("nr_sectors"), "sector")} are discarded: they read as zeros from now on.`,
    ),
    on(/OKAY/, () => say`The discard is done.`),
  ],
  dispatch: [
    on(/dispatch_rw_block_io/, (w) => say`The back end executes shadow id ${reqOf(w).u.rw.id}.`),
    on(/dispatch_discard_io/, (w) =>
      w.value<number | null>("forced") === null
        ? say`The back end discards the sectors.`
        : say`The scenario answers this discard with ${statusText(w.value<number>("forced"))}.`,
    ),
    on(
      /^status = BLKIF_RSP_EOPNOTSUPP/,
      (w) =>
        say`The back end does not know ${blkif_op_text(w.number("operation"))}, and answers ${statusText(-2)}.`,
      () => "warning",
    ),
    on(
      /^status = refuse/,
      () => say`This back end takes no indirect requests, and refuses this one.`,
      () => "warning",
    ),
    on(/KNOWN/, (w) => say`Does the back end know ${blkif_op_text(w.number("operation"))}?`),
    on(/can_do/, () => say`Has the back end offered such requests?`),
    on(/^put_grant/, (w) => say`The request is done with ${gref(w.number("gref"))}.`),
    on(
      /^for \(const gref of used/,
      (w) =>
        say`Of the ${amount(w.value<unknown[]>("used").length, "reference")} that were used, those that are not kept are unmapped.`,
    ),
    on(/^const \{ ?req/, () => say`The back end takes up the next request that waits.`),
    on(
      /^(const|let|if)/,
      (w) =>
        say`The back end takes up shadow id ${reqOf(w).u.rw.id}, operation ${blkif_op_text(reqOf(w).operation)}.`,
    ),
    on(/^return/, (w) => say`The request is done: ${statusText(w.number("status"))}.`),
  ],
  free_place: [on(/./, () => say`The back end looks for room to keep its copy of the ring slot.`)],
  make_response: [
    on(
      /rsp_prod_pvt =/,
      (w) => say`The back end’s private producer moves to ${(be(w).rsp_prod_pvt + 1) >>> 0}.`,
    ),
    on(/push_responses/, () => say`The response is complete, and is shown to the guest.`),
    on(
      /./,
      (w) =>
        say`The answer to shadow id ${w.number("id")}, ${blkif_op_text(w.number("operation"))} ${statusText(w.number("status"))}, goes into ring ${slotNo((be(w).rsp_prod_pvt & (be(w).nr_ents - 1)) >>> 0)}.`,
    ),
  ],
  push_responses: [
    on(
      /^const sring/,
      (w) => say`What was written up to ${be(w).rsp_prod_pvt} is to be shown to the guest.`,
    ),
    on(/RING_PUSH/, (w) => {
      const { rsp_prod, rsp_event } = new blkif_sring(be(w).mem, be(w).ring);
      const next = be(w).rsp_prod_pvt;
      const asked = (next - rsp_event) >>> 0 < (next - rsp_prod) >>> 0;
      return say`${code("rsp_prod")} moves from ${rsp_prod} to ${next}. With ${code("rsp_event")} at ${rsp_event} the guest ${asked ? "asked to be woken" : "did not ask to be woken"}.`;
    }),
    on(/evtchn/, () => say`The guest gets its event.`),
  ],
};
