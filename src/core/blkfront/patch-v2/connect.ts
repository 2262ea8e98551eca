/** Connecting: the back end's features, the pool for them, and the disk. */
import { ENOENT } from "../../linux/errno.js";
import { add_disk, revalidate_disk } from "../../linux/gendisk.js";
import { message } from "../../linux/printk.js";
import { REQ_FLUSH, REQ_FUA } from "../../linux/request.js";
import {
  xenbus_dev_fatal,
  xenbus_gather,
  xenbus_scanf,
  xenbus_switch_state,
} from "../../xen/xenbus.js";
import { type blkfront_info, type gendisk, xbdev_of } from "./blkfront-info.js";
import { xlvbd_alloc_gendisk } from "./disk.js";
import { blkif_recover } from "./recover.js";
import { kick_pending_request_queues } from "./restart.js";
import { blkfront_setup_indirect } from "./setup-indirect.js";

/** `blkfront_setup_discard`. */
function blkfront_setup_discard(info: blkfront_info): void {
  const { store, otherend } = xbdev_of(info, "blkfront_setup_discard");
  info.feature_discard = true;
  const discard = xenbus_gather(store, otherend, {
    "discard-granularity": "%u",
    "discard-alignment": "%u",
  });
  if (discard !== null) {
    info.discard_granularity = discard["discard-granularity"];
    info.discard_alignment = discard["discard-alignment"];
  }
  const discard_secure = xenbus_scanf(store, otherend, "discard-secure", "%d");
  if (discard_secure !== null) info.feature_secdiscard = discard_secure !== 0;
}

/** The device is connected and its back end says so again: its disk has another size. */
function blkfront_resize(info: blkfront_info): void {
  const { store, otherend } = xbdev_of(info, "blkfront_connect");
  const sectors = xenbus_scanf(store, otherend, "sectors", "%llu");
  if (sectors === null) return;
  message(info.kernel, "info", `Setting capacity to ${sectors}`);
  const gd = info.gd as gendisk;
  gd.capacity = sectors;
  revalidate_disk(info.kernel, gd);
}

/** `blkfront_connect`: the back end is ready; reads what it offers and makes the disk. */
export function blkfront_connect(info: blkfront_info): void {
  const k = info.kernel;
  switch (info.connected) {
    case "CONNECTED":
      blkfront_resize(info);
      return;
    case "SUSPENDED":
      blkif_recover(info);
      return;
    default:
      break;
  }

  const dev = xbdev_of(info, "blkfront_connect");
  const { store, otherend } = dev;
  const fields = xenbus_gather(store, otherend, {
    sectors: "%llu",
    info: "%u",
    "sector-size": "%llu",
  });
  if (fields === null) {
    xenbus_dev_fatal(k, dev, -ENOENT, `reading backend fields at ${otherend}`);
    return;
  }
  const sector_size = fields["sector-size"];
  const physical_sector_size =
    xenbus_scanf(store, otherend, "physical-sector-size", "%u") ?? sector_size;

  info.feature_flush = 0;
  if (xenbus_scanf(store, otherend, "feature-barrier", "%d")) {
    info.feature_flush = REQ_FLUSH | REQ_FUA;
  }
  // A plain cache flush is cheaper than a barrier and wins where both are offered.
  if (xenbus_scanf(store, otherend, "feature-flush-cache", "%d")) info.feature_flush = REQ_FLUSH;
  if (xenbus_scanf(store, otherend, "feature-discard", "%d")) blkfront_setup_discard(info);
  // A field of one bit: of another number than 0 and 1 it takes the lowest.
  const persistent = xenbus_scanf(store, otherend, "feature-persistent", "%u");
  info.feature_persistent = persistent === null ? false : (persistent & 1) !== 0;

  let err = blkfront_setup_indirect(info);
  if (err) {
    xenbus_dev_fatal(k, dev, err, `setup_indirect at ${otherend}`);
    return;
  }

  err = xlvbd_alloc_gendisk(
    fields.sectors,
    info,
    fields.info & 0xffff,
    sector_size,
    physical_sector_size,
  );
  if (err) {
    xenbus_dev_fatal(k, dev, err, `xlvbd_add at ${otherend}`);
    return;
  }

  xenbus_switch_state(dev, "Connected");

  info.connected = "CONNECTED";
  kick_pending_request_queues(info);

  add_disk(info.gd as gendisk);
  info.is_ready = true;
}
