/** `do_blkif_request` and what starts it again: the queue on one side, the ring on the other. */
import type { request } from "../../core/linux/request.js";
import type { request_queue } from "../../core/linux/request-queue.js";
import { RING_FREE_REQUESTS, RING_FULL } from "../../core/xen/ring.js";
import { amount } from "../format.js";
import { type Area, code, described, on, say, type Words } from "./words.js";

const reqOf = (w: Words): request => w.value<request>("req");

/** The indexes say that more slots are free than there are. */
const overfull = (w: Words): boolean => RING_FREE_REQUESTS(w.info.ring) > w.info.ring.nr_ents;

export const requestFunction: Area = {
  do_blkif_request: [
    on(/^for|blk_peek_request/, (w) => {
      const waiting = w.value<request_queue>("rq").queue_head.length;
      return waiting === 0
        ? say`No request waits any more.`
        : say`${amount(waiting, "request")} ${waiting === 1 ? "waits" : "wait"} in the queue; the first one is looked at.`;
    }),
    on(
      /^(let|info = |const)/,
      (w) =>
        say`The request function runs; ${amount(RING_FREE_REQUESTS(w.info.ring), "ring slot")} of ${w.info.ring.nr_ents} are free.`,
    ),
    on(
      /RING_FULL/,
      (w) =>
        RING_FULL(w.info.ring)
          ? say`The ring is full: all ${w.info.ring.nr_ents} slots wait for an answer.`
          : say`The ring has room: ${amount(RING_FREE_REQUESTS(w.info.ring), "slot")} of ${w.info.ring.nr_ents} are free.`,
      (w) => (RING_FULL(w.info.ring) ? "warning" : "plain"),
    ),
    on(
      /^blk_stop_queue/,
      () => say`The queue is stopped until a response or free references start it again.`,
    ),
    on(/^blk_start_request/, (w) => say`The ${described(reqOf(w))} leaves the queue.`),
    on(
      /blkif_request_flush_invalid/,
      () =>
        say`Is it a file system’s request, and does the back end offer the flush that it asks for?`,
    ),
    on(
      /^__blk_end_request_all/,
      (w) =>
        say`${reqOf(w).cmd_type === "REQ_TYPE_FS" ? "The back end does not offer what the request asks for" : "The driver knows requests of file systems only"}: it ends with ${code("-EOPNOTSUPP")}.`,
    ),
    on(/^continue/, () => say`The next request is looked at.`),
    on(/^break/, (w) =>
      RING_FULL(w.info.ring)
        ? say`Nothing more can be queued while the ring is full.`
        : say`Nothing more is queued now.`,
    ),
    on(
      /blkif_queue_request\(/,
      (w) => say`The ${described(reqOf(w))} is put into the ring, if there are grants for it.`,
    ),
    on(/^blk_requeue_request/, () => say`The request goes back to the head of the queue.`),
    on(
      /^queued\+\+/,
      (w) =>
        say`${amount(w.number("queued") + 1, "request")} ${w.number("queued") === 0 ? "waits" : "wait"} in the ring to be pushed.`,
    ),
    on(/queued !== 0|^flush_requests/, (w) =>
      w.number("queued") === 0
        ? say`Nothing was queued, so nothing is pushed.`
        : say`${amount(w.number("queued"), "request")} ${w.number("queued") === 1 ? "is" : "are"} pushed together.`,
    ),
  ],
  flush_requests: [
    on(/RING_PUSH|^const k/, (w) => {
      const { req_prod_pvt, sring } = w.info.ring;
      const old = sring?.req_prod ?? 0;
      const wakes = (req_prod_pvt - (sring?.req_event ?? 0)) >>> 0 < (req_prod_pvt - old) >>> 0;
      const event = wakes ? "asked to be woken" : "did not ask to be woken";
      return say`${code("req_prod")} moves from ${old} to ${req_prod_pvt}, and the back end sees the requests. With ${code("req_event")} at ${sring?.req_event ?? 0} it ${event}.`;
    }),
    on(/notify/, (w) =>
      w.value<boolean>("notify")
        ? say`The back end asked for an event, and gets one.`
        : say`The back end is at work already, and gets no event.`,
    ),
  ],
  kick_pending_request_queues: [
    on(
      /RING_FULL/,
      (w) =>
        RING_FULL(w.info.ring)
          ? say`The ring is full, so the queue stays as it is.`
          : overfull(w)
            ? say`By its indexes the ring has ${RING_FREE_REQUESTS(w.info.ring)} free slots of ${w.info.ring.nr_ents}: more was answered than asked.`
            : say`The ring has ${amount(RING_FREE_REQUESTS(w.info.ring), "free slot")}, so waiting requests can be queued.`,
      (w) => (overfull(w) ? "warning" : "plain"),
    ),
    on(/^const \{ rq/, () => say`The queue of the disk is what is started.`),
    on(
      /^if \(rq === null/,
      (w) =>
        w.info.rq === null
          ? say`The disk is gone, and its queue with it; the driver does not look.`
          : say`The queue is there.`,
      (w) => (w.info.rq === null ? "bug" : "plain"),
    ),
    on(
      /^OOPS/,
      () => say`A NULL pointer is followed.`,
      () => "bug",
    ),
    on(/^blk_start_queue/, () => say`The queue is started, and its request function runs.`),
    on(/request_fn/, () => say`The request function runs once more, at once.`),
  ],
  blkif_restart_queue: [
    on(/^if/, (w) =>
      w.info.connected === "CONNECTED"
        ? say`Enough references are free again, and the device is connected: the queue is started.`
        : say`Enough references are free again, but the device is ${w.info.connected.toLowerCase()}: the queue stays as it is.`,
    ),
    on(/kick_pending/, () => say`Waiting requests are queued, as far as the ring has room.`),
  ],
  blkif_restart_queue_callback: [
    on(
      /./,
      (w) =>
        say`The grant table calls back, with ${amount(w.scene.machine.kernel.gnttab.gnttab_free_count, "free reference")}: the queue is to be started as soon as the running task has ended.`,
    ),
  ],
};
