/** Virtual device numbers: which disk a number stands for, and what the disk is called. */
import { ENODEV } from "../../linux/errno.js";
import type { kernel } from "../../linux/kernel.js";
import { message } from "../../linux/printk.js";

/** `XENVBD_MAJOR`: the driver's own major number. */
export const XENVBD_MAJOR = 202;
/** `DEV_NAME`: what its disks' names begin with. */
export const DEV_NAME = "xvd";
/** `PARTS_PER_DISK` and `PARTS_PER_EXT_DISK`: minors of a disk, the disk's own included. */
export const PARTS_PER_DISK = 16;
export const PARTS_PER_EXT_DISK = 256;
/** `EXT_SHIFT`: the bit that tells an extended number. */
const EXT_SHIFT = 28;
/** `MINORBITS`. */
const MINORBITS = 20;

const XEN_IDE0_MAJOR = 3;
const XEN_IDE1_MAJOR = 22;
const XEN_SCSI_DISK0_MAJOR = 8;
const XEN_SCSI_DISK1_MAJOR = 65;
const XEN_SCSI_DISK7_MAJOR = 71;
const XEN_SCSI_DISK8_MAJOR = 128;
const XEN_SCSI_DISK15_MAJOR = 135;

/** `EMULATED_HD_DISK_NAME_OFFSET`: hda is called xvda. */
export const EMULATED_HD_DISK_NAME_OFFSET = 0;
const EMULATED_HD_DISK_MINOR_OFFSET = 0;
/** `EMULATED_SD_DISK_NAME_OFFSET`: sda is called xvda too. */
const EMULATED_SD_DISK_NAME_OFFSET = 0;
const EMULATED_SD_DISK_MINOR_OFFSET = 0;
const PARTS_PER_IDE_DISK = 64;

/** Which minor a disk begins at, and its place in the order of names, from 0. */
export interface disk_place {
  minor: number;
  offset: number;
}

/** `VDEV_IS_EXTENDED`. */
export function VDEV_IS_EXTENDED(vdevice: number): boolean {
  return (vdevice & (1 << EXT_SHIFT)) !== 0;
}

/** `vdevice >> EXT_SHIFT`, of a signed number as in C. */
export function above_extended_range(vdevice: number): boolean {
  return vdevice >> EXT_SHIFT > 1;
}

/** `BLKIF_MAJOR`. */
export function BLKIF_MAJOR(vdevice: number): number {
  return vdevice >> 8;
}

/** `BLKIF_MINOR_EXT`. */
export function BLKIF_MINOR_EXT(vdevice: number): number {
  return vdevice & ~(1 << EXT_SHIFT);
}

/** `minor >> MINORBITS`: too large to be a minor number. */
export function minor_out_of_range(minor: number): boolean {
  return minor >> MINORBITS !== 0;
}

/** `xen_translate_vdev`: 0, or -ENODEV for a major number of no disk that can be emulated. */
export function xen_translate_vdev(k: kernel, vdevice: number, place: disk_place): number {
  const major = BLKIF_MAJOR(vdevice);
  const minor = vdevice & 0xff;
  if (major === XEN_IDE0_MAJOR || major === XEN_IDE1_MAJOR) {
    const disk = Math.floor(minor / PARTS_PER_IDE_DISK) + (major === XEN_IDE1_MAJOR ? 2 : 0);
    place.offset = disk + EMULATED_HD_DISK_NAME_OFFSET;
    place.minor = disk * PARTS_PER_DISK + EMULATED_HD_DISK_MINOR_OFFSET;
    return 0;
  }
  const scsi = scsi_disks_before(major);
  if (scsi !== null) {
    place.offset = Math.floor(minor / PARTS_PER_DISK) + scsi + EMULATED_SD_DISK_NAME_OFFSET;
    place.minor = minor + scsi * PARTS_PER_DISK + EMULATED_SD_DISK_MINOR_OFFSET;
    return 0;
  }
  if (major === XENVBD_MAJOR) {
    place.offset = Math.floor(minor / PARTS_PER_DISK);
    place.minor = minor;
    return 0;
  }
  message(
    k,
    "warning",
    "blkfront: your disk configuration is incorrect, please use an xvd device instead",
  );
  return -ENODEV;
}

/** SCSI disks with smaller majors than this one; null for a major that is no SCSI disk's. */
function scsi_disks_before(major: number): number | null {
  if (major === XEN_SCSI_DISK0_MAJOR) return 0;
  if (major >= XEN_SCSI_DISK1_MAJOR && major <= XEN_SCSI_DISK7_MAJOR) {
    return (major - XEN_SCSI_DISK1_MAJOR + 1) * 16;
  }
  if (major >= XEN_SCSI_DISK8_MAJOR && major <= XEN_SCSI_DISK15_MAJOR) {
    return (major - XEN_SCSI_DISK8_MAJOR + 8) * 16;
  }
  return null;
}

/** `encode_disk_name`: a, b, …, z, aa, … */
export function encode_disk_name(n: number): string {
  const letter = String.fromCharCode(97 + (n % 26));
  return n >= 26 ? encode_disk_name(Math.floor(n / 26) - 1) + letter : letter;
}
