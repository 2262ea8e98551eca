/** The disk and its queue: what the block layer is told about the device. */
import type { kernel } from "../../linux/kernel.js";
import { message } from "../../linux/printk.js";
import { REQ_FLUSH, REQ_FUA } from "../../linux/request.js";
import {
  blk_init_queue,
  blk_queue_max_hw_sectors,
  blk_queue_max_segment_size,
  blk_queue_max_segments,
  blk_queue_segment_boundary,
  type request_queue,
} from "../../linux/request-queue.js";
import { BLKIF_MAX_SEGMENTS_PER_REQUEST } from "../../xen/blkif.js";
import { XEN_PAGE_SIZE } from "../../xen/page.js";
import { XEN_PAGES_PER_SEGMENT, type blkfront_info, type gendisk } from "./blkfront-info.js";
import { do_blkif_request } from "./request-fn.js";

/** `flush_info`. */
function flush_info(feature_flush: number): string {
  switch (feature_flush & (REQ_FLUSH | REQ_FUA)) {
    case REQ_FLUSH | REQ_FUA:
      return "barrier: enabled;";
    case REQ_FLUSH:
      return "flush diskcache: enabled;";
    default:
      return "barrier or flush: disabled;";
  }
}

/** `xlvbd_flush`: tells the block layer which flushes there are, and prints the features. */
export function xlvbd_flush(info: blkfront_info): void {
  (info.rq as request_queue).flush_flags = info.feature_flush;
  const persistent = info.feature_persistent ? "enabled;" : "disabled;";
  const indirect = info.max_indirect_segments ? "enabled;" : "disabled;";
  message(
    info.kernel,
    "info",
    `blkfront: ${info.gd?.disk_name}: ${flush_info(info.feature_flush)} persistent grants: ${persistent} indirect descriptors: ${indirect}`,
  );
}

/**
 * `xlvbd_init_blk_queue`: the queue and its limits.
 * @param segments grants that one request can have, not segments of the block layer
 * @param capacity in sectors of 512 bytes
 */
function xlvbd_init_blk_queue(
  info: blkfront_info,
  capacity: number,
  sector_size: number,
  physical_sector_size: number,
  segments: number,
): request_queue {
  const k: kernel = info.kernel;
  const rq = blk_init_queue(do_blkif_request);

  if (info.feature_discard) {
    rq.limits.max_discard_sectors = capacity;
    rq.limits.discard_granularity = info.discard_granularity;
    rq.limits.discard_alignment = info.discard_alignment;
  }

  rq.limits.logical_block_size = sector_size;
  rq.limits.physical_block_size = physical_sector_size;
  blk_queue_max_hw_sectors(k, rq, Math.floor((segments * XEN_PAGE_SIZE) / 512));

  // A segment is at most one page of the guest's and never crosses its end.
  blk_queue_segment_boundary(k, rq, k.PAGE_SIZE - 1);
  blk_queue_max_segment_size(k, rq, k.PAGE_SIZE);

  // Rounded down: less than one page's worth of grants gives none.
  blk_queue_max_segments(k, rq, Math.floor(segments / XEN_PAGES_PER_SEGMENT(k)));

  rq.limits.dma_alignment = 511;
  return rq;
}

/** `encode_disk_name`: a, b, …, z, aa, … */
function encode_disk_name(n: number): string {
  const letter = String.fromCharCode(97 + (n % 26));
  return n >= 26 ? encode_disk_name(Math.floor(n / 26) - 1) + letter : letter;
}

/** The name that the driver gives to a virtual device number: `xvd` and letters. */
export function disk_name(vdevice: number): string {
  const extended = vdevice >>> 28 === 1;
  const minor = extended ? vdevice & 0x0fffffff : vdevice & 0xff;
  const parts = extended ? 256 : 16;
  const name = `xvd${encode_disk_name(Math.floor(minor / parts))}`;
  return minor % parts === 0 ? name : `${name}${minor % parts}`;
}

/** `xlvbd_alloc_gendisk`. @param capacity in sectors of 512 bytes */
export function xlvbd_alloc_gendisk(
  info: blkfront_info,
  capacity: number,
  sector_size: number,
  physical_sector_size: number,
): void {
  const queue = xlvbd_init_blk_queue(
    info,
    capacity,
    sector_size,
    physical_sector_size,
    info.max_indirect_segments || BLKIF_MAX_SEGMENTS_PER_REQUEST,
  );
  const gd: gendisk = { disk_name: disk_name(info.vdevice), queue, capacity, private_data: info };
  info.rq = queue;
  info.gd = gd;
  xlvbd_flush(info);
}
