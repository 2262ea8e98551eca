/**
 * The flush machinery of 4.2 (`block/blk-flush.c`): a write that asks for a flush before it, or for its data on
 * the medium, becomes up to three requests, one after the other. Where the kernel lets several wait for one
 * flush, each has its own here.
 */
import {
  NO_SECTOR,
  REQ_FLUSH,
  REQ_FLUSH_SEQ,
  REQ_FUA,
  REQ_WRITE,
  blk_rq_sectors,
  type request,
} from "./request.js";
import type { gendisk } from "./gendisk.js";
import type { kernel } from "./kernel.js";
import { finish_request, new_request, type request_queue } from "./request-queue.js";

/** A flush before the data. */
export const REQ_FSEQ_PREFLUSH = 1 << 0;
/** The data itself. */
export const REQ_FSEQ_DATA = 1 << 1;
/** A flush after the data. */
export const REQ_FSEQ_POSTFLUSH = 1 << 2;

/** `blk_flush_policy`: the steps that a request needs on a queue which has these of `REQ_FLUSH` and `REQ_FUA`. */
function blk_flush_policy(flush_flags: number, req: request): number {
  let policy = blk_rq_sectors(req) > 0 ? REQ_FSEQ_DATA : 0;
  if (flush_flags & REQ_FLUSH) {
    if (req.cmd_flags & REQ_FLUSH) policy |= REQ_FSEQ_PREFLUSH;
    if (!(flush_flags & REQ_FUA) && req.cmd_flags & REQ_FUA) policy |= REQ_FSEQ_POSTFLUSH;
  }
  return policy;
}

/** `blk_insert_flush`: puts the request, or the first step of its sequence, on the queue. */
export function blk_insert_flush(k: kernel, q: request_queue, req: request): void {
  const policy = blk_flush_policy(q.flush_flags, req);
  req.cmd_flags &= ~REQ_FLUSH;
  if (!(q.flush_flags & REQ_FUA)) req.cmd_flags &= ~REQ_FUA;
  if (policy === 0) {
    finish_request(k, req, 0);
    return;
  }
  if (policy === REQ_FSEQ_DATA) {
    q.queue_head.push(req);
    return;
  }
  req.cmd_flags |= REQ_FLUSH_SEQ;
  req.flush_seq = policy;
  req.end_io = flush_data_end_io;
  next_step(k, q, req, 0);
}

/** `blk_flush_complete_seq`: what comes next in a request's sequence. @param error of the step before */
function next_step(k: kernel, q: request_queue, req: request, error: number): void {
  if (error !== 0 || req.flush_seq === 0) {
    req.flush_seq = 0;
    finish_request(k, req, error);
  } else if (req.flush_seq & REQ_FSEQ_PREFLUSH) {
    req.flush_seq &= ~REQ_FSEQ_PREFLUSH;
    q.queue_head.push(flush_request(k, req));
  } else if (req.flush_seq & REQ_FSEQ_DATA) {
    req.flush_seq &= ~REQ_FSEQ_DATA;
    req.state = "waiting";
    q.queue_head.unshift(req);
  } else {
    req.flush_seq = 0;
    q.queue_head.push(flush_request(k, req));
  }
}

/** `blk_kick_flush`: an empty request which flushes for another one. */
function flush_request(k: kernel, req: request): request {
  const made = new_request(k, {
    settings: req.settings,
    cmd_flags: REQ_WRITE | REQ_FLUSH | REQ_FLUSH_SEQ,
    rq_disk: req.rq_disk as gendisk,
    sector: NO_SECTOR,
    serves: req,
  });
  made.end_io = flush_end_io;
  return made;
}

/** `flush_end_io`: the flush for another request is done. */
function flush_end_io(k: kernel, req: request, error: number): void {
  const { queue } = req.rq_disk as gendisk;
  const served = req.serves as request;
  finish_request(k, req, error);
  next_step(k, queue, served, error);
}

/** `flush_data_end_io`: the data of a sequence has been moved. */
function flush_data_end_io(k: kernel, req: request, error: number): void {
  next_step(k, (req.rq_disk as gendisk).queue, req, error);
}
