/** Suspend and resume: the driver leaves one back end and takes its unfinished work to another. */
import { trace_request_end, trace_submit_bio } from "../../trace.js";
import { type bio, bio_clone, bio_sectors, bio_segments, bio_trim } from "../../linux/bio.js";
import { submit_bio } from "../../linux/blk-core.js";
import { BUG_ON, OOPS } from "../../linux/bug.js";
import { ENOMEM } from "../../linux/errno.js";
import { fails } from "../../linux/kernel.js";
import { mem_write } from "../../linux/memory.js";
import { REQ_DISCARD, REQ_FLUSH, REQ_FUA, REQ_SECURE, type request } from "../../linux/request.js";
import {
  __blk_end_request_all,
  blk_fetch_request,
  blk_queue_max_segments,
  blk_requeue_request,
} from "../../linux/request-queue.js";
import { BLKIF_MAX_SEGMENTS_PER_REQUEST } from "../../xen/blkif.js";
import { XEN_PAGE_SIZE } from "../../xen/page.js";
import { xenbus_switch_state, type xenbus_device } from "../../xen/xenbus.js";
import { BLK_RING_SIZE, type blkfront_info, type gendisk, xbdev_of } from "./blkfront-info.js";
import { blkif_free } from "./free.js";
import { kick_pending_request_queues } from "./restart.js";
import { init_shadow_ids, talk_to_blkback } from "./ring-setup.js";
import { blkfront_setup_indirect } from "./setup-indirect.js";

/** What has no data of its own to submit anew: such a request is put back whole. */
const WITHOUT_BIOS = REQ_FLUSH | REQ_FUA | REQ_DISCARD | REQ_SECURE;

/** A bio with the request that it was taken from. */
interface orphan {
  readonly bio: bio;
  readonly req: request;
}

/** `blkfront_resume`: everything of the old back end goes, and the ring is set up for the new one. */
export function blkfront_resume(dev: xenbus_device, info: blkfront_info): number {
  blkif_free(info, info.connected === "CONNECTED");
  return talk_to_blkback(dev, info);
}

/** `memset` of the shadow entries, of which a copy of the requests stays. */
function clear_shadow(info: blkfront_info): (request | null)[] {
  const zeros = new Uint8Array(info.layout.entry);
  return info.shadow.map((shadow) => {
    const { request } = shadow;
    mem_write(shadow.req.mem, shadow.req.addr, zeros);
    shadow.request = null;
    shadow.grants_used = [];
    shadow.indirect_grants = [];
    shadow.sg = [];
    shadow.num_sg = 0;
    return request;
  });
}

/** Keeps an unfinished request whole, or keeps its bios and ends it as if it had succeeded. */
function set_aside(
  info: blkfront_info,
  req: request,
  bio_list: orphan[],
  requests: request[],
): void {
  if (req.cmd_flags & WITHOUT_BIOS) {
    requests.unshift(req);
    return;
  }
  for (const bio of req.bio) bio_list.push({ bio, req });
  req.bio = [];
  __blk_end_request_all(info.kernel, req, 0);
  trace_request_end(info.kernel, req, -1, 0, "recover");
}

/**
 * `blkif_recover`: requests that were on the old ring, and those that wait, are ended without their bios, and
 * the bios submitted anew, cut where they have more segments than the new back end takes.
 * @returns 0 or a negative errno
 */
export function blkif_recover(info: blkfront_info): number {
  const k = info.kernel;
  const { rq } = info;
  if (fails(k, "kmemdup shadow")) return -ENOMEM;
  const copy = clear_shadow(info);
  init_shadow_ids(info);
  info.shadow_free = info.ring.req_prod_pvt;

  const rc = blkfront_setup_indirect(info);
  if (rc) return rc;

  const segs = info.max_indirect_segments || BLKIF_MAX_SEGMENTS_PER_REQUEST;
  // A disk that was closed while nobody used it has none any more, and nobody looks.
  if (rq === null) OOPS("NULL struct request_queue", "blkif_recover");
  // Not divided by the Xen pages of a segment, as it is at the first connection.
  blk_queue_max_segments(k, rq, segs);

  const bio_list: orphan[] = [];
  const requests: request[] = [];
  for (let i = 0; i < BLK_RING_SIZE(info); i++) {
    const req = copy[i] ?? null;
    if (req !== null) set_aside(info, req, bio_list, requests);
  }
  for (let req = blk_fetch_request(k, rq); req !== null; req = blk_fetch_request(k, rq)) {
    set_aside(info, req, bio_list, requests);
  }

  xenbus_switch_state(xbdev_of(info, "blkif_recover"), "Connected");
  info.connected = "CONNECTED";
  kick_pending_request_queues(info);

  for (const req of requests) {
    BUG_ON(req.nr_phys_segments > segs, "req->nr_phys_segments > segs", "blkif_recover");
    blk_requeue_request(k, rq, req);
  }

  for (const orphan of bio_list) resubmit(info, orphan, segs);
  return 0;
}

/**
 * Submits a bio anew. One with too many segments is cut into pieces: as many as its segments need, each as
 * long as so many Xen pages. On larger pages the two do not agree.
 */
function resubmit(info: blkfront_info, { bio, req }: orphan, segs: number): void {
  const k = info.kernel;
  const gd = info.gd as gendisk;
  if (bio_segments(bio) <= segs) {
    trace_submit_bio(k, req, bio.bi_sector, bio_sectors(bio), false);
    if (!k.swallows_bios) submit_bio(k, gd, bio);
    return;
  }
  const pending = Math.floor((bio_segments(bio) + segs - 1) / segs);
  BUG_ON(fails(k, "kzalloc split_bio"), "split_bio == NULL", "blkif_recover");
  const split_bio = { bio, pending, err: 0 };
  for (let i = 0; i < pending; i++) {
    const offset = (i * segs * XEN_PAGE_SIZE) >>> 9;
    const size = Math.min((segs * XEN_PAGE_SIZE) >>> 9, (bio_sectors(bio) - offset) >>> 0);
    BUG_ON(fails(k, "bio_clone"), "cloned_bio == NULL", "blkif_recover");
    const cloned_bio = bio_clone(bio);
    if (!k.swallows_bios) bio_trim(k, cloned_bio, offset, size);
    cloned_bio.bi_private = split_bio;
    trace_submit_bio(k, req, bio.bi_sector + offset, size, true);
    if (!k.swallows_bios) submit_bio(k, gd, cloned_bio);
  }
}
