/** Suspend and resume: what was under way is taken to another back end. */
import type { blk_shadow } from "../../core/blkfront/patch-v2/blkfront-info.js";
import type { bio } from "../../core/linux/bio.js";
import type { request } from "../../core/linux/request.js";
import { amount, count, errno } from "../format.js";
import { operationOf } from "../sections/request.js";
import { type Area, code, on, say, type TextPart, type Words } from "./words.js";

const reqOf = (w: Words): request => w.value<request>("req");
const bioOf = (w: Words): bio => w.value<bio>("bio");

const sectors = (one: bio): number => one.bi_size / 512;
const pieces = (one: bio): number => one.bi_io_vec.length;

/** The part of a bio that clone `i` of a split stands for, as the driver works it out. */
function cut(w: Words): { offset: number; size: number; left: number } {
  const most = w.number("segs") * 8;
  const offset = w.number("i") * most;
  const left = sectors(bioOf(w)) - offset;
  return { offset, size: Math.min(most, left >>> 0), left };
}

/** What a bio that is too large is cut into. */
function needed(w: Words): number {
  const segs = w.number("segs");
  return Math.floor((pieces(bioOf(w)) + segs - 1) / segs);
}

const beyond = (w: Words): boolean => cut(w).left < 0;

const named = (w: Words, req: request): TextPart[] => say`request ${w.name(req)}`;
const Named = (w: Words, req: request): TextPart[] => say`Request ${w.name(req)}`;

