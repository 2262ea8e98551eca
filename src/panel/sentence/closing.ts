/** The end of a device: asked to close, opened and closed by its users, removed. */
import type { blkfront_info, gendisk } from "../../core/blkfront/patch-v2/blkfront-info.js";
import type { xenbus_device } from "../../core/xen/xenbus.js";
import { amount } from "../format.js";
import { type Area, code, on, say, type TextPart, type Words } from "./words.js";

const diskOf = (w: Words): gendisk => w.value<gendisk>("disk");
const xbdevOf = (w: Words): xenbus_device => w.value<xenbus_device>("xbdev");
const bdevOf = (w: Words): gendisk => w.value<gendisk>("bdev");

/** What is known of the block device: its disk may be gone. */
function lookedUp(w: Words): TextPart[] {
  return w.failing("bdget_disk")
    ? say`The disk’s block device cannot be had any more.`
    : say`The disk’s block device is looked up, to see who has it open.`;
}

const openers = (w: Words): string => amount(bdevOf(w).bd_openers, "user");

export const closing: Area = {
  blkfront_closing: [
    on(/^const k/, () => say`The back end wants to let go of the disk.`),
    on(/^const xbdev/, (w) => say`The device is ${code(w.scene.machine.xbdev.nodename)}.`),
    on(/^if \(xbdev/, (w) =>
      xbdevOf(w).state === "Closing"
        ? say`This end is closing already.`
        : say`This end is ${code(xbdevOf(w).state)}.`,
    ),
    on(/^const bdev/, (w) => (w.info.gd === null ? say`The device has no disk.` : lookedUp(w))),
    on(/^if \(bdev === null/, (w) =>
      w.local("bdev") === null
        ? say`There is no disk that somebody could use, so the device closes at once.`
        : say`${openers(w)} ${bdevOf(w).bd_openers === 1 ? "has" : "have"} ${bdevOf(w).disk_name} open.`,
    ),
    on(
      /^if \(bdev\.bd_openers/,
      (w) =>
        bdevOf(w).bd_openers > 0
          ? say`${openers(w)} still ${bdevOf(w).bd_openers === 1 ? "has" : "have"} it open, so the disk stays.`
          : say`Nobody has it open, so the disk goes.`,
      (w) => (bdevOf(w).bd_openers > 0 ? "warning" : "plain"),
    ),
    on(
      /^xenbus_dev_error/,
      () => say`The driver says that the device is in use, and refuses to close.`,
      () => "warning",
    ),
    on(
      /^xenbus_switch_state/,
      () => say`This end goes to ${code("Closing")}, and waits for the last user.`,
    ),
    on(/^xlvbd_release/, () => say`The disk goes, and its queue when all requests have ended.`),
    on(/^xenbus_frontend_closed/, () => say`This end goes to ${code("Closed")}.`),
    on(/^return/, () => say`Nothing more is to be done.`),
  ],
  blkfront_remove: [
    on(/^const k/, (w) => say`Device ${code(xbdevOf(w).nodename)} is pulled out.`),
    on(
      /^if \(!xbdev/,
      (w) =>
        xbdevOf(w).drvdata
          ? say`The device has its structure.`
          : say`The device has no structure, and the driver does not look.`,
      (w) => (xbdevOf(w).drvdata ? "plain" : "bug"),
    ),
    on(
      /^OOPS/,
      () => say`A NULL pointer is followed.`,
      () => "bug",
    ),
    on(/^blkif_free/, () => say`Everything that the device has is given back: it does not return.`),
    on(/^const disk/, (w) =>
      w.info.gd === null ? say`It has no disk.` : say`Its disk is ${w.info.gd.disk_name}.`,
    ),
    on(/^const bdev/, (w) =>
      w.local("disk") === null ? say`Without a disk there is no block device.` : lookedUp(w),
    ),
    on(
      /^info\.xbdev = null/,
      () => say`The structure has lost its device; the last user of the disk will find it so.`,
    ),
    on(/^if \(bdev === null/, (w) =>
      w.local("bdev") === null
        ? say`Nobody can have the disk open.`
        : say`${openers(w)} ${bdevOf(w).bd_openers === 1 ? "has" : "have"} ${bdevOf(w).disk_name} open.`,
    ),
    on(/^const (handles|text)/, () => say`What the driver will say of that is put together.`),
    on(
      /^message/,
      () => say`The driver says that the device was pulled out, and how many still hold it.`,
      () => "warning",
    ),
    on(/^if \(bdev\.private_data/, (w) =>
      bdevOf(w).bd_openers === 0
        ? say`Nobody has the disk open, so it goes now.`
        : say`The disk stays until its last user has closed it.`,
    ),
    on(/^xlvbd_release/, () => say`The disk goes, and its queue when all requests have ended.`),
    on(/private_data = null/, () => say`The disk leads to no device any more.`),
    on(/^return/, () => say`The device is gone.`),
  ],
  blkif_open: [
    on(/^const info/, (w) => say`Somebody opens ${diskOf(w).disk_name}.`),
    on(/^if/, (w) =>
      diskOf(w).private_data === null
        ? say`The disk leads to no device any more.`
        : say`The disk leads to its device.`,
    ),
    on(
      /^return -/,
      () => say`It cannot be opened: ${code("-ERESTARTSYS")}.`,
      () => "warning",
    ),
    on(/^return info/, (w) =>
      w.value<blkfront_info>("info").gd === null
        ? say`The device has let go of its disk, so it cannot be opened: ${code("-ERESTARTSYS")}.`
        : say`${diskOf(w).disk_name} is opened.`,
    ),
  ],
  blkif_release: [
    on(/^const (info|k)/, (w) => say`Somebody has closed ${diskOf(w).disk_name}.`),
    on(/^const bdev/, lookedUp),
    on(/^if \(bdev === null/, (w) =>
      w.local("bdev") === null
        ? say`It is gone before its disk.`
        : say`${openers(w)} still ${bdevOf(w).bd_openers === 1 ? "has" : "have"} it open.`,
    ),
    on(
      /^message\(k, "warn"/,
      () => say`The driver warns that the block device was taken from under it.`,
      () => "warning",
    ),
    on(/^if \(bdev\.bd_openers/, (w) =>
      bdevOf(w).bd_openers > 0
        ? say`Others still have it open, so nothing follows.`
        : say`That was the last one.`,
    ),
    on(/^return/, () => say`The disk stays as it is.`),
    on(/^const \{ xbdev/, (w) =>
      w.info.xbdev === null
        ? say`The device has been pulled out.`
        : say`The device is there, in state ${code(w.info.xbdev.state)}.`,
    ),
    on(/^if \(xbdev !== null/, (w) =>
      w.local("xbdev") !== null && xbdevOf(w).state === "Closing"
        ? say`The device has waited for this to close.`
        : say`The device is not waiting to close.`,
    ),
    on(/^if \(xbdev === null/, (w) =>
      w.local("xbdev") === null
        ? say`The device is gone, and the disk was only kept for this user.`
        : say`The device is still there.`,
    ),
    on(/^message/, (w) => say`The driver says that it releases ${diskOf(w).disk_name}.`),
    on(/^xlvbd_release/, () => say`The disk goes, and its queue when all requests have ended.`),
    on(/^xenbus_frontend_closed/, () => say`This end goes to ${code("Closed")}.`),
    on(/private_data = null/, () => say`The disk leads to no device any more.`),
  ],
};
