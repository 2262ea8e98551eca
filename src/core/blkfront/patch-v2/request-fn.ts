/** The request function: takes requests off the queue, one by one, as long as the ring has room. */
import {
  trace_request_end,
  trace_request_id,
  trace_request_queued,
  trace_requests_pushed,
} from "../../trace.js";
import { EOPNOTSUPP } from "../../linux/errno.js";
import { mem_copy } from "../../linux/memory.js";
import {
  REQ_DISCARD,
  REQ_FLUSH,
  REQ_FUA,
  REQ_SECURE,
  blk_rq_pos,
  blk_rq_sectors,
  type request,
} from "../../linux/request.js";
import {
  __blk_end_request_all,
  blk_peek_request,
  blk_requeue_request,
  blk_start_request,
  blk_stop_queue,
  type request_queue,
} from "../../linux/request-queue.js";
import { BLKIF_DISCARD_SECURE, BLKIF_OP_DISCARD } from "../../xen/blkif.js";
import { notify_remote_via_evtchn } from "../../xen/events.js";
import {
  RING_FULL,
  RING_GET_REQUEST,
  RING_PUSH_REQUESTS_AND_CHECK_NOTIFY,
} from "../../xen/ring.js";
import type { blk_shadow, blkfront_info, gendisk } from "./blkfront-info.js";
import { get_id_from_freelist } from "./freelist.js";
import { blkif_queue_rw_req } from "./queue-rw.js";

/** `blkif_queue_discard_req`: a slot and an id, no grants. */
function blkif_queue_discard_req(req: request): number {
  const info = (req.rq_disk as gendisk).private_data as blkfront_info;
  const k = info.kernel;
  const ring_req = RING_GET_REQUEST(info.ring, info.layout, info.ring.req_prod_pvt);
  const id = get_id_from_freelist(info);
  const shadow = info.shadow[id] as blk_shadow;
  shadow.request = req;
  trace_request_id(k, req, id, info.ring, 0, 0);

  ring_req.operation = BLKIF_OP_DISCARD;
  ring_req.u.discard.nr_sectors = blk_rq_sectors(req);
  ring_req.u.discard.id = id;
  ring_req.u.discard.sector_number = blk_rq_pos(req);
  if (req.cmd_flags & REQ_SECURE && info.feature_secdiscard) {
    ring_req.u.discard.flag = BLKIF_DISCARD_SECURE;
  } else {
    ring_req.u.discard.flag = 0;
  }

  info.ring.req_prod_pvt = (info.ring.req_prod_pvt + 1) >>> 0;
  mem_copy(k.mem, shadow.req.addr, k.mem, ring_req.addr, info.layout.entry);
  trace_request_queued(k, req, id, info.ring);
  return 0;
}

/** `blkif_queue_request`: 1 when the request could not be queued now. */
function blkif_queue_request(req: request): number {
  const info = (req.rq_disk as gendisk).private_data as blkfront_info;
  if (info.connected !== "CONNECTED") return 1;
  if (req.cmd_flags & (REQ_DISCARD | REQ_SECURE)) return blkif_queue_discard_req(req);
  return blkif_queue_rw_req(req);
}

/** `flush_requests`: shows the back end what was queued, and wakes it if it asked for that. */
function flush_requests(info: blkfront_info): void {
  const k = info.kernel;
  const notify = RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(info.ring);
  trace_requests_pushed(k, info.ring, notify);
  if (notify) notify_remote_via_evtchn(k.evtchn, info.evtchn);
}

/** `blkif_request_flush_invalid`: not a file system's request, or a flush that the back end does not offer. */
function blkif_request_flush_invalid(req: request, info: blkfront_info): boolean {
  return (
    req.cmd_type !== "REQ_TYPE_FS" ||
    ((req.cmd_flags & REQ_FLUSH) !== 0 && !(info.feature_flush & REQ_FLUSH)) ||
    ((req.cmd_flags & REQ_FUA) !== 0 && !(info.feature_flush & REQ_FUA))
  );
}

/** `do_blkif_request`: queues what waits, and pushes it at the end in one go. */
export function do_blkif_request(rq: request_queue): void {
  let info: blkfront_info | null = null;
  let queued = 0;
  for (let req = blk_peek_request(rq); req !== null; req = blk_peek_request(rq)) {
    info = (req.rq_disk as gendisk).private_data as blkfront_info;
    if (RING_FULL(info.ring)) {
      blk_stop_queue(info.kernel, rq, true);
      break;
    }

    blk_start_request(info.kernel, rq, req);

    if (blkif_request_flush_invalid(req, info)) {
      __blk_end_request_all(info.kernel, req, -EOPNOTSUPP);
      trace_request_end(info.kernel, req, -1, -EOPNOTSUPP, "rejected");
      continue;
    }

    if (blkif_queue_request(req)) {
      blk_requeue_request(info.kernel, rq, req);
      blk_stop_queue(info.kernel, rq, RING_FULL(info.ring));
      break;
    }

    queued++;
  }

  if (queued !== 0) flush_requests(info as blkfront_info);
}
