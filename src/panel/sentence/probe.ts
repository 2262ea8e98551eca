/** The driver is loaded, finds its device, and is told of the back end's states. */
import { BLKIF_MAJOR, VDEV_IS_EXTENDED } from "../../core/blkfront/patch-v2/vdev.js";
import type { kernel } from "../../core/linux/kernel.js";
import type { blkfront_statics } from "../../core/blkfront/patch-v2/blkfront-info.js";
import type { xenbus_device } from "../../core/xen/xenbus.js";
import { hex } from "../format.js";
import { type Area, code, on, say, type Words } from "./words.js";

const kernelOf = (w: Words): kernel => w.scene.machine.kernel;
const devOf = (w: Words): xenbus_device => w.value<xenbus_device>("dev");
const staticsOf = (w: Words): blkfront_statics => w.scene.machine.statics;
const backendState = (w: Words): string => w.value<string>("backend_state");
const tooLarge = (w: Words): boolean => staticsOf(w).xen_blkif_max_ring_order > 4;

export const probe: Area = {
  xbdev_of: [
    on(
      /./,
      (w) =>
        w.info.xbdev === null
          ? say`${code("xbdev")} is NULL, since the device is gone, and it is followed all the same.`
          : say`The device is ${code(w.info.xbdev.nodename)}, in state ${code(w.info.xbdev.state)}.`,
      (w) => (w.info.xbdev === null ? "bug" : "plain"),
    ),
  ],
  xlblk_init: [
    on(/^if \(statics/, (w) => {
      const order = staticsOf(w).xen_blkif_max_ring_order;
      return tooLarge(w)
        ? say`The module is loaded with ${code("max_ring_page_order")} at ${order}, and 4 is the most.`
        : say`The module is loaded; its rings have 2 to the power of ${order} pages at most.`;
    }),
    on(
      /^message\(.*max_ring_order/s,
      () => say`The driver says that the order is too large, and that it will use the default.`,
      () => "warning",
    ),
    on(
      /max_ring_order = 0/,
      () => say`Whatever it says, it uses order 0: rings of one page.`,
      () => "warning",
    ),
    on(/^if \(fails/, (w) =>
      w.failing("register_blkdev")
        ? say`Another driver has major number 202: it cannot be had.`
        : say`The driver asks for its major number, 202.`,
    ),
    on(
      /^message/,
      () => say`The driver says that it cannot have its major number.`,
      () => "warning",
    ),
    on(
      /^return -/,
      () => say`Without a major number there is no driver, and the device waits in vain.`,
      () => "warning",
    ),
    on(/^return 0/, () => say`The driver is there, and its device can be found.`),
  ],
  read_vdevice: [
    on(/^const \{ store/, (w) => say`The device’s own directory is ${code(devOf(w).nodename)}.`),
    on(/^const plain/, (w) =>
      w.failing("xenbus_scanf virtual-device")
        ? say`${code("virtual-device")} cannot be read.`
        : say`The device’s number is read from ${code("virtual-device")}.`,
    ),
    on(/^return/, (w) =>
      typeof w.local("plain") === "number"
        ? say`The device’s number is ${String(w.local("plain") as number)}.`
        : say`Is there a number of the extended range, in ${code("virtual-device-ext")}?`,
    ),
  ],
  refused_by_hvm: [
    on(/^if \(k\.domain/, (w) =>
      kernelOf(w).domain === "hvm-emulated-disks"
        ? say`The guest still has its emulated disks, so a number that could be one of theirs is not touched.`
        : say`The guest has given up its emulated disks.`,
    ),
    on(/^const major/, (w) => {
      const vdevice = w.number("vdevice");
      return VDEV_IS_EXTENDED(vdevice)
        ? say`Number ${hex(vdevice)} is of the extended range, so the major number is 202.`
        : say`Number ${hex(vdevice)} has major number ${BLKIF_MAJOR(vdevice)}.`;
    }),
    on(/^if \(major/, (w) =>
      w.number("major") === 202
        ? say`202 is the driver’s own.`
        : say`Major number ${w.number("major")} is that of an emulated disk.`,
    ),
    on(
      /^const text/,
      (w) => say`Number ${String(w.number("vdevice"))} is left to the emulated disk.`,
    ),
    on(
      /^message/,
      (w) => say`The driver says that it leaves number ${String(w.number("vdevice"))} alone.`,
      () => "warning",
    ),
    on(/^return true/, () => say`The device is not this driver’s.`),
    on(/^const type/, () => say`Is it a disk or a CD-ROM?`),
    on(/^return type/, (w) => {
      const type = w.local("type");
      return typeof type === "string" && !type.startsWith("cdrom")
        ? say`The tool stack calls it ${code(type)}, so the driver takes it.`
        : say`It is ${typeof type === "string" ? "a CD-ROM" : "of no known type"}, so the driver leaves it alone.`;
    }),
  ],
  blkfront_probe: [
    on(
      /^const vdevice/,
      (w) => say`The driver finds device ${code(devOf(w).nodename)} and reads its number.`,
    ),
    on(/^if \(vdevice === null/, (w) =>
      w.local("vdevice") === null
        ? say`The device has no number.`
        : say`The device’s number is ${String(w.number("vdevice"))}, ${hex(w.number("vdevice"))}.`,
    ),
    on(
      /^xenbus_dev_fatal.*ENOENT/,
      () => say`The driver says that it cannot read the number, and the device closes.`,
      () => "warning",
    ),
    on(/^if \(k\.domain/, (w) =>
      kernelOf(w).domain === "pv"
        ? say`A PV guest has no emulated disks, so the device is the driver’s.`
        : say`In an HVM guest somebody else may have the device.`,
    ),
    on(/^return -ENODEV/, () => say`The driver does not take the device.`),
    on(/^if \(fails/, (w) =>
      w.failing("kzalloc blkfront_info")
        ? say`There is no memory for ${code("struct blkfront_info")}.`
        : say`${code("struct blkfront_info")} is allocated, all zero.`,
    ),
    on(
      /^xenbus_dev_fatal.*ENOMEM/,
      () => say`The driver says that it has no memory, and the device closes.`,
      () => "warning",
    ),
    on(/^return -/, () => say`The device is not taken.`),
    on(/^info\.xbdev/, (w) => say`The structure belongs to ${code(devOf(w).nodename)}.`),
    on(/^info\.vdevice/, (w) => say`It keeps the number, ${hex(w.number("vdevice"))}.`),
    on(/^info\.connected/, () => say`The device is not connected yet.`),
    on(
      /^info\.handle/,
      (w) =>
        say`The handle is the directory’s name as a number, of which 16 bits count: it will stand in every request of ${code(devOf(w).nodename)}.`,
    ),
    on(/drvdata = true/, () => say`The structure hangs on the device, so that it is found again.`),
    on(/^return 0/, () => say`The device is the driver’s; it waits for the back end.`),
  ],
  blkback_changed: [
    on(
      /^switch/,
      (w) =>
        say`The back end is in state ${code(backendState(w))}; this end is ${code(devOf(w).state)}.`,
    ),
    on(/^if \(dev\.state !== "Initialising"/, (w) =>
      devOf(w).state === "Initialising"
        ? say`The back end waits for the ring, which is set up now.`
        : say`The back end waits for a ring that it has been told of already.`,
    ),
    on(/talk_to_blkback/, () => say`The ring is set up and published.`),
    on(
      /drvdata = false/,
      () => say`That has failed: the device’s structure is freed.`,
      () => "warning",
    ),
    on(
      /^if \(!dev\.drvdata/,
      (w) =>
        devOf(w).drvdata
          ? say`The device has its structure.`
          : say`The device has no structure any more, and the driver does not look.`,
      (w) => (devOf(w).drvdata ? "plain" : "bug"),
    ),
    on(
      /^OOPS/,
      () => say`A NULL pointer is followed.`,
      () => "bug",
    ),
    on(/^blkfront_connect/, (w) =>
      w.info.connected === "CONNECTED"
        ? say`The back end says again that it is connected: the disk may have another size.`
        : say`The back end has connected; the driver reads what it offers.`,
    ),
    on(/^if \(dev\.state === "Closed"/, (w) =>
      devOf(w).state === "Closed"
        ? say`This end has closed, too.`
        : say`This end has not closed: that the back end was closing has been missed.`,
    ),
    on(/^if \(dev\.drvdata/, (w) =>
      devOf(w).drvdata
        ? say`The device has its structure, so it can be closed.`
        : say`The device has no structure, so there is nothing to close.`,
    ),
    on(/^blkfront_closing/, () => say`The back end lets go, so the driver does, if it can.`),
    on(/^break/, (w) => say`Nothing more follows from state ${code(backendState(w))}.`),
  ],
  blkfront_is_ready: [
    on(/./, (w) =>
      w.info.is_ready && w.info.xbdev !== null
        ? say`The device is there and connected: it is ready.`
        : say`The device is not ready.`,
    ),
  ],
};
