/** `blkif_queue_rw_req` and `blkif_queue_discard_req`: a request becomes a ring slot. */
import type { blk_shadow } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { REQ_DISCARD, type request, rq_data_dir } from "../../core/linux/request.js";
import type { scatterlist } from "../../core/linux/scatterlist.js";
import { GNTTAB_LIST_END } from "../../core/xen/grant-table.js";
import { amount, count, hex } from "../format.js";
import { segmentsOf } from "../request-track.js";
import { operationOf } from "../sections/request.js";
import {
  type Area,
  code,
  described,
  on,
  type Rule,
  say,
  sectorText,
  slotNo,
  type Words,
} from "./words.js";

const reqOf = (w: Words): request => w.value<request>("req");
const shadowOf = (w: Words): blk_shadow => w.value<blk_shadow>("shadow");
const DIRECT = 11;

function sgOf(w: Words): { sg: scatterlist; at: number; of: number } {
  const at = w.number("i");
  const sg = shadowOf(w).sg[at];
  if (sg === undefined) throw new RangeError(`scatterlist entry ${at}`);
  return { sg, at, of: w.number("nseg") };
}

/** How many references are left in the chain that was reserved. */
function chainLength(w: Words, head: number): number {
  const { gnttab_list } = w.scene.machine.kernel.gnttab;
  let length = 0;
  for (let ref = head; ref !== GNTTAB_LIST_END && length < gnttab_list.length; length++) {
    ref = gnttab_list[ref] ?? GNTTAB_LIST_END;
  }
  return length;
}

/** References that a request needs besides the live ones of the list. */
const missing = (w: Words): number => w.number("max_grefs") - w.info.persistent_gnts_c;

const short = (w: Words): boolean => w.scene.machine.kernel.gnttab.gnttab_free_count < missing(w);

/** By how many frames the grant table grows for what is missing; 0 where it may not grow so far. */
function growth(w: Words): number {
  const { gnttab_free_count, nr_entries, max_entries } = w.scene.machine.kernel.gnttab;
  const frames = Math.ceil((missing(w) - gnttab_free_count) / 512);
  return nr_entries + frames * 512 > max_entries ? 0 : frames;
}

function worstCase(w: Words): { text: ReturnType<typeof say>; grefs: number } {
  const { nr_phys_segments: segments } = reqOf(w);
  const grefs = segments * w.perPage;
  const uses = segmentsOf(reqOf(w)).reduce((sum, segment) => sum + segment.grants, 0);
  const used = uses < grefs ? ` The request will use ${count(uses)}.` : "";
  return {
    grefs,
    text: say`The worst case is reserved: ${amount(segments, "segment")} of ${amount(w.perPage, "Xen page")} make ${amount(grefs, "grant")}.${used}`,
  };
}