export const recover: Area = {
  blkfront_resume: [
    on(/^blkif_free/, (w) =>
      w.info.connected === "CONNECTED"
        ? say`The guest has resumed: all that belonged to the old back end is given back.`
        : say`The guest has resumed, and the device was not connected: all that it has is given back.`,
    ),
    on(/^return/, () => say`The ring is set up for the new back end.`),
  ],
  clear_shadow: [
    on(/^const zeros/, () => say`The shadow entries are copied, and wiped.`),
    on(
      /^return/,
      (w) => say`Of each of the ${w.info.shadow.length} entries only its request is kept.`,
    ),
  ],
  "map callback": [
    on(/^const \{ request/, (w) => {
      const { request } = w.value<blk_shadow>("shadow");
      const id = w.info.shadow.indexOf(w.value<blk_shadow>("shadow"));
      return request === null
        ? say`Shadow entry ${id} was free.`
        : say`Shadow entry ${id} belonged to ${named(w, request)}.`;
    }),
    on(/^mem_write/, () => say`Its copy of the ring request becomes zeros.`),
    on(/^shadow\.request/, () => say`It belongs to nobody.`),
    on(/^shadow\.grants_used/, () => say`It has no room for grants.`),
    on(/^shadow\.indirect_grants/, () => say`It has no room for indirect frames.`),
    on(/^shadow\.(sg|num_sg)/, () => say`It has no scatterlist.`),
    on(/^return/, (w) =>
      w.local("request") === null
        ? say`Nothing of it is kept.`
        : say`Its request is kept, since nobody has answered it.`,
    ),
  ],
  set_aside: [
    on(/^if/, (w) =>
      reqOf(w).cmd_flags & 0x3180
        ? say`${Named(w, reqOf(w))} flushes or discards: it is put back whole.`
        : say`${Named(w, reqOf(w))} is a plain ${operationOf(reqOf(w))}: its bios are kept, and it ends without them.`,
    ),
    on(
      /^requests\.unshift/,
      (w) => say`${Named(w, reqOf(w))} is remembered, to go back in front of the queue.`,
    ),
    on(/^return/, () => say`Its bios stay with it.`),
    on(
      /^for/,
      (w) =>
        say`${amount(reqOf(w).bio.length, "bio")} of ${named(w, reqOf(w))} ${reqOf(w).bio.length === 1 ? "is" : "are"} kept.`,
    ),
    on(
      /^bio_list\.push/,
      (w) =>
        say`The bio of ${amount(sectors(bioOf(w)), "sector")} at sector ${bioOf(w).bi_sector} is kept, to be submitted anew.`,
    ),
    on(
      /^req\.bio = /,
      (w) => say`${Named(w, reqOf(w))} has lost its bios: nobody hears of its end.`,
    ),
    on(/^__blk_end_request_all/, (w) => say`${Named(w, reqOf(w))} ends as if it had succeeded.`),
  ],
  blkif_recover: [
    on(/^const (k|\{ rq)/, (w) => {
      const busy = w.info.shadow.filter(({ request }) => request !== null).length;
      return say`What was under way is recovered: ${amount(busy, "request")} of the old ring, and ${count(w.info.rq?.queue_head.length ?? 0)} that wait in the queue.`;
    }),
    on(/^if \(fails/, (w) =>
      w.failing("kmemdup shadow")
        ? say`There is no memory for a copy of the shadow entries.`
        : say`The shadow entries are copied, so that they can be wiped.`,
    ),
    on(
      /^return -/,
      () => say`The device stays suspended: ${code("-ENOMEM")}, and nobody looks at it.`,
      () => "warning",
    ),
    on(/^const copy/, () => say`The shadow entries are wiped, and their requests remembered.`),
    on(/^init_shadow_ids/, (w) => say`All ${w.info.ring.nr_ents} ids are free.`),
    on(
      /^info\.shadow_free/,
      (w) => say`The next free id is ${w.info.ring.req_prod_pvt}, that of the ring’s beginning.`,
    ),
    on(/^const rc/, () => say`The pool is made again, for what the new back end offers.`),
    on(
      /^if \(rc/,
      (w) =>
        w.number("rc") === 0
          ? say`That has worked.`
          : say`That has failed with ${code(errno(w.number("rc")))}: the device stays suspended.`,
      (w) => (w.number("rc") === 0 ? "plain" : "warning"),
    ),
    on(
      /^return rc/,
      () => say`What was under way is never ended.`,
      () => "warning",
    ),
    on(
      /^const segs/,
      (w) =>
        say`A request can have ${amount(w.info.max_indirect_segments || 11, "grant")} from now on.`,
    ),
    on(
      /^if \(rq === null/,
      (w) =>
        w.info.rq === null
          ? say`The disk was closed, and has no queue any more; the driver does not look.`
          : say`The disk has its queue, which is told of it.`,
      (w) => (w.info.rq === null ? "bug" : "plain"),
    ),
    on(
      /^OOPS/,
      () => say`A NULL pointer is followed.`,
      () => "bug",
    ),
    on(
      /^blk_queue_max_segments/,
      (w) =>
        w.perPage === 1
          ? say`The queue’s ${code("max_segments")} becomes ${w.number("segs")}.`
          : say`The queue’s ${code("max_segments")} becomes ${w.number("segs")}, which counts Xen pages: at ${w.perPage} to a Linux page it should be ${Math.floor(w.number("segs") / w.perPage)}.`,
      (w) => (w.perPage === 1 ? "plain" : "warning"),
    ),
    on(/^const bio_list/, () => say`The bios that are to be submitted anew are gathered.`),
    on(/^const requests/, () => say`The requests that are put back whole are gathered.`),
    on(
      /^for \(let i/,
      (w) =>
        say`The requests of the old ring come first, by their shadow id: up to ${w.info.ring.nr_ents} of them.`,
    ),
    on(/^const req/, (w) => {
      const i = w.number("i");
      const held = w.value<(request | null)[]>("copy")[i];
      return held ? say`Shadow id ${i} was ${named(w, held)}.` : say`Shadow id ${i} was free.`;
    }),
    on(/^if \(req !==/, (w) =>
      w.local("req") === null
        ? say`There is nothing to recover.`
        : say`${Named(w, reqOf(w))} is recovered.`,
    ),
    on(/^for \(let req|^req = blk_fetch/, (w) => {
      const waiting = w.info.rq?.queue_head.length ?? 0;
      return waiting === 0
        ? say`No request waits in the queue any more.`
        : say`Then those that wait in the queue: ${amount(waiting, "request")}.`;
    }),
    on(/^set_aside/, (w) => say`What becomes of ${named(w, reqOf(w))}?`),
    on(/^xenbus_switch_state/, () => say`This end goes to ${code("Connected")}.`),
    on(/^info\.connected/, () => say`The device is connected: from now on requests are queued.`),
    on(/^kick_pending/, () => say`The queue is started, and is empty.`),
    on(/^for \(const req/, (w) => {
      const { length } = w.value<request[]>("requests");
      return length === 0
        ? say`No request was kept whole.`
        : say`${amount(length, "request")} that ${length === 1 ? "was" : "were"} kept whole ${length === 1 ? "goes" : "go"} back in front of the queue.`;
    }),
    on(
      /^BUG_ON/,
      (w) =>
        reqOf(w).nr_phys_segments > w.number("segs")
          ? say`${Named(w, reqOf(w))} has ${amount(reqOf(w).nr_phys_segments, "segment")}, more than ${w.number("segs")}, and the kernel stops.`
          : say`${Named(w, reqOf(w))} has ${amount(reqOf(w).nr_phys_segments, "segment")}, of ${w.number("segs")} at most.`,
      (w) => (reqOf(w).nr_phys_segments > w.number("segs") ? "bug" : "plain"),
    ),
    on(
      /^blk_requeue/,
      (w) =>
        say`${Named(w, reqOf(w))} goes back in front of the queue. The queue does not run for it.`,
    ),
    on(/^for \(const orphan/, (w) => {
      const { length } = w.value<unknown[]>("bio_list");
      return length === 0
        ? say`No bio was kept.`
        : say`${amount(length, "bio")} that ${length === 1 ? "was" : "were"} kept ${length === 1 ? "is" : "are"} submitted anew.`;
    }),
    on(/^resubmit/, (w) => {
      const { bio } = w.value<{ bio: bio }>("orphan");
      return say`The bio of ${amount(sectors(bio), "sector")} at sector ${bio.bi_sector} is submitted anew.`;
    }),
    on(/^return 0/, () => say`What was under way is with the new back end, or on its way there.`),
  ],
  resubmit: [
    on(
      /^const (k|gd)/,
      (w) =>
        say`The bio has ${amount(pieces(bioOf(w)), "piece")} and ${amount(sectors(bioOf(w)), "sector")}.`,
    ),
    on(/^if \(bio_segments/, (w) =>
      pieces(bioOf(w)) <= w.number("segs")
        ? say`${amount(pieces(bioOf(w)), "piece")}, of ${w.number("segs")} at most: the bio goes as it is.`
        : say`${amount(pieces(bioOf(w)), "piece")} are more than ${w.number("segs")}: the bio is cut.`,
    ),
    on(/^if \(!k\.swallows/, () => say`The block layer makes requests of it.`),
    on(
      /^submit_bio\(k, gd, bio/,
      (w) =>
        say`The bio of ${amount(sectors(bioOf(w)), "sector")} at sector ${bioOf(w).bi_sector} goes to the block layer.`,
    ),
    on(/^return/, () => say`The bio is on its way.`),
    on(
      /^const pending/,
      (w) =>
        say`${amount(pieces(bioOf(w)), "piece")} at ${w.number("segs")} each make ${amount(needed(w), "clone")}.`,
    ),
    on(
      /^BUG_ON\(fails\(k, "kzalloc/,
      (w) =>
        w.failing("kzalloc split_bio")
          ? say`There is no memory for ${code("struct split_bio")}, and the kernel stops.`
          : say`There is memory for ${code("struct split_bio")}.`,
      (w) => (w.failing("kzalloc split_bio") ? "bug" : "plain"),
    ),
    on(
      /^const split_bio/,
      (w) => say`The bio ends when its ${amount(w.number("pending"), "clone")} have ended.`,
    ),
    on(/^for/, (w) => say`The ${amount(w.number("pending"), "clone")} are made one by one.`),
    on(
      /^const offset/,
      (w) =>
        say`Clone ${w.number("i")} begins ${amount(cut(w).offset, "sector")} into the bio: ${w.number("segs")} Xen pages a clone.`,
    ),
    on(
      /^const size/,
      (w) =>
        beyond(w)
          ? say`The bio has only ${amount(sectors(bioOf(w)), "sector")}, fewer than ${count(cut(w).offset)}: what is left is taken for a huge number, and the clone gets ${amount(cut(w).size, "sector")}.`
          : say`The clone gets ${amount(cut(w).size, "sector")}: ${count(cut(w).left)} are left.`,
      (w) => (beyond(w) ? "warning" : "plain"),
    ),
    on(
      /^BUG_ON\(fails\(k, "bio_clone/,
      (w) =>
        w.failing("bio_clone")
          ? say`There is no memory for a clone, and the kernel stops.`
          : say`There is memory for a clone.`,
      (w) => (w.failing("bio_clone") ? "bug" : "plain"),
    ),
    on(/^const cloned_bio/, () => say`The clone has the same bytes of the same buffer.`),
    on(
      /^bio_trim/,
      (w) =>
        w.number("offset") > sectors(bioOf(w))
          ? say`The clone is to be trimmed beyond its end: the kernel looks for the rest, and never finds it.`
          : say`The clone is trimmed to ${amount(w.number("size"), "sector")} from sector ${bioOf(w).bi_sector + w.number("offset")} on.`,
      (w) => (w.number("offset") > sectors(bioOf(w)) ? "bug" : "plain"),
    ),
    on(/bi_private/, () => say`The clone will count itself off when it ends.`),
    on(
      /^submit_bio/,
      (w) =>
        say`Clone ${w.number("i")} of ${w.number("pending")}, ${amount(w.number("size"), "sector")}, goes to the block layer.`,
    ),
  ],
};
