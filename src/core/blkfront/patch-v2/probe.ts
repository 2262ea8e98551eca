/** The driver's life: loaded, found a device, told of the back end's state. */
import { OOPS } from "../../linux/bug.js";
import { ENODEV, ENOENT, ENOMEM } from "../../linux/errno.js";
import { fails, type kernel } from "../../linux/kernel.js";
import { message } from "../../linux/printk.js";
import {
  type xenbus_device,
  type xenbus_state,
  xenbus_dev_fatal,
  xenbus_read,
  xenbus_scanf,
} from "../../xen/xenbus.js";
import type { blkfront_info, blkfront_statics } from "./blkfront-info.js";
import { blkfront_closing } from "./closing.js";
import { blkfront_connect } from "./connect.js";
import { talk_to_blkback } from "./ring-setup.js";
import { BLKIF_MAJOR, VDEV_IS_EXTENDED, XENVBD_MAJOR } from "./vdev.js";

/** `XENBUS_MAX_RING_PAGE_ORDER`: 16 pages. */
const XENBUS_MAX_RING_PAGE_ORDER = 4;

/** `xlblk_init`: the module is loaded. @returns 0, or -ENODEV and there is no driver */
export function xlblk_init(k: kernel, statics: blkfront_statics): number {
  if (statics.xen_blkif_max_ring_order > XENBUS_MAX_RING_PAGE_ORDER) {
    message(
      k,
      "info",
      `Invalid max_ring_order (${statics.xen_blkif_max_ring_order}), will use default max: ${XENBUS_MAX_RING_PAGE_ORDER}.`,
    );
    statics.xen_blkif_max_ring_order = 0;
  }
  if (fails(k, "register_blkdev")) {
    message(k, "warning", `xen_blk: can't get major ${XENVBD_MAJOR} with name xvd`);
    return -ENODEV;
  }
  return 0;
}

/** The device's number: where a tool stack writes it, or where it writes one of the extended range. */
function read_vdevice(k: kernel, dev: xenbus_device): number | null {
  const { store, nodename } = dev;
  const plain = fails(k, "xenbus_scanf virtual-device")
    ? null
    : xenbus_scanf(store, nodename, "virtual-device", "%i");
  return plain ?? xenbus_scanf(store, nodename, "virtual-device-ext", "%i");
}

/** Whether an HVM guest leaves the device to somebody else. */
function refused_by_hvm(k: kernel, dev: xenbus_device, vdevice: number): boolean {
  if (k.domain === "hvm-emulated-disks") {
    const major = VDEV_IS_EXTENDED(vdevice) ? XENVBD_MAJOR : BLKIF_MAJOR(vdevice);
    if (major !== XENVBD_MAJOR) {
      const text = `blkfront_probe: HVM does not support vbd ${vdevice} as xen block device`;
      message(k, "info", text);
      return true;
    }
  }
  const type = xenbus_read(dev.store, dev.nodename, "device-type");
  return type === null || type.startsWith("cdrom");
}

/**
 * `blkfront_probe`: the device is there, and nothing is set up yet.
 * @param info the memory that `kzalloc` would give
 * @returns 0 with the structure hung on the device, or a negative errno
 */
export function blkfront_probe(k: kernel, dev: xenbus_device, info: blkfront_info): number {
  const vdevice = read_vdevice(k, dev);
  if (vdevice === null) {
    xenbus_dev_fatal(k, dev, -ENOENT, "reading virtual-device");
    return -ENOENT;
  }
  if (k.domain !== "pv" && refused_by_hvm(k, dev, vdevice)) return -ENODEV;

  if (fails(k, "kzalloc blkfront_info")) {
    xenbus_dev_fatal(k, dev, -ENOMEM, "allocating info structure");
    return -ENOMEM;
  }
  info.xbdev = dev;
  info.vdevice = vdevice;
  info.connected = "DISCONNECTED";

  // The directory is a number, of which the ring has room for 16 bits.
  info.handle = Number(dev.nodename.slice(dev.nodename.lastIndexOf("/") + 1)) & 0xffff;
  dev.drvdata = true;
  return 0;
}

/** `blkback_changed`: the back end went to another state, or said again which it is in. */
export function blkback_changed(
  dev: xenbus_device,
  info: blkfront_info,
  backend_state: xenbus_state,
): void {
  switch (backend_state) {
    case "InitWait":
      if (dev.state !== "Initialising") break;
      if (talk_to_blkback(dev, info)) dev.drvdata = false;
      break;

    case "Connected":
      if (!dev.drvdata) OOPS("NULL struct blkfront_info", "blkfront_connect");
      blkfront_connect(info);
      break;

    case "Closed":
      if (dev.state === "Closed") break;
      // The back end's Closing was missed.
      if (dev.drvdata) blkfront_closing(info);
      break;
    case "Closing":
      if (dev.drvdata) blkfront_closing(info);
      break;

    default:
      break;
  }
}

/** `blkfront_is_ready`. */
export function blkfront_is_ready(info: blkfront_info): boolean {
  return info.is_ready && info.xbdev !== null;
}
