/** The interrupt handler: takes responses, ends requests, and starts the queue again. */
import { trace_interrupt, trace_request_end, trace_response_taken } from "../../trace.js";
import { BUG } from "../../linux/bug.js";
import { EIO, EOPNOTSUPP } from "../../linux/errno.js";
import { message } from "../../linux/printk.js";
import type { request } from "../../linux/request.js";
import { __blk_end_request_all, type request_queue } from "../../linux/request-queue.js";
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
} from "../../xen/blkif.js";
import { RING_FINAL_CHECK_FOR_RESPONSES, RING_GET_RESPONSE } from "../../xen/ring.js";
import type { blkif_sring } from "../../xen/ring.js";
import { BLK_RING_SIZE, type blk_shadow, type blkfront_info } from "./blkfront-info.js";
import { blkif_completion } from "./completion.js";
import { xlvbd_flush } from "./disk.js";
import { add_id_to_freelist } from "./freelist.js";
import { kick_pending_request_queues } from "./restart.js";

const OP_NAMES = ["read", "write", "barrier", "flush", "reserved", "discard"];

/** `op_name`: the operation as the driver's messages call it. */
function op_name(op: number): string {
  return OP_NAMES[op] ?? "unknown";
}

/** `blkif_interrupt`. */
export function blkif_interrupt(info: blkfront_info): "IRQ_HANDLED" {
  const k = info.kernel;
  trace_interrupt(k);
  if (info.connected !== "CONNECTED") return "IRQ_HANDLED";

  const rq = info.rq as request_queue;
  const sring = info.ring.sring as blkif_sring;
  let i: number;
  let more_to_do: boolean;
  do {
    more_to_do = false;
    const rp = sring.rsp_prod;
    for (i = info.ring.rsp_cons; i !== rp; i = (i + 1) >>> 0) {
      const bret = RING_GET_RESPONSE(info.ring, info.layout, i);
      const id = bret.id;
      trace_response_taken(k, bret, info.ring, i);
      // The back end may have written any id. Only its range is checked before it is used.
      if (id >= BLK_RING_SIZE(info)) {
        const op = op_name(bret.operation);
        message(
          k,
          "warn",
          `${info.gd?.disk_name}: response to ${op} has incorrect id (${bret.id_as_long})`,
        );
        continue;
      }
      const shadow = info.shadow[id] as blk_shadow;
      const req = shadow.request;

      if (bret.operation !== BLKIF_OP_DISCARD) blkif_completion(shadow, info, bret);

      if (add_id_to_freelist(info, id)) {
        const op = op_name(bret.operation);
        message(
          k,
          "warn",
          `${info.gd?.disk_name}: response to ${op} (id ${id}) couldn't be recycled!`,
        );
        continue;
      }

      let error = bret.status === BLKIF_RSP_OKAY ? 0 : -EIO;
      switch (bret.operation) {
        case BLKIF_OP_DISCARD:
          if (bret.status === BLKIF_RSP_EOPNOTSUPP) {
            message(
              k,
              "warning",
              `blkfront: ${info.gd?.disk_name}: ${op_name(bret.operation)} op failed`,
            );
            error = -EOPNOTSUPP;
            info.feature_discard = false;
            info.feature_secdiscard = false;
            rq.queue_flags.discard = false;
            rq.queue_flags.secdiscard = false;
          }
          __blk_end_request_all(k, req as request, error);
          trace_request_end(k, req as request, id, error, "complete");
          break;
        case BLKIF_OP_FLUSH_DISKCACHE:
        case BLKIF_OP_WRITE_BARRIER:
          if (bret.status === BLKIF_RSP_EOPNOTSUPP) {
            message(
              k,
              "warning",
              `blkfront: ${info.gd?.disk_name}: ${op_name(bret.operation)} op failed`,
            );
            error = -EOPNOTSUPP;
          }
          if (bret.status === BLKIF_RSP_ERROR && shadow.req.u.rw.nr_segments === 0) {
            const op = op_name(bret.operation);
            message(k, "warning", `blkfront: ${info.gd?.disk_name}: empty ${op} op failed`);
            error = -EOPNOTSUPP;
          }
          if (error) {
            if (error === -EOPNOTSUPP) error = 0;
            info.feature_flush = 0;
            xlvbd_flush(info);
          }
          __blk_end_request_all(k, req as request, error);
          trace_request_end(k, req as request, id, error, "complete");
          break;
        case BLKIF_OP_READ:
        case BLKIF_OP_WRITE:
          __blk_end_request_all(k, req as request, error);
          trace_request_end(k, req as request, id, error, "complete");
          break;
        default:
          BUG("blkif_interrupt");
      }
    }

    info.ring.rsp_cons = i;
    if (i !== info.ring.req_prod_pvt) {
      more_to_do = RING_FINAL_CHECK_FOR_RESPONSES(info.ring);
    } else {
      sring.rsp_event = (i + 1) >>> 0;
    }
  } while (more_to_do);

  kick_pending_request_queues(info);
  return "IRQ_HANDLED";
}
