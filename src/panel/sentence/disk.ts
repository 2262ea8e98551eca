/** The disk: its number, minors and name, its queue with the limits, and its end. */
import { VDEV_IS_EXTENDED } from "../../core/blkfront/patch-v2/vdev.js";
import type { gendisk } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { amount, count, errno, hex } from "../format.js";
import { type Area, code, on, say, type TextPart, type Words } from "./words.js";

const gdOf = (w: Words): gendisk => w.value<gendisk>("gd");

const lettersOf = (n: number): string =>
  (n >= 26 ? lettersOf(Math.floor(n / 26) - 1) : "") + String.fromCharCode(97 + (n % 26));

/** What `err` says, in a function that has set it. */
function outcome(w: Words, good: TextPart[]): TextPart[] {
  const err = w.number("err");
  return err === 0 ? good : say`That has failed with ${code(errno(err))}.`;
}

const warnsOnErr = (w: Words): "plain" | "warning" => (w.number("err") === 0 ? "plain" : "warning");

/** A bit of what the back end says of the disk. */
const bit = (mask: number, what: string) => (w: Words) =>
  w.number("vdisk_info") & mask
    ? say`The back end says that the disk is ${what}.`
    : say`The disk is not ${what}.`;

/** Whether a minor of a run is what somebody else has. */
const taken = (w: Words, i: number): boolean => w.info.statics.minors.has(i);

const place = (w: Words): { minor: number; offset: number } => w.value("place");

function flushText(flags: number): string {
  if (flags === 0) return "barrier or flush: disabled";
  return flags & 0x1000 ? "barrier: enabled" : "flush diskcache: enabled";
}

