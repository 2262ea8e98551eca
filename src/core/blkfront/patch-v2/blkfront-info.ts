/** The driver's structures, as the patch leaves them. */
import { OOPS } from "../../linux/bug.js";
import type { kernel } from "../../linux/kernel.js";
import type { list_head } from "../../linux/list.js";
import type { gendisk as disk } from "../../linux/gendisk.js";
import type { request } from "../../linux/request.js";
import type { request_queue } from "../../linux/request-queue.js";
import type { scatterlist } from "../../linux/scatterlist.js";
import type { work_struct } from "../../linux/workqueue.js";
import type { blkif_layout, blkif_request } from "../../xen/blkif.js";
import type { gnttab_free_callback } from "../../xen/grant-table.js";
import type { blkif_front_ring } from "../../xen/ring.js";
import type { xenbus_device } from "../../xen/xenbus.js";

/** The disk that belongs to a `blkfront_info`. */
export type gendisk = disk<blkfront_info>;

/** `enum blkif_state`. */
export type blkif_state = "DISCONNECTED" | "CONNECTED" | "SUSPENDED";

/** `struct grant`: a pool entry; its reference is 0 while the back end has not been given one. */
export interface grant {
  /** The entry's place in the pool, from 0. The model's own: it tells entries apart when they have no gref. */
  readonly nr: number;
  gref: number;
  /** `struct page *`: the driver's own page when grants persist, else NULL or a frame's page. */
  page: number;
  readonly node: list_head<grant>;
}

/** `struct blk_shadow`. */
export interface blk_shadow {
  /** The private copy of the ring request. While the entry is free, its id is the next free entry. */
  readonly req: blkif_request;
  request: request | null;
  grants_used: (grant | null)[];
  indirect_grants: (grant | null)[];
  sg: scatterlist[];
  num_sg: number;
}

/** `struct blkfront_info`. */
export interface blkfront_info {
  /** The kernel that the driver is part of. In C it is reached through globals. */
  readonly kernel: kernel;
  /** The driver's own globals, of which there is one set for all its devices. */
  readonly statics: blkfront_statics;
  /** Layout of the ring's structures, which in C is the compiler's business. */
  readonly layout: blkif_layout;
  /** Null once the device is gone while somebody still has the disk open. */
  xbdev: xenbus_device | null;
  gd: gendisk | null;
  vdevice: number;
  handle: number;
  connected: blkif_state;
  ring_ref: number[];
  nr_ring_pages: number;
  readonly ring: blkif_front_ring;
  evtchn: number;
  irq: number;
  rq: request_queue | null;
  readonly work: work_struct<blkfront_info>;
  readonly callback: gnttab_free_callback<blkfront_info>;
  readonly shadow: blk_shadow[];
  readonly grants: list_head<grant>;
  readonly indirect_pages: list_head<number>;
  /** Every pool entry ever allocated, by its `nr`; null once freed. The model's own, for copies and views. */
  readonly grant_slab: (grant | null)[];
  persistent_gnts_c: number;
  shadow_free: number;
  /** REQ_FLUSH and REQ_FUA as the back end supports them. */
  feature_flush: number;
  feature_discard: boolean;
  feature_secdiscard: boolean;
  discard_granularity: number;
  discard_alignment: number;
  feature_persistent: boolean;
  /** Segments of 4 KB that an indirect request may have; 0 without indirect descriptors. */
  max_indirect_segments: number;
  is_ready: boolean;
}

/** What C has as static variables of the file. */
export interface blkfront_statics {
  /** The module parameter `max`: the most segments of 4 KB in an indirect request. */
  readonly xen_blkif_max_segments: number;
  /** The module parameter `max_ring_page_order`. */
  xen_blkif_max_ring_order: number;
  /** Minors that `minors` has room for. */
  nr_minors: number;
  /** The minors in use. */
  readonly minors: Set<number>;
}

/** `XEN_PAGES_PER_SEGMENT`: Xen pages in a Linux page. */
export function XEN_PAGES_PER_SEGMENT(k: kernel): number {
  return k.PAGE_SIZE / 4096;
}

/** `XEN_PAGES_PER_INDIRECT_FRAME`: segments of 8 bytes that an indirect frame holds. */
export const XEN_PAGES_PER_INDIRECT_FRAME = 4096 / 8;

/** `SEGS_PER_INDIRECT_FRAME`, which the patch defines and does not use. */
export function SEGS_PER_INDIRECT_FRAME(k: kernel): number {
  return Math.floor(XEN_PAGES_PER_INDIRECT_FRAME / XEN_PAGES_PER_SEGMENT(k));
}

/** `INDIRECT_GREFS`: indirect frames for so many Xen pages. */
export function INDIRECT_GREFS(pages: number): number {
  return Math.floor((pages + XEN_PAGES_PER_INDIRECT_FRAME - 1) / XEN_PAGES_PER_INDIRECT_FRAME);
}

/** `BLK_RING_SIZE`: entries of the ring; `BLK_MAX_RING_SIZE` is that of 16 pages. */
export function BLK_RING_SIZE(info: blkfront_info): number {
  return info.ring.nr_ents;
}

/** `info->xbdev`, followed: an oops in `func` once the device is gone. */
export function xbdev_of(info: blkfront_info, func: string): xenbus_device {
  return info.xbdev ?? OOPS("NULL struct xenbus_device", func);
}
