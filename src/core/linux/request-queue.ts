/** The request queue of a `request_fn` driver (4.2): a first-in first-out elevator, and the queue limits. */
import type { RequestSettings } from "../scenario.js";
import { type bio, bio_endio } from "./bio.js";
import { HANG } from "./bug.js";
import type { gendisk } from "./gendisk.js";
import { fails, type kernel } from "./kernel.js";
import { message } from "./printk.js";
import { REQ_STARTED, type request } from "./request.js";

/** `struct queue_limits`, the fields that the driver sets. Sizes are in bytes unless the name says sectors. */
export interface queue_limits {
  max_hw_sectors: number;
  /** The soft limit, which the driver's setting of the hard one sets too. */
  max_sectors: number;
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
  /** `QUEUE_FLAG_VIRT`, `QUEUE_FLAG_DISCARD` and `QUEUE_FLAG_SECDISCARD`. */
  readonly queue_flags: { virt: boolean; discard: boolean; secdiscard: boolean };
  /** `queue_head`: waiting requests, the next one first. */
  queue_head: request[];
  stopped: boolean;
  readonly limits: queue_limits;
  /** REQ_FLUSH and REQ_FUA as given to `blk_queue_flush`. */
  flush_flags: number;
  request_fn: (q: request_queue) => void;
  /** Bios are gathered here until the one who submits them is done; null between. */
  plug: request[] | null;
}

/** `blk_init_queue`, with the limits that the block layer starts from; null when there is no memory. */
export function blk_init_queue(
  k: kernel,
  request_fn: (q: request_queue) => void,
): request_queue | null {
  if (fails(k, "blk_init_queue")) return null;
  return {
    queue_flags: { virt: false, discard: false, secdiscard: false },
    queue_head: [],
    stopped: false,
    limits: {
      max_hw_sectors: 255,
      max_sectors: 255,
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
    plug: null,
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
  q.limits.max_sectors = q.limits.max_hw_sectors = max_hw_sectors;
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

/** `blk_peek_request`: the next request, which stays in the queue; nothing is merged into it any more. */
export function blk_peek_request(q: request_queue): request | null {
  const req = q.queue_head[0] ?? null;
  if (req !== null) req.cmd_flags |= REQ_STARTED;
  return req;
}

/** `blk_start_request`: takes the request off the queue. */
export function blk_start_request(k: kernel, q: request_queue, req: request): void {
  q.queue_head.splice(q.queue_head.indexOf(req), 1);
  req.state = "started";
  k.trace?.({ kind: "request_start", req });
}

/** `blk_fetch_request`: the next request, taken off the queue; null when none waits. */
export function blk_fetch_request(k: kernel, q: request_queue): request | null {
  const req = blk_peek_request(q);
  if (req !== null) blk_start_request(k, q, req);
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
 * `__blk_end_request_all`: the driver is done with the request, and with it its bios.
 * @param error 0 or a negative errno
 */
export function __blk_end_request_all(k: kernel, req: request, error: number): void {
  if (req.end_io !== null) req.end_io(k, req, error);
  else finish_request(k, req, error);
}

/** `blk_finish_request`. @param error 0 or a negative errno */
export function finish_request(k: kernel, req: request, error: number): void {
  req.state = "ended";
  req.error = error;
  for (const bio of req.bio) bio_endio(k, bio, error);
  // What has ended does not change any more, and leads to nothing that does: copies of the machine share it.
  req.rq_disk = null;
  req.serves = null;
}

/**
 * `blk_cleanup_queue`: the queue goes, when all its requests have ended; it waits for them as long as it takes.
 */
export function blk_cleanup_queue(k: kernel, q: request_queue): void {
  const left = k.requests.some((req) => req.rq_disk?.queue === q);
  if (left) HANG("blk_drain_queue waits for requests that nobody ends", "blk_cleanup_queue");
}

/** What a new request is made of; what is left out is zero. */
interface new_request_settings {
  settings: RequestSettings;
  cmd_flags: number;
  rq_disk: gendisk;
  cmd_type?: request["cmd_type"];
  bio?: readonly bio[];
  segments?: request["segments"];
  /** First sector, of 512 bytes. */
  sector?: number;
  /** Bytes. */
  bytes?: number;
  nr_phys_segments?: number;
  serves?: request;
  /** Which part of the scenario's request it is, where that is known, and of how many at least; else counted. */
  part?: number;
  parts?: number;
}

/** The number of the next part of a request: one that none has that is there, whatever was merged into others. */
function next_part({ requests }: kernel, nr: number): number {
  let next = 0;
  for (const req of requests) if (req.nr === nr && req.part >= next) next = req.part + 1;
  return next;
}

/** `blk_get_request` and `init_request_from_bio`: a request that waits nowhere yet. */
export function new_request(k: kernel, made: new_request_settings): request {
  const nr = made.settings.id;
  const part = made.part ?? next_part(k, nr);
  const req: request = {
    nr,
    part,
    parts: Math.max(part + 1, made.parts ?? 1),
    cmd_type: made.cmd_type ?? "REQ_TYPE_FS",
    cmd_flags: made.cmd_flags,
    __sector: made.sector ?? 0,
    __data_len: made.bytes ?? 0,
    nr_phys_segments: made.nr_phys_segments ?? 0,
    bio: made.bio ?? [],
    segments: made.segments ?? [],
    rq_disk: made.rq_disk,
    settings: made.settings,
    end_io: null,
    serves: made.serves ?? null,
    flush_seq: 0,
    state: "waiting",
    error: 0,
  };
  k.requests.push(req);
  return req;
}