const start: readonly Rule[] = [
  on(
    /RING_GET_REQUEST/,
    (w) =>
      say`The request goes into ring ${slotNo(w.slot)}: ${code("req_prod_pvt")} is ${w.info.ring.req_prod_pvt}.`,
  ),
  on(
    /get_id_from_freelist\(/,
    (w) =>
      say`Shadow id ${w.info.shadow_free}, the head of the free ids, is taken for the request.`,
  ),
  on(
    /^const shadow =/,
    (w) =>
      say`Shadow entry ${w.number("id")} will keep what the request uses until it is answered.`,
  ),
  on(
    /^shadow\.request =/,
    (w) => say`Shadow entry ${w.number("id")} belongs to the request from now on.`,
  ),
];

const finish: readonly Rule[] = [
  on(
    /req_prod_pvt =/,
    (w) =>
      say`Ring ${slotNo(w.slot)} is complete: ${code("req_prod_pvt")} moves to ${(w.info.ring.req_prod_pvt + 1) >>> 0}. The back end sees nothing before ${code("req_prod")} follows.`,
  ),
  on(
    /^mem_copy/,
    (w) =>
      say`Shadow entry ${w.number("id")} keeps a copy of the slot’s ${w.info.layout.entry} bytes, read back from the page that the back end can write.`,
  ),
  on(/^return 0/, (w) => say`The request is queued as shadow id ${w.number("id")}.`),
];

export const queueRequest: Area = {
  blkif_queue_request: [
    on(
      /^const info =/,
      (w) =>
        say`A ${operationOf(reqOf(w))} is to be queued, on a device that is ${w.info.connected.toLowerCase()}.`,
    ),
    on(/connected !== "CONNECTED"/, (w) =>
      w.info.connected === "CONNECTED"
        ? say`The device is connected, so the request can be queued.`
        : say`The device is ${w.info.connected.toLowerCase()}: the request has to wait.`,
    ),
    on(/blkif_queue_discard_req|REQ_DISCARD/, (w) =>
      reqOf(w).cmd_flags & REQ_DISCARD
        ? say`A discard carries no data, and needs no grants.`
        : say`This is no discard, so it carries data or flushes.`,
    ),
    on(/^return 1/, () => say`The request goes back to the queue.`),
    on(/blkif_queue_rw_req/, (w) => say`The ${described(reqOf(w))} is written into the ring.`),
  ],
  blkif_queue_rw_req: [
    ...start,
    on(
      /^const info =|^const k =/,
      (w) => say`A ${described(reqOf(w))}, in ${amount(reqOf(w).nr_phys_segments, "segment")}.`,
    ),
    on(/^const setup/, (w) =>
      rq_data_dir(reqOf(w)) === 1 && w.info.feature_persistent
        ? say`The walk over the request’s grants starts at 0, and copies: grants persist and this is a write.`
        : say`The walk over the request’s grants starts at 0, and copies nothing.`,
    ),
    on(/^let max_grefs/, (w) => worstCase(w).text),
    on(/^if \(max_grefs > BLKIF_MAX/, (w) => {
      const { grefs } = worstCase(w);
      return grefs > DIRECT
        ? say`${amount(grefs, "grant")} could be needed, more than the ${DIRECT} segments of a ring slot: indirect frames are counted, too.`
        : say`${amount(grefs, "grant")} fit in the ${DIRECT} segments of a ring slot.`;
    }),
    on(/^max_grefs \+=/, (w) => {
      const { grefs } = worstCase(w);
      const frames = Math.ceil(grefs / 512);
      return say`${amount(frames, "indirect frame")} for ${grefs} segments: the worst case is ${amount(grefs + frames, "grant")}.`;
    }),
    on(/^if \(info\.persistent_gnts_c < max_grefs/, (w) => {
      const [live, most] = [w.info.persistent_gnts_c, w.number("max_grefs")];
      return live < most
        ? say`The list has ${amount(live, "live grant")}, fewer than ${most}, so references are reserved for the rest.`
        : say`The list has ${amount(live, "live grant")}, enough for ${most}: no reference is reserved.`;
    }),
    on(
      /^new_persistent_gnts = true/,
      (w) =>
        say`${amount(w.number("max_grefs") - w.info.persistent_gnts_c, "reference")} are wanted from the grant table.`,
    ),
    on(/^new_persistent_gnts = false/, () => say`The live grants cover the request.`),
    on(
      /^const count =/,
      (w) =>
        say`${w.number("max_grefs")} less ${w.info.persistent_gnts_c} live ones: ${amount(w.number("max_grefs") - w.info.persistent_gnts_c, "reference")}.`,
    ),
    on(
      /gnttab_alloc_grant_references/,
      (w) => {
        const { gnttab_free_count: free, nr_entries, max_entries } = w.scene.machine.kernel.gnttab;
        const wanted = missing(w);
        if (free >= wanted) {
          return say`${amount(wanted, "reference")} of the table’s ${free} free ones are reserved for this request.`;
        }
        const frames = growth(w);
        return frames > 0
          ? say`The grant table has only ${amount(free, "free reference")}, and ${wanted} are wanted: it grows from ${nr_entries} entries by ${amount(frames, "frame")} of 512.`
          : say`The grant table has only ${amount(free, "free reference")}, and ${wanted} are wanted; it may not grow beyond ${max_entries} entries. The request cannot be queued.`;
      },
      (w) => (short(w) && growth(w) === 0 ? "warning" : "plain"),
    ),
    on(
      /gnttab_request_free_callback/,
      (w) =>
        say`The grant table will call back when ${w.number("max_grefs")} references are free: the whole worst case, not the ${w.number("max_grefs") - w.info.persistent_gnts_c} that are missing.`,
    ),
    on(
      /^return 1/,
      () => say`Nothing has changed but the callback; the request goes back to the queue.`,
    ),
    on(
      /^BUG_ON\(.*max_indirect_segments === 0/s,
      (w) =>
        w.info.max_indirect_segments === 0 && w.perPage * reqOf(w).nr_phys_segments > DIRECT
          ? say`The back end takes no indirect requests, and this request could need ${amount(w.perPage * reqOf(w).nr_phys_segments, "grant")}: the kernel stops.`
          : say`The back end takes ${w.info.max_indirect_segments === 0 ? "no indirect requests" : `indirect requests of ${count(w.info.max_indirect_segments)} segments`}, and this request could need ${amount(w.perPage * reqOf(w).nr_phys_segments, "grant")}.`,
      (w) =>
        w.info.max_indirect_segments === 0 && w.perPage * reqOf(w).nr_phys_segments > DIRECT
          ? "bug"
          : "plain",
    ),
    on(
      /^BUG_ON\(.*max_indirect_segments/s,
      (w) => {
        const [need, most] = [w.perPage * reqOf(w).nr_phys_segments, w.info.max_indirect_segments];
        return most !== 0 && need > most
          ? say`${need} grants could be needed and ${most} are the most that the device can have.`
          : say`${need} grants could be needed, within the ${most} that the device can have.`;
      },
      (w) =>
        w.info.max_indirect_segments !== 0 &&
        w.perPage * reqOf(w).nr_phys_segments > w.info.max_indirect_segments
          ? "bug"
          : "plain",
    ),
    on(
      /^BUG_ON\(.*REQ_FLUSH/s,
      (w) =>
        reqOf(w).cmd_flags & 0x3000
          ? say`An indirect request can only read or write; this one is to flush, too, and the kernel stops.`
          : say`An indirect request can only read or write, and this one does not flush.`,
      (w) => (reqOf(w).cmd_flags & 0x3000 ? "bug" : "plain"),
    ),
    on(
      /blk_rq_map_sg/,
      (w) =>
        say`The request’s buffers become ${amount(reqOf(w).segments.length, "scatterlist entry", "scatterlist entries")}.`,
    ),
    on(/^let nr_page/, () => say`The Xen pages that hold data are counted.`),
    on(/^nr_page \+=/, (w) => {
      const { sg, at } = sgOf(w);
      const pages = Math.ceil((sg.offset + sg.length) / 4096) - Math.floor(sg.offset / 4096);
      return say`Entry ${at}: ${amount(sg.length, "byte")} from offset ${hex(sg.offset)} of page ${hex(sg.page)} touch ${amount(pages, "Xen page")}; ${code("nr_page")} becomes ${w.number("nr_page") + pages}.`;
    }),
    on(/^if \(nr_page > BLKIF_MAX/, (w) => {
      const pages = w.number("nr_page");
      return pages > DIRECT
        ? say`${amount(pages, "Xen page")} are more than the ${DIRECT} segments of a ring slot: the request becomes indirect.`
        : say`${amount(pages, "Xen page")} fit in the ring slot: the request is direct.`;
    }),
    on(
      /u\.rw\.id = id/,
      (w) =>
        say`The slot carries shadow id ${w.number("id")}, by which the answer will name the request.`,
    ),
    on(
      /^shadow\.num_sg =/,
      (w) =>
        say`Shadow entry ${w.number("id")} notes ${amount(w.number("nseg"), "scatterlist entry", "scatterlist entries")}, for the copy back.`,
    ),
    on(
      /operation = BLKIF_OP_INDIRECT/,
      (w) =>
        say`The slot’s operation is ${code("BLKIF_OP_INDIRECT")}: its ${w.number("nr_page")} segments lie in frames of their own.`,
    ),
    on(
      /indirect_op =|^ring_req\.operation = rq_data_dir/,
      (w) =>
        say`The operation is ${code(rq_data_dir(reqOf(w)) ? "BLKIF_OP_WRITE" : "BLKIF_OP_READ")}.`,
    ),
    on(
      /sector_number =/,
      (w) => say`The slot says where it begins: ${sectorText(reqOf(w).__sector)}.`,
    ),
    on(/handle =/, (w) => say`The slot names the device by its handle, ${hex(w.info.handle)}.`),
    on(
      /nr_segments = nr_page/,
      (w) =>
        say`The slot says how many segments follow: ${w.number("nr_page")}, one for each Xen page with data.`,
    ),
    on(/^const reserved =/, (w) => {
      const live = w.info.persistent_gnts_c;
      return w.value<boolean>("new_persistent_gnts")
        ? say`${amount(w.number("max_grefs") - live, "reference")} are reserved, besides ${amount(live, "live grant")} on the list.`
        : say`No reference is reserved: the list has ${amount(live, "live grant")}.`;
    }),
    on(/^if \(req\.cmd_flags & \(REQ_FLUSH/, (w) =>
      reqOf(w).cmd_flags & 0x3000
        ? say`The request flushes, so the operation is one of the back end’s flushes.`
        : say`The request does not flush.`,
    ),
    on(
      /^switch/,
      (w) =>
        say`Which flushes does the back end offer? ${code("feature_flush")} is ${hex(w.info.feature_flush)}.`,
    ),
    on(
      /^for \(let i = 0/,
      (w) =>
        say`The scatterlist’s ${amount(w.number("nseg"), "entry", "entries")} are gone through.`,
    ),
    on(
      /operation = 0/,
      () => say`The back end offers no flush, and the slot’s operation becomes a plain read.`,
      () => "warning",
    ),
    on(/^break/, () => say`The slot has its operation.`),
    on(/WRITE_BARRIER/, () => say`The back end offers barriers: the request becomes one.`),
    on(/FLUSH_DISKCACHE/, () => say`The back end offers a cache flush: the request becomes one.`),
    on(
      /^setup\.(ring_req|id) =/,
      (w) =>
        say`The walk over the grants writes into ring ${slotNo(w.slot)} and shadow entry ${w.number("id")}.`,
    ),
    on(/^(for|const sg =)/, (w) => {
      const { sg, at, of } = sgOf(w);
      return say`Scatterlist entry ${at} of ${of}: ${amount(sg.length, "byte")} from offset ${hex(sg.offset)} of Linux page ${hex(sg.page)}.`;
    }),
    on(/BUG_ON\(.*PAGE_SIZE/s, (w) => say`Entry ${w.number("i")} ends inside its Linux page.`),
    on(/^if \(setup\.need_copy\)/, (w) =>
      rq_data_dir(reqOf(w)) === 1 && w.info.feature_persistent
        ? say`This request is copied, so the caller’s page is mapped around the walk.`
        : say`This request is not copied, so the caller’s page stays unmapped.`,
    ),
    on(
      /^setup\.bvec_off =/,
      (w) => say`The copy begins at ${hex(sgOf(w).sg.offset)} of the caller’s page.`,
    ),
    on(/^setup\.bvec_data =/, (w) => say`The caller’s page ${hex(sgOf(w).sg.page)} is mapped.`),
    on(/gnttab_foreach_grant\(/, (w) => {
      const { sg } = sgOf(w);
      const pages = Math.ceil((sg.offset + sg.length) / 4096) - Math.floor(sg.offset / 4096);
      const first = w.value<{ grant_idx: number }>("setup").grant_idx;
      return pages === 1
        ? say`Linux page ${hex(sg.page)} is walked in Xen pages: one grant, number ${first}.`
        : say`Linux page ${hex(sg.page)} is walked in Xen pages: grants ${first} to ${first + pages - 1}.`;
    }),
    on(
      /^kunmap_atomic\(k, setup\.bvec_data|need_copy\) kunmap/,
      () => say`The caller’s page is unmapped.`,
    ),
    on(/setup\.segments/, (w) =>
      w.value<{ segments: number }>("setup").segments === 0
        ? say`No indirect frame is mapped.`
        : say`The indirect frame is complete, and is unmapped.`,
    ),
    on(/gnttab_free_grant_references|^if \(new_persistent_gnts\)/, (w) => {
      if (!w.value<boolean>("new_persistent_gnts"))
        return say`Nothing was reserved, so nothing is given back.`;
      const left = chainLength(w, w.value<{ gref_head: { head: number } }>("setup").gref_head.head);
      return left === 0
        ? say`Every reference that was reserved has been used.`
        : say`${amount(left, "reference")} that the worst case reserved ${left === 1 ? "was" : "were"} not used and ${left === 1 ? "goes" : "go"} back to the grant table.`;
    }),
    ...finish,
  ],
  blkif_queue_discard_req: [
    ...start,
    on(/operation =/, () => say`The slot’s operation is ${code("BLKIF_OP_DISCARD")}.`),
    on(
      /nr_sectors =/,
      (w) =>
        say`The slot says how much is discarded: ${amount(reqOf(w).__data_len / 512, "sector")}.`,
    ),
    on(
      /sector_number =/,
      (w) => say`The slot says where the discard begins: sector ${reqOf(w).__sector}.`,
    ),
    on(/discard\.id =/, (w) => say`The slot carries shadow id ${w.number("id")}.`),
    on(/flag|REQ_SECURE/, (w) =>
      w.info.feature_secdiscard
        ? say`The back end offers secure discards.`
        : say`The back end offers no secure discard, so the flag is 0.`,
    ),
    on(
      /^const (info|k|slot) =/,
      (w) =>
        say`A discard of ${amount(reqOf(w).__data_len / 512, "sector")} from sector ${reqOf(w).__sector}.`,
    ),
    ...finish,
  ],
  get_id_from_freelist: [
    on(/^const free =/, (w) => say`The head of the free ids is ${w.info.shadow_free}.`),
    on(
      /^const shadow =/,
      (w) => say`Shadow entry ${w.number("free")} names the free id that comes after it.`,
    ),
    on(
      /BUG_ON/,
      (w) =>
        w.number("free") >= w.info.ring.nr_ents
          ? say`No shadow id is free, and the kernel stops.`
          : say`Id ${w.number("free")} is one of the ${w.info.ring.nr_ents} that the ring has.`,
      (w) => (w.number("free") >= w.info.ring.nr_ents ? "bug" : "plain"),
    ),
    on(
      /^info\.shadow_free =/,
      (w) =>
        say`The next free id, ${w.info.shadow[w.number("free")]?.req.u.rw.id ?? 0}, becomes the head.`,
    ),
    on(
      /^shadow\.req\.u\.rw\.id =/,
      (w) =>
        say`Shadow entry ${w.number("free")} is marked as taken: its id becomes ${code("0x0fffffee")}.`,
    ),
    on(/^return/, (w) => say`Shadow id ${w.number("free")} is the request’s.`),
  ],
};
