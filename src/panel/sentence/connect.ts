/** Connecting: what the back end offers, the pool for it, and another size of the disk. */
import { xenbus_read } from "../../core/xen/xenbus.js";
import { amount, count, errno, hex } from "../format.js";
import { type Area, code, on, say, type TextPart, type Words } from "./words.js";

const perRequest = (w: Words): number => w.number("nr_page");
const frames = (w: Words): number => Math.ceil(perRequest(w) / 512);

/** A key of the back end's, as the store has it now. */
function offered(w: Words, key: string): string | null {
  const { xbdev } = w.scene.machine;
  return xenbus_read(xbdev.store, xbdev.otherend, key);
}

/** What the store says of a feature, and what follows. */
function feature(w: Words, key: string, yes: string, no: string): TextPart[] {
  const value = offered(w, key);
  if (value === null) return say`The store has no ${code(key)}: ${no}.`;
  const on = Number.parseInt(value, 10) !== 0;
  return say`The store says ${code(`${key} = ${value}`)}: ${on ? yes : no}.`;
}

const failedWith = (w: Words): number => {
  const err = w.local("err");
  return typeof err === "number" ? err : 0;
};

export const connect: Area = {
  blkfront_setup_indirect: [
    on(
      /^const k|^const \{ store/,
      () => say`How many grants may a request have, and what does that take?`,
    ),
    on(/^const indirect_segments/, (w) => {
      const value = offered(w, "feature-max-indirect-segments");
      return value === null
        ? say`The store has no ${code("feature-max-indirect-segments")}: the back end takes no indirect requests.`
        : say`The store says ${code(`feature-max-indirect-segments = ${value}`)}.`;
    }),
    on(/^if \(indirect_segments/, (w) =>
      w.local("indirect_segments") === null
        ? say`The back end takes no indirect requests.`
        : say`The back end takes indirect requests.`,
    ),
    on(
      /max_indirect_segments = 0/,
      () => say`The back end takes none: a request has 11 segments at most.`,
    ),
    on(/max_indirect_segments = Math/, (w) => {
      const [theirs, ours] = [w.number("indirect_segments"), w.info.statics.xen_blkif_max_segments];
      return say`The back end takes ${count(theirs)} segments in an indirect request, and the driver would use ${count(ours)}: the smaller counts.`;
    }),
    on(/^nr_page =/, (w) => {
      const most = w.info.max_indirect_segments;
      return say`A request can have ${amount(/BLKIF_MAX/.test(w.text) ? 11 : most, "grant")}.`;
    }),
    on(
      /^const segs =/,
      (w) => {
        const segs = Math.floor(perRequest(w) / w.perPage);
        return say`${perRequest(w)} grants of ${w.perPage} Xen pages to a Linux page: a request has ${amount(segs, "scatterlist entry", "scatterlist entries")}.`;
      },
      (w) => (Math.floor(perRequest(w) / w.perPage) === 0 ? "warning" : "plain"),
    ),
    on(/fill_grant_buffer/, (w) => {
      const ring = w.info.ring.nr_ents;
      return say`The pool gets ${(perRequest(w) + frames(w)) * ring} entries: ${perRequest(w)} grants and ${amount(frames(w), "frame")} for each of ${ring} slots.`;
    }),
    on(
      /^if \(err/,
      (w) =>
        failedWith(w) === 0
          ? say`The pool has its entries.`
          : say`There was no memory for the pool.`,
      (w) => (failedWith(w) === 0 ? "plain" : "warning"),
    ),
    on(
      /out_of_memory/,
      () => say`What was allocated is given back.`,
      () => "warning",
    ),
    on(/^if \(!info\.feature_persistent/, (w) =>
      w.info.feature_persistent
        ? say`Grants persist: the indirect frames are pages of the pool’s own.`
        : w.info.max_indirect_segments === 0
          ? say`There are no indirect requests, so no frames are needed.`
          : say`Grants do not persist, so the indirect frames need spare pages.`,
    ),
    on(
      /^const num =/,
      (w) =>
        say`Spare pages for the indirect frames are allocated: ${frames(w) * w.info.ring.nr_ents}.`,
    ),
    on(
      /^BUG_ON/,
      (w) =>
        w.info.indirect_pages.next === w.info.indirect_pages
          ? say`The list of spare pages is empty, as it should be.`
          : say`The list of spare pages is not empty, and the kernel stops.`,
      (w) => (w.info.indirect_pages.next === w.info.indirect_pages ? "plain" : "bug"),
    ),
    on(
      /^for \(let i = 0; i < num/,
      (w) => say`${amount(w.number("num"), "spare page")} are allocated one by one.`,
    ),
    on(/^const indirect_page/, (w) => say`Spare page ${w.number("i")} is allocated.`),
    on(
      /^if \(indirect_page/,
      (w) =>
        w.number("indirect_page") === 0
          ? say`There is no page left.`
          : say`It is page ${hex(w.number("indirect_page"))}.`,
      (w) => (w.number("indirect_page") === 0 ? "warning" : "plain"),
    ),
    on(
      /^list_add/,
      (w) => say`Page ${hex(w.number("indirect_page"))} is put at the head of the spare pages.`,
    ),
    on(
      /sg_init_table/,
      (w) =>
        say`The scatterlist of shadow entry ${w.number("i")} is marked to end after ${amount(w.number("segs"), "entry", "entries")}.`,
      (w) => (w.number("segs") === 0 ? "warning" : "plain"),
    ),
    on(
      /^for/,
      (w) => say`Each of the ${w.info.ring.nr_ents} shadow entries gets room for a request.`,
    ),
    on(/^i\+\+$/, (w) => say`The next one is number ${w.number("i") + 1}.`),
    on(/^return 0/, () => say`The pool and the shadow entries are ready.`),
    on(/^if \(info\.max_indirect/, (w) =>
      w.info.max_indirect_segments === 0
        ? say`Without indirect requests no frames are kept.`
        : say`Shadow entry ${w.number("i")} will keep frames, too.`,
    ),
    on(
      /indirect_grants/,
      (w) =>
        say`Shadow entry ${w.number("i")} gets room for ${amount(frames(w), "indirect frame")}.`,
    ),
    on(
      /shadow\.sg/,
      (w) =>
        say`Shadow entry ${w.number("i")} gets a scatterlist of ${amount(w.number("segs"), "entry", "entries")}.`,
    ),
    on(/./, (w) => say`Shadow entry ${w.number("i")} gets room for ${perRequest(w)} grants.`),
  ],
  blkfront_setup_indirect_out_of_memory: [
    on(
      /^for \(let/,
      (w) => say`The ${w.info.ring.nr_ents} shadow entries lose what they were given.`,
    ),
    on(
      /^const shadow|^shadow\./,
      (w) => say`Shadow entry ${w.number("i")} loses its room for grants and its scatterlist.`,
    ),
    on(/^for \(const/, () => say`The spare pages that were allocated go, too.`),
    on(/^list_del/, (w) => say`Page ${hex(w.number("indirect_page"))} leaves the list.`),
    on(/^__free_page/, (w) => say`Page ${hex(w.number("indirect_page"))} is freed.`),
    on(
      /^return/,
      () => say`The device cannot be connected: ${code("-ENOMEM")}.`,
      () => "warning",
    ),
  ],
  blkfront_setup_discard: [
    on(/^const \{ store/, () => say`The back end discards; how, the store says.`),
    on(/feature_discard = true/, () => say`The driver will pass discards on.`),
    on(
      /^const discard =/,
      () => say`In which pieces, and counted from where? Both keys or neither count.`,
    ),
    on(/^if \(discard !==/, (w) =>
      w.local("discard") === null
        ? say`One of the two is missing, so neither counts.`
        : say`Both are there.`,
    ),
    on(
      /discard_granularity =/,
      (w) =>
        say`Discards go in pieces of ${amount(Number(offered(w, "discard-granularity")), "byte")}.`,
    ),
    on(
      /discard_alignment =/,
      (w) =>
        say`The pieces are counted from byte ${count(Number(offered(w, "discard-alignment")))}.`,
    ),
    on(/^const discard_secure/, (w) =>
      feature(w, "discard-secure", "it discards securely, too", "it does not discard securely"),
    ),
    on(/^if \(discard_secure/, (w) =>
      w.local("discard_secure") === null
        ? say`Without the key nothing changes.`
        : say`The key is there.`,
    ),
    on(/feature_secdiscard/, (w) =>
      w.number("discard_secure") === 0
        ? say`Secure discards are not passed on.`
        : say`Secure discards are passed on, too.`,
    ),
  ],
  blkfront_resize: [
    on(/^const \{ store/, () => say`The device is connected: only the disk’s size is read again.`),
    on(/^const sectors/, (w) => {
      const value = offered(w, "sectors");
      return value === null
        ? say`The store has no ${code("sectors")}.`
        : say`The store says ${code(`sectors = ${value}`)}.`;
    }),
    on(/^if \(sectors/, (w) =>
      w.local("sectors") === null
        ? say`There is no size, so the disk keeps its own.`
        : say`The disk will have ${amount(w.number("sectors"), "sector")}.`,
    ),
    on(/^return/, () => say`The disk keeps its size.`),
    on(/^message/, (w) => say`The driver prints the new capacity, ${String(w.number("sectors"))}.`),
    on(/^const gd/, (w) => say`The disk has ${amount(w.info.gd?.capacity ?? 0, "sector")} so far.`),
    on(
      /^gd\.capacity/,
      (w) =>
        say`The capacity becomes ${amount(w.number("sectors"), "sector")}. The limits of the queue stay.`,
    ),
    on(
      /^revalidate_disk/,
      () => say`The block device takes the disk’s size, so that its users see it.`,
    ),
  ],
  blkfront_connect: [
    on(
      /^const k/,
      (w) => say`The back end has connected, and this device is ${w.info.connected.toLowerCase()}.`,
    ),
    on(/^switch/, (w) => {
      const what = {
        CONNECTED: "so only its size is read again",
        SUSPENDED: "so its unfinished requests are recovered",
        DISCONNECTED: "so everything is made",
      };
      return say`The device is ${w.info.connected.toLowerCase()}, ${what[w.info.connected]}.`;
    }),
    on(/^blkfront_resize/, () => say`The disk may have another size.`),
    on(/^blkif_recover/, () => say`What was under way before the suspend is submitted anew.`),
    on(/^break/, () => say`The features are read, and the disk is made.`),
    on(/^const dev/, (w) => say`The device is ${code(w.scene.machine.xbdev.nodename)}.`),
    on(
      /^const \{ store/,
      (w) => say`The back end’s directory is ${code(w.scene.machine.xbdev.otherend)}.`,
    ),
    on(/^const fields/, () => say`The back end is ready: its features are read from the store.`),
    on(
      /^if \(fields/,
      (w) =>
        w.local("fields") === null
          ? say`${code("sectors")}, ${code("info")} or ${code("sector-size")} is missing: without all three there is no disk.`
          : say`${code("sectors")}, ${code("info")} and ${code("sector-size")} are there.`,
      (w) => (w.local("fields") === null ? "warning" : "plain"),
    ),
    on(
      /^xenbus_dev_fatal/,
      () => say`The driver says what went wrong, and the device closes.`,
      () => "warning",
    ),
    on(
      /^const sector_size/,
      (w) =>
        say`A block of the disk has ${amount(w.value<{ "sector-size": number }>("fields")["sector-size"], "byte")}.`,
    ),
    on(/^const physical/, (w) => {
      const value = offered(w, "physical-sector-size");
      return value === null
        ? say`The store has no ${code("physical-sector-size")}, so the block size counts for both.`
        : say`The store says ${code(`physical-sector-size = ${value}`)}.`;
    }),
    on(/feature_flush = 0/, () => say`No flush is known yet.`),
    on(/"feature-barrier"/, (w) =>
      feature(w, "feature-barrier", "barriers are offered", "no barriers are offered"),
    ),
    on(
      /feature_flush = REQ_FLUSH \| REQ_FUA/,
      () => say`A barrier can stand for a flush and for data on the medium.`,
    ),
    on(/"feature-flush-cache"/, (w) =>
      feature(
        w,
        "feature-flush-cache",
        "a cache flush is offered, and wins over barriers",
        "no cache flush is offered",
      ),
    ),
    on(
      /feature_flush = REQ_FLUSH/,
      () => say`The cache flush is used, and data on the medium is not promised by it.`,
    ),
    on(/"feature-discard"/, (w) =>
      feature(w, "feature-discard", "the back end discards", "the back end does not discard"),
    ),
    on(/setup_discard/, () => say`How it discards is read.`),
    on(/"feature-persistent"/, (w) =>
      feature(
        w,
        "feature-persistent",
        "the back end keeps grants mapped, so the driver copies and uses its grants again",
        "grants end with their request",
      ),
    ),
    on(/feature_persistent =/, (w) =>
      typeof w.local("persistent") === "number" && (w.number("persistent") & 1) !== 0
        ? say`Grants persist.`
        : say`Grants do not persist.`,
    ),
    on(/blkfront_setup_indirect/, () => say`The pool of grants and the shadow entries are made.`),
    on(
      /xlvbd_alloc_gendisk/,
      (w) =>
        say`The disk of ${count(w.value<{ sectors: number }>("fields").sectors)} sectors and its queue are made.`,
    ),
    on(
      /^if \(err/,
      (w) =>
        failedWith(w) === 0
          ? say`That has worked.`
          : say`That has failed with ${code(errno(failedWith(w)))}.`,
      (w) => (failedWith(w) === 0 ? "plain" : "warning"),
    ),
    on(/xenbus_switch_state/, () => say`This end goes to ${code("Connected")}, too.`),
    on(
      /connected = "CONNECTED"/,
      () => say`The device is connected: from now on requests are queued.`,
    ),
    on(/kick_pending/, () => say`Requests that came in early are queued.`),
    on(/add_disk/, (w) => say`${w.info.gd?.disk_name ?? "The disk"} can be opened from now on.`),
    on(/is_ready/, () => say`The device is ready.`),
    on(/^return/, (w) =>
      w.info.connected === "CONNECTED"
        ? say`The back end’s word is dealt with.`
        : say`The device is not connected.`,
    ),
  ],
};
