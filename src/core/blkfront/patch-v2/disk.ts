/** The disk and its queue: what the block layer is told about the device. */
import { BUG_ON } from "../../linux/bug.js";
import { ENODEV } from "../../linux/errno.js";
import { DISK_NAME_LEN, alloc_disk, del_gendisk } from "../../linux/gendisk.js";
import type { kernel } from "../../linux/kernel.js";
import { message } from "../../linux/printk.js";
import { REQ_FLUSH, REQ_FUA } from "../../linux/request.js";
import {
  blk_cleanup_queue,
  blk_init_queue,
  blk_queue_max_hw_sectors,
  blk_queue_max_segment_size,
  blk_queue_max_segments,
  blk_queue_segment_boundary,
  blk_stop_queue,
  type request_queue,
} from "../../linux/request-queue.js";
import { run_pending_work } from "../../linux/workqueue.js";
import { BLKIF_MAX_SEGMENTS_PER_REQUEST } from "../../xen/blkif.js";
import { gnttab_cancel_free_callback } from "../../xen/grant-table.js";
import { XEN_PAGE_SIZE } from "../../xen/page.js";
import { RING_FULL } from "../../xen/ring.js";
import { XEN_PAGES_PER_SEGMENT, type blkfront_info, type gendisk } from "./blkfront-info.js";
import { xlbd_release_minors, xlbd_reserve_minors } from "./minors.js";
import { do_blkif_request } from "./request-fn.js";
import {
  BLKIF_MINOR_EXT,
  DEV_NAME,
  EMULATED_HD_DISK_NAME_OFFSET,
  PARTS_PER_DISK,
  PARTS_PER_EXT_DISK,
  VDEV_IS_EXTENDED,
  XENVBD_MAJOR,
  above_extended_range,
  type disk_place,
  encode_disk_name,
  minor_out_of_range,
  xen_translate_vdev,
} from "./vdev.js";

/** The bits of the back end's `info`. */
const VDISK_CDROM = 1;
const VDISK_REMOVABLE = 2;
const VDISK_READONLY = 4;

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
 * @param sector_size and `physical_sector_size` in bytes
 * @param segments grants that one request can have, not segments of the block layer
 * @returns 0, or -1 when there is no memory
 */
function xlvbd_init_blk_queue(
  gd: gendisk,
  sector_size: number,
  physical_sector_size: number,
  segments: number,
): number {
  const info = gd.private_data as blkfront_info;
  const k: kernel = info.kernel;
  const rq = blk_init_queue(k, do_blkif_request);
  if (rq === null) return -1;

  rq.queue_flags.virt = true;

  if (info.feature_discard) {
    rq.queue_flags.discard = true;
    rq.limits.max_discard_sectors = gd.capacity;
    rq.limits.discard_granularity = info.discard_granularity;
    rq.limits.discard_alignment = info.discard_alignment;
    if (info.feature_secdiscard) rq.queue_flags.secdiscard = true;
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
  gd.queue = rq;
  return 0;
}

/**
 * `xlvbd_alloc_gendisk`: the disk with its name and minors, and its queue.
 * @param capacity in sectors of 512 bytes
 * @param vdisk_info the back end's `info`, of which 16 bits count
 * @param sector_size in bytes, of which 16 bits count
 * @returns 0 or a negative errno
 */
export function xlvbd_alloc_gendisk(
  capacity: number,
  info: blkfront_info,
  vdisk_info: number,
  sector_size: number,
  physical_sector_size: number,
): number {
  const k = info.kernel;
  const place: disk_place = { minor: 0, offset: 0 };
  let nr_parts: number;

  BUG_ON(info.gd !== null, "info->gd != NULL", "xlvbd_alloc_gendisk");
  BUG_ON(info.rq !== null, "info->rq != NULL", "xlvbd_alloc_gendisk");

  const vdevice = `0x${(info.vdevice >>> 0).toString(16)}`;
  if (above_extended_range(info.vdevice)) {
    const text = `blkfront: vdevice ${vdevice} is above the extended range; ignoring`;
    message(k, "warning", text);
    return -ENODEV;
  }

  if (!VDEV_IS_EXTENDED(info.vdevice)) {
    const err = xen_translate_vdev(k, info.vdevice, place);
    if (err) return err;
    nr_parts = PARTS_PER_DISK;
  } else {
    place.minor = BLKIF_MINOR_EXT(info.vdevice);
    nr_parts = PARTS_PER_EXT_DISK;
    place.offset = Math.floor(place.minor / nr_parts);
    if (k.domain !== "pv" && place.offset < EMULATED_HD_DISK_NAME_OFFSET + 4) {
      message(
        k,
        "warning",
        `blkfront: vdevice ${vdevice} might conflict with emulated IDE disks,\n\t choose an xvd device namefrom xvde on`,
      );
    }
  }
  const { minor, offset } = place;
  if (minor_out_of_range(minor)) {
    const text = `blkfront: ${vdevice}'s minor (0x${minor.toString(16)}) out of range; ignoring`;
    message(k, "warning", text);
    return -ENODEV;
  }

  // A disk has minors for its partitions; a number that names a partition has only its own.
  const nr_minors = minor % nr_parts === 0 ? nr_parts : 1;

  const err = xlbd_reserve_minors(k, info.statics, minor, nr_minors);
  if (err) return err;

  const gd = alloc_disk<blkfront_info>(k, nr_minors);
  if (gd === null) {
    xlbd_release_minors(info.statics, minor, nr_minors);
    return -ENODEV;
  }

  gd.disk_name = DEV_NAME + encode_disk_name(offset);
  BUG_ON(
    gd.disk_name.length >= DISK_NAME_LEN,
    "ptr >= gd->disk_name + DISK_NAME_LEN",
    "xlvbd_alloc_gendisk",
  );
  if (nr_minors === 1) gd.disk_name += String(minor & (nr_parts - 1));

  gd.major = XENVBD_MAJOR;
  gd.first_minor = minor;
  gd.private_data = info;
  gd.capacity = capacity;

  const segments = info.max_indirect_segments || BLKIF_MAX_SEGMENTS_PER_REQUEST;
  if (xlvbd_init_blk_queue(gd, sector_size & 0xffff, physical_sector_size, segments)) {
    del_gendisk(gd);
    xlbd_release_minors(info.statics, minor, nr_minors);
    return -ENODEV;
  }

  info.rq = gd.queue;
  info.gd = gd;

  xlvbd_flush(info);

  if (vdisk_info & VDISK_READONLY) gd.ro = true;
  if (vdisk_info & VDISK_REMOVABLE) gd.removable = true;
  if (vdisk_info & VDISK_CDROM) gd.cdrom = true;
  return 0;
}

/** `xlvbd_release_gendisk`: the disk goes, and its queue when all its requests have ended. */
export function xlvbd_release_gendisk(info: blkfront_info): void {
  const k = info.kernel;
  if (info.rq === null) return;
  const gd = info.gd as gendisk;

  blk_stop_queue(k, info.rq, RING_FULL(info.ring));
  gnttab_cancel_free_callback(k, info.callback);
  run_pending_work(k);

  del_gendisk(gd);
  xlbd_release_minors(info.statics, gd.first_minor, gd.minors);

  blk_cleanup_queue(k, info.rq);
  info.rq = null;
  info.gd = null;
}