export const disk: Area = {
  xlvbd_alloc_gendisk: [
    on(
      /^const k|^const place/,
      (w) =>
        say`The disk of number ${hex(w.info.vdevice >>> 0)} is made: a name, minors, and a queue.`,
    ),
    on(
      /^BUG_ON\(info\.(gd|rq)/,
      (w) => {
        const held = /info\.gd/.test(w.text) ? w.info.gd : w.info.rq;
        return held === null
          ? say`The device has no ${/info\.gd/.test(w.text) ? "disk" : "queue"} yet.`
          : say`The device has one already, and the kernel stops.`;
      },
      (w) => ((/info\.gd/.test(w.text) ? w.info.gd : w.info.rq) === null ? "plain" : "bug"),
    ),
    on(/^const vdevice/, (w) => say`The number in messages is ${code(hex(w.info.vdevice >>> 0))}.`),
    on(/above_extended_range/, (w) =>
      w.info.vdevice >> 28 > 1
        ? say`The number has bits above the extended range.`
        : say`The number has no bit above the extended range.`,
    ),
    on(
      /^const text|^message\(k, "warning", text/,
      () => say`The driver says why it ignores the device.`,
      () => "warning",
    ),
    on(/^if \(!VDEV_IS_EXTENDED/, (w) =>
      VDEV_IS_EXTENDED(w.info.vdevice)
        ? say`The number is of the extended range: the minor stands in it.`
        : say`The number is of the old range: its major number says which disk it is.`,
    ),
    on(/xen_translate_vdev/, () => say`The number is translated to a minor and a name.`),
    on(/^nr_parts = PARTS_PER_DISK/, () => say`A disk of the old range has 16 minors.`),
    on(
      /BLKIF_MINOR_EXT/,
      (w) => say`The minor is ${w.info.vdevice & ~(1 << 28)}, the number without its mark.`,
    ),
    on(/PARTS_PER_EXT_DISK/, () => say`A disk of the extended range has 256 minors.`),
    on(
      /^place\.offset/,
      (w) =>
        say`It is disk number ${Math.floor(place(w).minor / w.number("nr_parts"))} in the order of names.`,
    ),
    on(/^if \(k\.domain/, (w) =>
      w.scene.machine.kernel.domain !== "pv" && place(w).offset < 4
        ? say`An emulated disk could have the same name; the driver warns, and goes on.`
        : say`No emulated disk can have the same name.`,
    ),
    on(
      /^message\(.*emulated/s,
      () => say`The driver warns that the disk may conflict with an emulated one.`,
      () => "warning",
    ),
    on(/^const \{ minor/, (w) => say`Minor ${place(w).minor}, name number ${place(w).offset}.`),
    on(/minor_out_of_range/, (w) =>
      w.number("minor") >> 20 === 0
        ? say`Minor ${w.number("minor")} is one that a device number has room for.`
        : say`Minor ${hex(w.number("minor"))} needs more than 20 bits.`,
    ),
    on(/^const nr_minors/, (w) =>
      w.number("minor") % w.number("nr_parts") === 0
        ? say`The number names a whole disk, so ${w.number("nr_parts")} minors are wanted.`
        : say`The number names a partition, which has one minor only.`,
    ),
    on(
      /xlbd_reserve_minors/,
      (w) =>
        say`${amount(w.number("nr_minors"), "minor")} from ${w.number("minor")} on are reserved.`,
    ),
    on(/^if \(err/, (w) => outcome(w, say`That has worked.`), warnsOnErr),
    on(
      /^return err/,
      (w) => say`There will be no disk: ${code(errno(w.number("err")))}.`,
      () => "warning",
    ),
    on(/^const gd = alloc_disk/, (w) =>
      w.failing("alloc_disk")
        ? say`There is no memory for the disk.`
        : say`A disk with ${amount(w.number("nr_minors"), "minor")} is allocated.`,
    ),
    on(/^if \(gd === null/, (w) =>
      w.local("gd") === null ? say`No disk could be allocated.` : say`The disk is there.`,
    ),
    on(
      /^gd\.disk_name = /,
      (w) => say`It is called ${code(`xvd${lettersOf(w.number("offset"))}`)}.`,
    ),
    on(
      /^BUG_ON\(.*DISK_NAME_LEN/s,
      (w) => say`The name ${code(gdOf(w).disk_name)} fits in its 32 bytes.`,
    ),
    on(/^if \(nr_minors === 1/, (w) =>
      w.number("nr_minors") === 1
        ? say`A partition has its number behind the disk’s name.`
        : say`A whole disk’s name has no number.`,
    ),
    on(
      /^gd\.disk_name \+=/,
      (w) =>
        say`The name gets the partition’s number, ${w.number("minor") & (w.number("nr_parts") - 1)}.`,
    ),
    on(/^gd\.major/, () => say`Its major number is 202.`),
    on(/^gd\.first_minor/, (w) => say`Its first minor is ${w.number("minor")}.`),
    on(/^gd\.private_data/, () => say`The disk leads to the device.`),
    on(/^gd\.capacity/, (w) => say`It has ${amount(w.number("capacity"), "sector")} of 512 bytes.`),
    on(
      /^const segments/,
      (w) =>
        say`A request can have ${amount(w.info.max_indirect_segments || 11, "grant")}, from which the queue’s limits follow.`,
    ),
    on(
      /xlvbd_init_blk_queue/,
      (w) =>
        say`The queue is made, for blocks of ${amount(w.number("sector_size") & 0xffff, "byte")}.`,
    ),
    on(
      /^del_gendisk/,
      () => say`Without a queue the disk goes again.`,
      () => "warning",
    ),
    on(
      /xlbd_release_minors/,
      (w) => say`${amount(w.number("nr_minors"), "minor")} are free again.`,
    ),
    on(
      /^return -/,
      () => say`There will be no disk.`,
      () => "warning",
    ),
    on(/^info\.rq/, () => say`The device knows its queue.`),
    on(/^info\.gd/, (w) => say`The device knows its disk, ${gdOf(w).disk_name}.`),
    on(/^xlvbd_flush/, () => say`The block layer is told which flushes there are.`),
    on(/VDISK_READONLY/, bit(4, "read-only")),
    on(/^gd\.ro/, () => say`Nobody will write to it.`),
    on(/VDISK_REMOVABLE/, bit(2, "removable")),
    on(/^gd\.removable/, () => say`It is marked as removable.`),
    on(/VDISK_CDROM/, bit(1, "a CD-ROM")),
    on(/^gd\.cdrom/, () => say`It is marked as a CD-ROM.`),
    on(/^return 0/, (w) => say`${gdOf(w).disk_name} is made.`),
  ],
  xlvbd_init_blk_queue: [
    on(/^const (info|k)/, (w) => say`${gdOf(w).disk_name} gets its queue.`),
    on(/^const rq/, (w) =>
      w.failing("blk_init_queue")
        ? say`There is no memory for the queue.`
        : say`A queue is made, with ${code("do_blkif_request")} as its request function.`,
    ),
    on(/^if \(rq/, (w) =>
      w.local("rq") === null ? say`No queue could be made.` : say`The queue is there.`,
    ),
    on(
      /^return -1/,
      () => say`The disk has no queue.`,
      () => "warning",
    ),
    on(
      /flags\.virt/,
      () => say`The disk has no heads to move, so nothing waits for a better order.`,
    ),
    on(/^if \(info\.feature_discard/, (w) =>
      w.info.feature_discard ? say`The back end discards.` : say`The back end does not discard.`,
    ),
    on(/flags\.discard/, () => say`The queue takes discards.`),
    on(
      /max_discard_sectors/,
      (w) => say`A discard can be as long as the disk: ${amount(gdOf(w).capacity, "sector")}.`,
    ),
    on(
      /discard_granularity/,
      (w) => say`Discards go in pieces of ${amount(w.info.discard_granularity, "byte")}.`,
    ),
    on(
      /discard_alignment/,
      (w) => say`The pieces are counted from byte ${count(w.info.discard_alignment)}.`,
    ),
    on(/^if \(info\.feature_secdiscard/, (w) =>
      w.info.feature_secdiscard
        ? say`The back end discards securely, too.`
        : say`The back end does not discard securely.`,
    ),
    on(/secdiscard/, () => say`The queue takes secure discards.`),
    on(
      /logical_block_size/,
      (w) => say`A block has ${amount(w.number("sector_size"), "byte")}; no request is for less.`,
    ),
    on(
      /physical_block_size/,
      (w) => say`On the medium a block has ${amount(w.number("physical_sector_size"), "byte")}.`,
    ),
    on(
      /max_hw_sectors/,
      (w) =>
        say`A request has ${amount(w.number("segments") * 8, "sector")} at most: 8 for each of ${w.number("segments")} grants.`,
    ),
    on(
      /max_segment_size/,
      (w) =>
        say`A segment is as long as a Linux page at most: ${amount(w.scene.machine.kernel.PAGE_SIZE, "byte")}.`,
    ),
    on(
      /max_segments/,
      (w) =>
        say`A request has ${amount(Math.floor(w.number("segments") / w.perPage), "segment")} at most: ${w.number("segments")} grants, ${w.perPage} to a Linux page.`,
      (w) => (w.number("segments") < w.perPage ? "warning" : "plain"),
    ),
    on(/segment_boundary/, () => say`A segment never crosses the end of a Linux page.`),
    on(/dma_alignment/, () => say`A buffer begins on a multiple of 512 bytes.`),
    on(/^gd\.queue/, () => say`The disk knows its queue.`),
    on(/^return 0/, () => say`The queue has its limits.`),
  ],
  flush_info: [
    on(/./, (w) => say`The message will say ${code(`${flushText(w.number("feature_flush"))};`)}.`),
  ],
  xlvbd_flush: [
    on(
      /flush_flags =/,
      (w) =>
        say`The block layer is told what the disk can flush: ${code("feature_flush")} is ${hex(w.info.feature_flush)}.`,
    ),
    on(
      /./,
      (w) =>
        say`The features are printed: persistent grants ${w.info.feature_persistent ? "enabled" : "disabled"}, ${code("max_indirect_segments")} ${w.info.max_indirect_segments}.`,
    ),
  ],
  xlbd_reserve_minors: [
    on(
      /^const end/,
      (w) =>
        say`Minors ${w.number("minor")} to ${w.number("minor") + w.number("nr") - 1} are wanted.`,
    ),
    on(/^if \(end/, (w) =>
      w.number("end") > w.info.statics.nr_minors
        ? say`The map of minors has room for ${w.info.statics.nr_minors} and is made larger.`
        : say`The map of minors has room for ${w.info.statics.nr_minors}, which is enough.`,
    ),
    on(
      /nr_minors =/,
      (w) =>
        say`The map gets room for ${Math.ceil(w.number("end") / 64) * 64} minors: whole words of 64 bits.`,
    ),
    on(/^if \(fails/, (w) =>
      w.failing("xlbd_reserve_minors")
        ? say`Somebody else has one of them.`
        : say`Nobody is known to have them.`,
    ),
    on(
      /^return -/,
      () => say`The minors cannot be had: ${code("-EBUSY")}.`,
      () => "warning",
    ),
    on(/^if \(statics/, (w) =>
      taken(w, w.number("i"))
        ? say`Minor ${w.number("i")} is taken.`
        : say`Minor ${w.number("i")} is free.`,
    ),
    on(/^for/, (w) => {
      const { size } = w.info.statics.minors;
      return say`They are gone through one by one; ${amount(size, "minor")} of the driver’s disks ${size === 1 ? "is" : "are"} taken.`;
    }),
    on(/minors\.add/, (w) => say`Minor ${w.number("i")} is the disk’s.`),
    on(/^return 0/, () => say`The minors are the disk’s.`),
  ],
  xlbd_release_minors: [
    on(
      /^const end/,
      (w) =>
        say`Minors ${w.number("minor")} to ${w.number("minor") + w.number("nr") - 1} are given back.`,
    ),
    on(
      /^BUG_ON/,
      (w) =>
        w.number("end") > w.info.statics.nr_minors
          ? say`They lie beyond the map of ${w.info.statics.nr_minors}, and the kernel stops.`
          : say`They lie within the map of ${w.info.statics.nr_minors}.`,
      (w) => (w.number("end") > w.info.statics.nr_minors ? "bug" : "plain"),
    ),
    on(/^for/, () => say`They are given back one by one.`),
    on(/minors\.delete/, (w) => say`Minor ${w.number("i")} is free again.`),
  ],
  above_extended_range: [
    on(
      /./,
      (w) =>
        say`Above bit 28, which marks the extended range, ${hex(w.number("vdevice") >>> 0)} has ${w.number("vdevice") >> 28 > 1 ? "more bits set" : "no bit set"}.`,
    ),
  ],
  minor_out_of_range: [
    on(/./, (w) => say`A minor number has 20 bits; this one is ${hex(w.number("minor"))}.`),
  ],
  xen_translate_vdev: [
    on(
      /^const major/,
      (w) => say`The major number of ${hex(w.number("vdevice"))} is ${w.number("vdevice") >> 8}.`,
    ),
    on(
      /^const minor/,
      (w) => say`Its low byte, ${w.number("vdevice") & 0xff}, says which minor it is.`,
    ),
    on(/^if \(major === XEN_IDE0/, (w) =>
      w.number("major") === 3 || w.number("major") === 22
        ? say`Major number ${w.number("major")} is that of an IDE disk.`
        : say`Major number ${w.number("major")} is not that of an IDE disk.`,
    ),
    on(
      /^const disk/,
      (w) =>
        say`With 64 minors to a disk it is IDE disk ${Math.floor(w.number("minor") / 64) + (w.number("major") === 22 ? 2 : 0)}.`,
    ),
    on(
      /^place\.offset = disk/,
      (w) =>
        say`It will be called xvd${lettersOf(w.number("disk"))}, like hd${lettersOf(w.number("disk"))} before.`,
    ),
    on(
      /^place\.minor = disk/,
      (w) => say`Its first minor is ${w.number("disk") * 16}, at 16 minors to a disk.`,
    ),
    on(/^const scsi/, (w) => say`Is major number ${w.number("major")} that of a SCSI disk?`),
    on(/^if \(scsi/, (w) =>
      w.local("scsi") === null
        ? say`Major number ${w.number("major")} is not that of a SCSI disk.`
        : say`Major number ${w.number("major")} is that of a SCSI disk; ${w.number("scsi")} come before its first.`,
    ),
    on(
      /^place\.offset = .*scsi/,
      (w) =>
        say`It is disk ${Math.floor(w.number("minor") / 16) + w.number("scsi")} in the order of names.`,
    ),
    on(
      /^place\.minor = .*scsi/,
      (w) => say`Its minor is ${w.number("minor") + w.number("scsi") * 16}.`,
    ),
    on(/^if \(major === XENVBD/, (w) =>
      w.number("major") === 202
        ? say`202 is the driver’s own major number.`
        : say`Major number ${w.number("major")} is that of no disk.`,
    ),
    on(
      /^place\.offset/,
      (w) => say`With 16 minors to a disk it is disk ${Math.floor(w.number("minor") / 16)}.`,
    ),
    on(/^place\.minor/, (w) => say`Its minor is ${w.number("minor")}, as it stands in the number.`),
    on(
      /^message/,
      () => say`The driver says that the number is that of no disk.`,
      () => "warning",
    ),
    on(
      /^return -/,
      () => say`There will be no disk: ${code("-ENODEV")}.`,
      () => "warning",
    ),
    on(
      /^return 0/,
      (w) => say`Minor ${place(w).minor}, disk ${place(w).offset} in the order of names.`,
    ),
  ],
  scsi_disks_before: [
    on(
      /^if/,
      (w) =>
        say`SCSI disks have the major numbers 8, 65 to 71 and 128 to 135; this is ${w.number("major")}.`,
    ),
    on(/^return null/, (w) => say`${w.number("major")} is not among them.`),
    on(/^return/, (w) => say`${w.number("major")} is among them: each stands for 16 disks.`),
  ],
  encode_disk_name: [
    on(
      /^const letter/,
      (w) =>
        say`Number ${w.number("n")} ends with the letter ${code(lettersOf(w.number("n") % 26))}.`,
    ),
    on(/^return/, (w) => say`Number ${w.number("n")} is ${code(lettersOf(w.number("n")))}.`),
  ],
  xlvbd_release_gendisk: [
    on(/^const k/, () => say`The disk goes.`),
    on(/^if \(info\.rq/, (w) =>
      w.info.rq === null
        ? say`The device has no disk any more.`
        : say`The device still has its disk.`,
    ),
    on(/^return/, () => say`There is nothing to release.`),
    on(/^const gd/, (w) => say`The disk is ${w.info.gd?.disk_name ?? "unknown"}.`),
    on(/blk_stop_queue/, (w) => {
      const waiting = w.info.rq?.queue_head.length ?? 0;
      return say`The queue is stopped; ${amount(waiting, "request")} ${waiting === 1 ? "waits" : "wait"} in it.`;
    }),
    on(/cancel_free_callback/, (w) =>
      w.info.callback.queued
        ? say`The grant table is not to call back any more.`
        : say`The grant table has nothing to call back for.`,
    ),
    on(/run_pending_work/, () => say`Work that is still to run, runs now.`),
    on(/del_gendisk/, (w) => say`${gdOf(w).disk_name} cannot be opened any more.`),
    on(
      /release_minors/,
      (w) =>
        say`Its ${amount(gdOf(w).minors, "minor")} from ${gdOf(w).first_minor} on are given back.`,
    ),
    on(
      /blk_cleanup_queue/,
      (w) => {
        const left = unended(w);
        return left === 0
          ? say`Every request has ended, so the queue goes.`
          : say`The queue goes when all requests have ended: ${amount(left, "request")} ${left === 1 ? "has" : "have"} not, and nobody will end ${left === 1 ? "it" : "them"}.`;
      },
      (w) => (unended(w) === 0 ? "plain" : "bug"),
    ),
    on(/^info\.rq = null/, () => say`The device has no queue any more.`),
    on(/^info\.gd = null/, () => say`The device has no disk any more.`),
  ],
};

/** Requests of the queue that has to go which have not ended. */
function unended(w: Words): number {
  return w.scene.machine.requests.filter(
    (req) => req.rq_disk?.queue === w.info.rq && req.state !== "ended",
  ).length;
}
