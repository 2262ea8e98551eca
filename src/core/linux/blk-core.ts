/** The way of a bio to the driver's queue (`block/blk-core.c`, 4.2). */
import { EIO, EOPNOTSUPP } from "./errno.js";
import { type bio, bio_endio, bio_sectors } from "./bio.js";
import { blk_insert_flush } from "./blk-flush.js";
import {
  attempt_merge_bio,
  attempt_merge_requests,
  bio_phys_segments,
  merge_runs,
} from "./blk-merge.js";
import type { gendisk } from "./gendisk.js";
import type { kernel } from "./kernel.js";
import { message } from "./printk.js";
import {
  REQ_DISCARD,
  REQ_FLUSH,
  REQ_FUA,
  REQ_SECURE,
  type request,
  blk_rq_pos,
} from "./request.js";
import { __blk_run_queue, new_request, type request_queue } from "./request-queue.js";

/** `generic_make_request_checks`: whether the bio goes on; one that does not has ended. */
function generic_make_request_checks(k: kernel, rq_disk: gendisk, bio: bio): boolean {
  const { queue } = rq_disk;
  const end = bio.bi_sector + bio_sectors(bio);
  if (bio_sectors(bio) > 0 && end > rq_disk.capacity) {
    const limit = rq_disk.capacity;
    message(k, "info", "attempt to access beyond end of device");
    message(k, "info", `${rq_disk.disk_name}: rw=${bio.bi_rw}, want=${end}, limit=${limit}`);
    bio_endio(k, bio, -EIO);
    return false;
  }
  if (bio.bi_rw & (REQ_FLUSH | REQ_FUA) && !queue.flush_flags) {
    bio.bi_rw &= ~(REQ_FLUSH | REQ_FUA);
    if (bio_sectors(bio) === 0) {
      bio_endio(k, bio, 0);
      return false;
    }
  }
  const { discard, secdiscard } = queue.queue_flags;
  if (bio.bi_rw & REQ_DISCARD && (!discard || (bio.bi_rw & REQ_SECURE && !secdiscard))) {
    bio_endio(k, bio, -EOPNOTSUPP);
    return false;
  }
  return true;
}

function request_of(k: kernel, rq_disk: gendisk, bio: bio): request {
  const { limits } = rq_disk.queue;
  return new_request(k, {
    settings: bio.settings,
    cmd_flags: bio.bi_rw,
    rq_disk,
    bio: [bio],
    parts: bio.of,
    segments: merge_runs([bio], limits),
    sector: bio.bi_sector,
    bytes: bio.bi_size,
    nr_phys_segments: bio_phys_segments(bio, limits),
  });
}

/** The latest of these requests that takes the bio in; the newest is asked first. */
function joins(requests: readonly request[], bio: bio): boolean {
  return requests.findLast((req) => attempt_merge_bio(req, bio)) !== undefined;
}

/** `__elv_add_request`, of a request that a plug has held back or not. */
function elv_add_request(k: kernel, q: request_queue, req: request): void {
  if (req.cmd_flags & (REQ_FLUSH | REQ_FUA)) {
    blk_insert_flush(k, q, req);
    return;
  }
  if (q.queue_head.some((other) => attempt_merge_requests(other, req))) {
    k.requests.splice(k.requests.indexOf(req), 1);
    return;
  }
  q.queue_head.push(req);
}

/** `submit_bio` and `blk_queue_bio`: the bio joins a request, or becomes one; without a plug the queue then runs. */
export function submit_bio(k: kernel, rq_disk: gendisk, bio: bio): void {
  if (!generic_make_request_checks(k, rq_disk, bio)) return;
  const q = rq_disk.queue;
  if (!(bio.bi_rw & (REQ_FLUSH | REQ_FUA))) {
    if (q.plug !== null && joins(q.plug, bio)) return;
    if (joins(q.queue_head, bio)) return;
  }
  const req = request_of(k, rq_disk, bio);
  if (q.plug !== null) {
    q.plug.push(req);
    return;
  }
  elv_add_request(k, q, req);
  __blk_run_queue(q);
}

/** `blk_start_plug`: what is submitted from now on is gathered. */
export function blk_start_plug(q: request_queue): void {
  q.plug = [];
}

/** `blk_finish_plug`: what was gathered goes to the queue in the order of its sectors, and the queue runs. */
export function blk_finish_plug(k: kernel, q: request_queue): void {
  const gathered = (q.plug ?? []).sort((a, b) => blk_rq_pos(a) - blk_rq_pos(b));
  q.plug = null;
  for (const req of gathered) elv_add_request(k, q, req);
  __blk_run_queue(q);
}
