/** What starts a stopped queue again. */
import { OOPS } from "../../linux/bug.js";
import { blk_start_queue } from "../../linux/request-queue.js";
import { schedule_work } from "../../linux/workqueue.js";
import { RING_FULL } from "../../xen/ring.js";
import type { blkfront_info } from "./blkfront-info.js";

/** `kick_pending_request_queues`: starts the queue and runs its request function, if the ring has room. */
export function kick_pending_request_queues(info: blkfront_info): void {
  if (!RING_FULL(info.ring)) {
    const { rq } = info;
    if (rq === null) OOPS("NULL struct request_queue", "kick_pending_request_queues");
    blk_start_queue(info.kernel, rq);
    // The queue has run once by now; the driver runs it again at once.
    rq.request_fn(rq);
  }
}

/** `blkif_restart_queue`: the work item that follows when grant references are free again. */
export function blkif_restart_queue(info: blkfront_info): void {
  if (info.connected === "CONNECTED") kick_pending_request_queues(info);
}

/** `blkif_restart_queue_callback`: the grant table calls it from a place where the queue cannot be run. */
export function blkif_restart_queue_callback(info: blkfront_info): void {
  schedule_work(info.kernel, info.work);
}
