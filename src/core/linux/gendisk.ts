import type { request_queue } from "./request-queue.js";
import { fails, type kernel } from "./kernel.js";
import { message } from "./printk.js";

/** `struct gendisk` with its block device, as far as a driver fills them. `T` is what the driver hangs on `private_data`. */
export interface gendisk<T = unknown> {
  disk_name: string;
  major: number;
  first_minor: number;
  /** Minors reserved for the disk and its partitions. */
  readonly minors: number;
  /** Null until the queue is made. */
  queue: request_queue;
  /** In sectors of 512 bytes. */
  capacity: number;
  private_data: T | null;
  /** `set_disk_ro`. */
  ro: boolean;
  /** `GENHD_FL_REMOVABLE`. */
  removable: boolean;
  /** `GENHD_FL_CD`. */
  cdrom: boolean;
  /** `add_disk` has been called, and `del_gendisk` has not. */
  up: boolean;
  /** `bd_openers` of the whole disk's block device. */
  bd_openers: number;
  /** Size of the block device as its users see it, in bytes. */
  bd_size: number;
}

/** `DISK_NAME_LEN`: bytes of a disk's name, with the zero at its end. */
export const DISK_NAME_LEN = 32;

/** `alloc_disk`; null when there is no memory. */
export function alloc_disk<T>(k: kernel, minors: number): gendisk<T> | null {
  if (fails(k, "alloc_disk")) return null;
  return {
    disk_name: "",
    major: 0,
    first_minor: 0,
    minors,
    queue: undefined as unknown as request_queue,
    capacity: 0,
    private_data: null,
    ro: false,
    removable: false,
    cdrom: false,
    up: false,
    bd_openers: 0,
    bd_size: 0,
  };
}

/** `bdget_disk`: the disk's block device, or null where it has none any more. */
export function bdget_disk<T>(k: kernel, gd: gendisk<T>): gendisk<T> | null {
  return fails(k, "bdget_disk") ? null : gd;
}

/** `add_disk`: from now on the disk can be opened. */
export function add_disk(gd: gendisk): void {
  gd.up = true;
  gd.bd_size = gd.capacity * 512;
}

/** `del_gendisk`. */
export function del_gendisk(gd: gendisk): void {
  gd.up = false;
}

/** `revalidate_disk`: the block device gets the disk's new size. */
export function revalidate_disk(k: kernel, gd: gendisk): void {
  const size = gd.capacity * 512;
  if (size === gd.bd_size) return;
  const { disk_name, bd_size } = gd;
  message(k, "info", `${disk_name}: detected capacity change from ${bd_size} to ${size}`);
  gd.bd_size = size;
}
