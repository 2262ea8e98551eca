/** `blkif_free`: the pool, the ring and what was under way are given back. */
import type { blk_shadow, grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { get_order } from "../../core/linux/pages.js";
import { amount, count, hex } from "../format.js";
import { type Area, code, gref, on, say, type TextPart, type Words } from "./words.js";

const entryOf = (w: Words): grant => w.value<grant>("persistent_gnt");
const shadowOf = (w: Words): blk_shadow => w.value<blk_shadow>("shadow");

/** What becomes of a reference: it ends, or it has to wait for the back end. */
function ending(w: Words, ref: number): TextPart[] {
  return w.mapped(ref)
    ? say`${gref(ref)} is to end, but the back end still maps it: it waits on the deferred list.`
    : say`${gref(ref)} ends, and is free again.`;
}

const waits = (ref: (w: Words) => number) => (w: Words) =>
  w.mapped(ref(w)) ? ("warning" as const) : ("plain" as const);

function listLength(w: Words): number {
  let length = 0;
  const { grants, grant_slab } = w.info;
  for (let node = grants.next; node !== grants && length <= grant_slab.length; node = node.next) {
    length++;
  }
  return length;
}

/** Blocks of Linux pages by their order, in words. */
const block = (order: number): string => amount(2 ** order, "page");

const granted = (w: Words): number => entryOf(w).gref;

export const free: Area = {
  blkif_free: [
    on(/^const k/, (w) =>
      w.value<boolean>("suspend")
        ? say`The device is suspended: all that it has is given back, and it will come back.`
        : say`All that the device has is given back, for good.`,
    ),
    on(/^info\.connected/, (w) =>
      w.value<boolean>("suspend")
        ? say`The device is suspended: it queues nothing, and ignores interrupts.`
        : say`The device is disconnected: it queues nothing, and ignores interrupts.`,
    ),
    on(/^if \(info\.rq/, (w) =>
      w.info.rq === null ? say`There is no queue yet.` : say`The queue has to stop.`,
    ),
    on(/^blk_stop_queue/, (w) => {
      const waiting = w.info.rq?.queue_head.length ?? 0;
      return say`The queue is stopped; ${amount(waiting, "request")} ${waiting === 1 ? "waits" : "wait"} in it.`;
    }),
    on(
      /^for \(const persistent_gnt/,
      (w) =>
        say`The pool’s list is emptied: ${amount(listLength(w), "entry", "entries")}, ${count(w.info.persistent_gnts_c)} of them with a reference.`,
    ),
    on(/^list_del\(persistent_gnt/, (w) =>
      granted(w) === 0
        ? say`An entry without a reference leaves the list.`
        : say`The entry with ${gref(granted(w))} leaves the list.`,
    ),
    on(/^if \(persistent_gnt\.gref/, (w) =>
      granted(w) === 0
        ? say`It has no reference that could end.`
        : say`Its reference, ${gref(granted(w))}, has to end.`,
    ),
    on(
      /^gnttab_end_foreign_access\(k, persistent_gnt/,
      (w) => ending(w, granted(w)),
      waits(granted),
    ),
    on(
      /persistent_gnts_c--/,
      (w) =>
        say`One live grant less: ${code("persistent_gnts_c")} falls to ${w.info.persistent_gnts_c - 1}.`,
    ),
    on(/^if \(info\.feature_persistent/, (w) =>
      w.info.feature_persistent
        ? say`Grants persist, so the entry has a page of its own.`
        : say`Grants do not persist, so the page was the caller’s.`,
    ),
    on(/^__free_page\(k, persistent_gnt/, (w) => say`Its page ${hex(entryOf(w).page)} is freed.`),
    on(
      /^kfree_grant/,
      (w) =>
        say`The entry itself is freed${granted(w) !== 0 && w.mapped(granted(w)) ? ", though the back end still maps its page" : ""}.`,
    ),
    on(
      /^BUG_ON\(info\.persistent_gnts_c/,
      (w) =>
        w.info.persistent_gnts_c === 0
          ? say`Every live grant was met: ${code("persistent_gnts_c")} is 0.`
          : say`${code("persistent_gnts_c")} is ${w.info.persistent_gnts_c} and the list is empty: the kernel stops.`,
      (w) => (w.info.persistent_gnts_c === 0 ? "plain" : "bug"),
    ),
    on(/^if \(!list_empty/, (w) =>
      w.info.indirect_pages.next === w.info.indirect_pages
        ? say`There are no spare pages for indirect frames.`
        : say`There are spare pages for indirect frames.`,
    ),
    on(
      /^BUG_ON\(info\.feature_persistent/,
      (w) =>
        w.info.feature_persistent
          ? say`With persistent grants there should be none of them, and the kernel stops. They are frames whose grants the back end had let go of.`
          : say`Grants do not persist, so they are where they belong.`,
      (w) => (w.info.feature_persistent ? "bug" : "plain"),
    ),
    on(/^for \(const indirect_page/, () => say`The spare pages are freed one by one.`),
    on(/^list_del\(page_lru/, (w) => say`Page ${hex(w.number("indirect_page"))} leaves the list.`),
    on(
      /^__free_page\(k, indirect_page/,
      (w) => say`Page ${hex(w.number("indirect_page"))} is freed.`,
    ),
    on(/^for \(let i = 0; i < BLK/, (w) => {
      const busy = w.info.shadow.filter(({ request }) => request !== null).length;
      return say`The ${w.info.ring.nr_ents} shadow entries are gone through; ${amount(busy, "request")} ${busy === 1 ? "is" : "are"} under way.`;
    }),
    on(/^const shadow/, (w) => {
      const held = w.info.shadow[w.number("i")]?.request;
      return held
        ? say`Shadow entry ${w.number("i")} belongs to request ${w.name(held)}.`
        : say`Shadow entry ${w.number("i")} is free.`;
    }),
    on(/^free_shadow_grants/, (w) =>
      shadowOf(w).request === null
        ? say`Shadow entry ${w.number("i")} has no grants to give back.`
        : say`The grants of shadow entry ${w.number("i")} end in the middle of its request.`,
    ),
    on(
      /^shadow\./,
      (w) => say`Shadow entry ${w.number("i")} loses its room for grants and its scatterlist.`,
    ),
    on(/cancel_free_callback/, (w) =>
      w.info.callback.queued
        ? say`The grant table is not to call back any more.`
        : say`The grant table has nothing to call back for.`,
    ),
    on(/run_pending_work/, () => say`Work that is still to run, runs now.`),
    on(
      /^for \(let i = 0; i < info\.nr_ring_pages/,
      (w) => say`The ring’s ${amount(w.info.nr_ring_pages, "page")} end, one by one.`,
    ),
    on(/^const ref/, (w) => {
      const i = w.number("i");
      return say`Ring page ${i} is granted through ${gref(w.info.ring_ref[i] ?? 0)}.`;
    }),
    on(/^if \(ref/, (w) =>
      w.number("ref") === 0
        ? say`Ring page ${w.number("i")} is not granted.`
        : say`Ring page ${w.number("i")} is granted, so its reference has to end.`,
    ),
    on(
      /^gnttab_end_foreign_access\(k, ref/,
      (w) => ending(w, w.number("ref")),
      waits((w) => w.number("ref")),
    ),
    on(/^info\.ring_ref/, (w) => say`Ring page ${w.number("i")} has no reference any more.`),
    on(/^if \(info\.ring\.sring/, (w) =>
      w.info.ring.sring === null
        ? say`There is no ring to free.`
        : say`The ring’s pages are to be freed.`,
    ),
    on(/^const order/, (w) => {
      const k = w.scene.machine.kernel;
      const order = get_order(k, w.info.nr_ring_pages * k.PAGE_SIZE);
      return say`They are counted as ${amount(w.info.nr_ring_pages, "Linux page")}: a block of ${block(order)}.`;
    }),
    on(/^const allocated/, (w) => {
      const k = w.scene.machine.kernel;
      const order = get_order(k, w.info.nr_ring_pages * 4096);
      return say`They were allocated as ${amount(w.info.nr_ring_pages, "Xen page")}: a block of ${block(order)}.`;
    }),
    on(
      /^free_pages/,
      (w) => {
        const [freed, allocated] = [w.number("order"), w.number("allocated")];
        return freed === allocated
          ? say`A block of ${block(freed)} is freed, as it was allocated.`
          : say`A block of ${block(freed)} is freed where one of ${block(allocated)} was allocated: pages of somebody else go with it.`;
      },
      (w) => (w.number("order") === w.number("allocated") ? "plain" : "warning"),
    ),
    on(/sring = null/, () => say`There is no ring any more.`),
    on(/^info\.evtchn/, () => say`The interrupt is unbound, and the event channel with it.`),
  ],
  free_shadow_grants: [
    on(/^if \(shadow\.request/, (w) => {
      const { request } = shadowOf(w);
      return request === null
        ? say`The entry belongs to no request.`
        : say`The entry belongs to request ${w.name(request)}, which the back end has not answered.`;
    }),
    on(/^const indirect/, (w) =>
      shadowOf(w).req.operation === 6 ? say`The request is indirect.` : say`The request is direct.`,
    ),
    on(/^const segs/, (w) => {
      const { rw, indirect } = shadowOf(w).req.u;
      const segs = w.value<boolean>("indirect") ? indirect.nr_segments : rw.nr_segments;
      return say`The private copy says that it has ${amount(segs, "grant")}.`;
    }),
    on(
      /^for \(let j = 0; j < segs/,
      (w) => say`The ${amount(w.number("segs"), "grant")} end, one by one.`,
    ),
    on(/^for/, () => say`The indirect frames’ grants end, too.`),
    on(/^const persistent_gnt/, (w) => {
      const frames = /indirect_grants/.test(w.text);
      const held = (frames ? shadowOf(w).indirect_grants : shadowOf(w).grants_used)[w.number("j")];
      if (!held)
        return say`${frames ? "Frame" : "Grant"} ${w.number("j")} is a NULL pointer, and it is followed.`;
      return say`${frames ? "Frame" : "Grant"} ${w.number("j")} used ${gref(held.gref)}.`;
    }),
    on(/^gnttab_end_foreign_access/, (w) => ending(w, granted(w)), waits(granted)),
    on(/^if \(info\.feature_persistent/, (w) =>
      w.info.feature_persistent
        ? say`Grants persist, so the entry has a page of its own.`
        : say`Grants do not persist, so the page is the caller’s, and stays.`,
    ),
    on(/^__free_page/, (w) => say`Its page ${hex(entryOf(w).page)} is freed.`),
    on(/^kfree_grant/, () => say`The entry itself is freed.`),
    on(/^if \(!indirect/, (w) =>
      w.value<boolean>("indirect")
        ? say`It has indirect frames, too.`
        : say`It has no indirect frames.`,
    ),
    on(/^return/, () => say`There is nothing more to give back.`),
  ],
};
