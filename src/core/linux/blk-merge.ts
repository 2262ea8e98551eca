/** How the block layer of 4.2 builds bios of pages, and requests of bios (`block/bio.c`, `block/blk-merge.c`). */
import type { BufferSegment } from "../scenario.js";
import type { bio, bio_vec } from "./bio.js";
import { bio_sectors } from "./bio.js";
import {
  REQ_DISCARD,
  REQ_FLUSH,
  REQ_FLUSH_SEQ,
  REQ_FUA,
  REQ_NOMERGE,
  REQ_SECURE,
  REQ_STARTED,
  REQ_WRITE,
  blk_rq_pos,
  blk_rq_sectors,
  type request,
} from "./request.js";
import type { gendisk } from "./gendisk.js";
import type { queue_limits } from "./request-queue.js";

/** `BIO_MAX_PAGES`: pieces of a buffer that one bio can name. */
const BIO_MAX_PAGES = 256;

/**
 * Cuts a buffer as one who calls `bio_add_page` until it refuses: a piece that would make the bio too large
 * begins the next one, whole.
 * @param max_vecs the most pieces in a bio; `Infinity` where a request is built and not a bio
 */
export function cut_at_limits(
  segments: readonly BufferSegment[],
  limits: queue_limits,
  max_vecs = BIO_MAX_PAGES,
): BufferSegment[][] {
  const max_bytes = limits.max_sectors * 512;
  const max_segments = Math.min(limits.max_segments, max_vecs);
  const parts: BufferSegment[][] = [];
  let part: BufferSegment[] = [];
  let bytes = 0;
  for (const segment of segments) {
    if (part.length === max_segments || bytes + segment.length > max_bytes) {
      if (part.length > 0) parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(segment);
    bytes += segment.length;
  }
  if (part.length > 0 || parts.length === 0) parts.push(part);
  return parts;
}

/** `__blk_segment_map_sg`: pieces that lie side by side become one, as far as the queue's limits let them. */
export function merge_runs(bios: readonly bio[], limits: queue_limits): BufferSegment[] {
  const runs: BufferSegment[] = [];
  for (const bio of bios) {
    for (const vec of bio.bi_io_vec) {
      const last = runs[runs.length - 1];
      if (last !== undefined && continues(last, vec, limits)) last.length += vec.bv_len;
      else runs.push({ page: vec.bv_page, offset: vec.bv_offset, length: vec.bv_len });
    }
  }
  return runs;
}

/** `BIOVEC_PHYS_MERGEABLE` within the segment boundary, which the driver sets to its own page. */
function continues(run: BufferSegment, vec: bio_vec, limits: queue_limits): boolean {
  return (
    run.page === vec.bv_page &&
    run.offset + run.length === vec.bv_offset &&
    run.length + vec.bv_len <= limits.max_segment_size
  );
}

/** `bio_phys_segments`: what the bio adds to `nr_phys_segments`; a discard counts as one. */
export function bio_phys_segments(bio: bio, limits: queue_limits): number {
  return bio.bi_rw & REQ_DISCARD ? 1 : merge_runs([bio], limits).length;
}

const NOT_MERGEABLE = REQ_NOMERGE | REQ_STARTED | REQ_FLUSH | REQ_FUA | REQ_FLUSH_SEQ;

/** `blk_rq_merge_ok`: whether the bio is of the request's kind. */
function blk_rq_merge_ok(req: request, bio: bio): boolean {
  const kind = REQ_WRITE | REQ_DISCARD | REQ_SECURE;
  return (
    req.cmd_type === "REQ_TYPE_FS" &&
    (req.cmd_flags & NOT_MERGEABLE) === 0 &&
    (bio.bi_rw & NOT_MERGEABLE) === 0 &&
    (req.cmd_flags & kind) === (bio.bi_rw & kind)
  );
}

/** The limits of the queue that a request waits in. */
function limits_of(req: request): queue_limits {
  return (req.rq_disk as gendisk).queue.limits;
}

/** `blk_rq_get_max_sectors`. */
function blk_rq_get_max_sectors(req: request): number {
  const limits = limits_of(req);
  return req.cmd_flags & REQ_DISCARD ? limits.max_discard_sectors : limits.max_sectors;
}

/** `ll_back_merge_fn` and `ll_front_merge_fn`: whether there is room; a request that had none gets no more. */
function ll_merge_fn(req: request, bio: bio): boolean {
  const limits = limits_of(req);
  const segments = req.nr_phys_segments + bio_phys_segments(bio, limits);
  const sectors = blk_rq_sectors(req) + bio_sectors(bio);
  if (sectors > blk_rq_get_max_sectors(req) || segments > limits.max_segments) {
    req.cmd_flags |= REQ_NOMERGE;
    return false;
  }
  req.nr_phys_segments = segments;
  return true;
}

/**
 * `blk_try_merge` with `bio_attempt_back_merge` and `bio_attempt_front_merge`: takes the bio into the request
 * where its sectors follow the request's, or come before them.
 */
export function attempt_merge_bio(req: request, bio: bio): boolean {
  if (!blk_rq_merge_ok(req, bio)) return false;
  const back = blk_rq_pos(req) + blk_rq_sectors(req) === bio.bi_sector;
  const front = blk_rq_pos(req) - bio_sectors(bio) === bio.bi_sector;
  if (!back && !front) return false;
  if (!ll_merge_fn(req, bio)) return false;
  req.bio = back ? [...req.bio, bio] : [bio, ...req.bio];
  if (!back) req.__sector = bio.bi_sector;
  req.__data_len += bio.bi_size;
  req.segments = merge_runs(req.bio, limits_of(req));
  return true;
}

/** `attempt_merge`: takes the next request, which follows in sectors, into this one. */
export function attempt_merge_requests(req: request, next: request): boolean {
  const limits = limits_of(req);
  const kind = REQ_WRITE | REQ_DISCARD | REQ_SECURE;
  if (req.cmd_type !== "REQ_TYPE_FS" || next.cmd_type !== "REQ_TYPE_FS") return false;
  if ((req.cmd_flags | next.cmd_flags) & NOT_MERGEABLE) return false;
  if ((req.cmd_flags & kind) !== (next.cmd_flags & kind)) return false;
  if (blk_rq_pos(req) + blk_rq_sectors(req) !== blk_rq_pos(next)) return false;
  if (blk_rq_sectors(req) + blk_rq_sectors(next) > blk_rq_get_max_sectors(req)) return false;
  const runs = merge_runs([...req.bio, ...next.bio], limits);
  // One less where the last piece of the one and the first of the other lie side by side.
  const joined = req.segments.length + next.segments.length - runs.length;
  const segments = req.nr_phys_segments + next.nr_phys_segments - joined;
  if (segments > limits.max_segments) return false;
  req.nr_phys_segments = segments;
  req.bio = [...req.bio, ...next.bio];
  req.__data_len += next.__data_len;
  req.segments = runs;
  next.bio = [];
  return true;
}
