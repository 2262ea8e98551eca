/** The request queue of a `request_fn` driver (4.2): a first-in first-out elevator, and the queue limits. */
import type { kernel } from "./kernel.js";
import { message } from "./printk.js";
import type { request } from "./request.js";

/** `struct queue_limits`, the fields that the driver sets. Sizes are in bytes unless the name says sectors. */
export interface queue_limits {
  max_hw_sectors: number;
  max_segments: number;
  seg_boundary_mask: number;
  max_segment_size: number;
  max_discard_sectors: number;
  discard_granularity: number;
  discard_alignment: number;
  logical_block_size: number;
  physical_block_size: number;
  dma_alignment: number;
}

export interface request_queue {
  /** `queue_head`: waiting requests, the next one first. */
  queue_head: request[];
  stopped: boolean;
  readonly limits: queue_limits;
  /** REQ_FLUSH and REQ_FUA as given to `blk_queue_flush`. */
  flush_flags: number;
  request_fn: (q: request_queue) => void;
}

/** `blk_init_queue`, with the limits that the block layer starts from. */
export function blk_init_queue(request_fn: (q: request_queue) => void): request_queue {
  return {
    queue_head: [],
    stopped: false,
    limits: {
      max_hw_sectors: 255,
      max_segments: 128,
      seg_boundary_mask: 0xffffffff,
      max_segment_size: 65536,
      max_discard_sectors: 0,
      discard_granularity: 0,
      discard_alignment: 0,
      logical_block_size: 512,
      physical_block_size: 512,
      dma_alignment: 511,
    },
    flush_flags: 0,
    request_fn,
  };
}

/** `blk_queue_max_hw_sectors`: raised to one page, with a message, where it is less. */
export function blk_queue_max_hw_sectors(
  k: kernel,
  q: request_queue,
  max_hw_sectors: number,
): void {
  const page_sectors = k.PAGE_SIZE >>> 9;
  if (max_hw_sectors < page_sectors) {
    max_hw_sectors = page_sectors;
    message(k, "info", `blk_queue_max_hw_sectors: set to minimum ${max_hw_sectors}`);
  }
  q.limits.max_hw_sectors = max_hw_sectors;
}

/** `blk_queue_max_segments`: raised to 1, with a message. */
export function blk_queue_max_segments(k: kernel, q: request_queue, max_segments: number): void {
  if (max_segments === 0) {
    max_segments = 1;
    message(k, "info", `blk_queue_max_segments: set to minimum ${max_segments}`);
  }
  q.limits.max_segments = max_segments;
}

/** `blk_queue_segment_boundary`: raised to a page less one byte, with a message. */
export function blk_queue_segment_boundary(k: kernel, q: request_queue, mask: number): void {
  if (mask < k.PAGE_SIZE - 1) {
    mask = k.PAGE_SIZE - 1;
    message(k, "info", `blk_queue_segment_boundary: set to minimum ${mask.toString(16)}`);
  }
  q.limits.seg_boundary_mask = mask;
}

/** `blk_queue_max_segment_size`: raised to a page, with a message. */
export function blk_queue_max_segment_size(k: kernel, q: request_queue, max_size: number): void {
  if (max_size < k.PAGE_SIZE) {
    max_size = k.PAGE_SIZE;
    message(k, "info", `blk_queue_max_segment_size: set to minimum ${max_size}`);
  }
  q.limits.max_segment_size = max_size;
}

/** `blk_peek_request`: the next request, which stays in the queue. */
export function blk_peek_request(q: request_queue): request | null {
  return q.queue_head[0] ?? null;
}

/** `blk_start_request`: takes the request off the queue. */
export function blk_start_request(k: kernel, q: request_queue, req: request): void {
  q.queue_head.splice(q.queue_head.indexOf(req), 1);
  req.state = "started";
  k.trace?.({ kind: "request_start", req });
}

/** `blk_fetch_request`: the next request, taken off the queue; null when none waits. */
export function blk_fetch_request(q: request_queue): request | null {
  const req = blk_peek_request(q);
  if (req !== null) {
    q.queue_head.shift();
    req.state = "started";
  }
  return req;
}

/** `blk_requeue_request`: puts a started request back in front. */
export function blk_requeue_request(k: kernel, q: request_queue, req: request): void {
  req.state = "waiting";
  q.queue_head.unshift(req);
  k.trace?.({ kind: "request_requeue", req });
}

/** `blk_stop_queue`. */
export function blk_stop_queue(k: kernel, q: request_queue, ring_full: boolean): void {
  q.stopped = true;
  k.trace?.({ kind: "queue_stop", ring_full });
}

/** `blk_start_queue`: clears the stop and runs the request function. */
export function blk_start_queue(k: kernel, q: request_queue): void {
  if (q.queue_head.length > 0) k.trace?.({ kind: "queue_start" });
  q.stopped = false;
  __blk_run_queue(q);
}

/** `__blk_run_queue`: nothing happens on a stopped queue. */
export function __blk_run_queue(q: request_queue): void {
  if (q.stopped) return;
  q.request_fn(q);
}

/**
 * `__blk_end_request_all`.
 * @param error 0 or a negative errno
 */
export function __blk_end_request_all(req: request, error: number): void {
  req.state = "ended";
  req.error = error;
}
