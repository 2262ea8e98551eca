/** The end of a device: asked to close, opened and closed by its users, removed. */
import { OOPS } from "../../linux/bug.js";
import { EBUSY, ERESTARTSYS } from "../../linux/errno.js";
import { bdget_disk } from "../../linux/gendisk.js";
import { message } from "../../linux/printk.js";
import {
  type xenbus_device,
  xenbus_dev_error,
  xenbus_frontend_closed,
  xenbus_switch_state,
} from "../../xen/xenbus.js";
import { type blkfront_info, type gendisk, xbdev_of } from "./blkfront-info.js";
import { xlvbd_release_gendisk } from "./disk.js";
import { blkif_free } from "./free.js";

/** `blkfront_closing`: the back end wants to close; a disk that is in use stays until its last user has gone. */
export function blkfront_closing(info: blkfront_info): void {
  const k = info.kernel;
  const xbdev = xbdev_of(info, "blkfront_closing");
  if (xbdev.state === "Closing") return;

  const bdev = info.gd === null ? null : bdget_disk(k, info.gd);
  if (bdev === null) {
    xenbus_frontend_closed(xbdev);
    return;
  }

  if (bdev.bd_openers > 0) {
    xenbus_dev_error(k, xbdev, -EBUSY, "Device in use; refusing to close");
    xenbus_switch_state(xbdev, "Closing");
  } else {
    xlvbd_release_gendisk(info);
    xenbus_frontend_closed(xbdev);
  }
}

/** `blkfront_remove`: the device is gone; what its last user still holds stays until then. */
export function blkfront_remove(xbdev: xenbus_device, info: blkfront_info): void {
  const k = info.kernel;
  if (!xbdev.drvdata) OOPS("NULL struct blkfront_info", "blkif_free");
  blkif_free(info, false);

  const disk = info.gd;
  const bdev = disk === null ? null : bdget_disk(k, disk);
  info.xbdev = null;
  if (bdev === null) return;

  const handles = `${bdev.bd_openers} stale handles`;
  const text = `${bdev.disk_name}: ${xbdev.nodename} was hot-unplugged, ${handles}`;
  message(k, "warning", text);

  if (bdev.private_data !== null && bdev.bd_openers === 0) {
    xlvbd_release_gendisk(info);
    bdev.private_data = null;
  }
}

/** `blkif_open`: 0, or -ERESTARTSYS when the device is gone. */
export function blkif_open(disk: gendisk): number {
  const info = disk.private_data;
  if (info === null) return -ERESTARTSYS;
  return info.gd === null ? -ERESTARTSYS : 0;
}

/** `blkif_release`: somebody has closed the disk; the last one does what waited for it. */
export function blkif_release(disk: gendisk): void {
  const info = disk.private_data as blkfront_info;
  const k = info.kernel;
  const bdev = bdget_disk(k, disk);
  if (bdev === null) {
    message(k, "warn", `Block device ${disk.disk_name} yanked out from us!`);
    return;
  }
  if (bdev.bd_openers > 0) return;

  const { xbdev } = info;
  if (xbdev !== null && xbdev.state === "Closing") {
    message(k, "info", `${disk.disk_name}: releasing disk`);
    xlvbd_release_gendisk(info);
    xenbus_frontend_closed(xbdev);
  }
  if (xbdev === null) {
    message(k, "info", `${disk.disk_name}: releasing disk`);
    xlvbd_release_gendisk(info);
    disk.private_data = null;
  }
}
