/** The minor numbers that the driver's disks take. */
import { BUG_ON } from "../../linux/bug.js";
import { EBUSY } from "../../linux/errno.js";
import { fails, type kernel } from "../../linux/kernel.js";
import type { blkfront_statics } from "./blkfront-info.js";

const BITS_PER_LONG = 64;

/** `xlbd_reserve_minors`: 0, or -EBUSY when one of them is taken. */
export function xlbd_reserve_minors(
  k: kernel,
  statics: blkfront_statics,
  minor: number,
  nr: number,
): number {
  const end = minor + nr;
  if (end > statics.nr_minors) {
    statics.nr_minors = Math.ceil(end / BITS_PER_LONG) * BITS_PER_LONG;
  }
  if (fails(k, "xlbd_reserve_minors")) return -EBUSY;
  for (let i = minor; i < end; i++) if (statics.minors.has(i)) return -EBUSY;
  for (let i = minor; i < end; i++) statics.minors.add(i);
  return 0;
}

/** `xlbd_release_minors`. */
export function xlbd_release_minors(statics: blkfront_statics, minor: number, nr: number): void {
  const end = minor + nr;
  BUG_ON(end > statics.nr_minors, "end > nr_minors", "xlbd_release_minors");
  for (let i = minor; i < end; i++) statics.minors.delete(i);
}
