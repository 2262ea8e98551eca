/** `struct request` and the flags that the driver looks at (`include/linux/blk_types.h`, 4.2). */
import { OOPS } from "./bug.js";
import type { BufferSegment, RequestSettings } from "../scenario.js";
import type { bio } from "./bio.js";
import type { gendisk } from "./gendisk.js";
import type { kernel } from "./kernel.js";
import type { request_queue } from "./request-queue.js";
import type { scatterlist } from "./scatterlist.js";

export const REQ_WRITE = 1 << 0;
export const REQ_DISCARD = 1 << 7;
export const REQ_SECURE = 1 << 8;
export const REQ_FUA = 1 << 12;
export const REQ_FLUSH = 1 << 13;
/** No bio is merged into it any more. */
export const REQ_NOMERGE = 1 << 18;
/** The driver has looked at it. */
export const REQ_STARTED = 1 << 19;
/** A step of a flush sequence. */
export const REQ_FLUSH_SEQ = 1 << 28;

/** `__sector` of a request that is about no sector, as `blk_rq_init` leaves it: all ones. */
export const NO_SECTOR = -1;

/** `blk_rq_pos` and `blk_rq_sectors` are in sectors of 512 bytes. */
export interface request {
  /** The scenario's request that this one is, or is a part of. */
  readonly nr: number;
  /** Which request of that number this is, from 0: the block layer may make several of one. */
  readonly part: number;
  /** How many requests of that number there were to be when this one was made. */
  readonly parts: number;
  readonly cmd_type: "REQ_TYPE_FS" | "REQ_TYPE_BLOCK_PC";
  cmd_flags: number;
  __sector: number;
  /** Length in bytes. */
  __data_len: number;
  nr_phys_segments: number;
  /** The chain of bios; empty where the request has none (`bio == NULL`). */
  bio: readonly bio[];
  /** What the bios say, merged: the entries that `blk_rq_map_sg` writes. */
  segments: readonly BufferSegment[];
  /** The disk, and through its `private_data` the driver's `info`. Null once the request has ended and is freed. */
  rq_disk: gendisk | null;
  /** What the scenario says of it. */
  readonly settings: RequestSettings;
  /** Called in place of its end: a flush sequence goes on from there. */
  end_io: ((k: kernel, req: request, error: number) => void) | null;
  /** The request whose flush sequence this one is a step of, until it has ended; or null. */
  serves: request | null;
  /** What its own flush sequence has still to do; 0 without one. */
  flush_seq: number;
  state: "waiting" | "started" | "ended";
  /** The error that it ended with: 0, or a negative errno. */
  error: number;
}

/** `rq_data_dir`: 1 for a write. */
export function rq_data_dir(req: request): 0 | 1 {
  return req.cmd_flags & REQ_WRITE ? 1 : 0;
}

/** Whether it is the flush before or after the data of another request, which has the same number. */
export function flushes_for_another({ cmd_flags }: request): boolean {
  const flush_step = REQ_FLUSH | REQ_FLUSH_SEQ;
  return (cmd_flags & flush_step) === flush_step;
}

/** `blk_rq_pos`: the first sector. */
export function blk_rq_pos(req: request): number {
  return req.__sector;
}

/** `blk_rq_sectors`. */
export function blk_rq_sectors(req: request): number {
  return req.__data_len >>> 9;
}

/** Whether the request asks for what the scenario calls `nr`: its own number, or that of a bio merged into it. */
export function request_is_for(req: request, nr: number): boolean {
  return req.nr === nr || req.bio.some((bio) => bio.nr === nr);
}

/**
 * `blk_rq_map_sg`: writes one entry for each run of bytes and returns their number. The runs were merged
 * when the request was made.
 */
export function blk_rq_map_sg(_q: request_queue, req: request, sglist: scatterlist[]): number {
  if (sglist.length === 0 && req.segments.length > 0) {
    OOPS("blk_rq_map_sg writes through ZERO_SIZE_PTR", "blk_rq_map_sg");
  }
  let nsegs = 0;
  for (const run of req.segments) {
    const sg = sglist[nsegs++] ?? OOPS("blk_rq_map_sg writes behind its table", "blk_rq_map_sg");
    sg.page = run.page;
    sg.offset = run.offset;
    sg.length = run.length;
    sg.last = nsegs === req.segments.length;
  }
  return nsegs;
}
