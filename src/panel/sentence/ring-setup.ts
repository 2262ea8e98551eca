/** The ring is made, granted and published, at first and on each resume. */
import { get_order } from "../../core/linux/pages.js";
import type { xenbus_transaction } from "../../core/xen/xenbus.js";
import { amount, errno, hex } from "../format.js";
import { type Area, code, gref, on, say, type TextPart, type Words } from "./words.js";

/** What a call has returned, where it has failed. */
function failed(w: Words): number | null {
  const err = w.local("err");
  return typeof err === "number" && err < 0 ? err : null;
}

const warnsOnFailure = (w: Words): "plain" | "warning" =>
  failed(w) === null ? "plain" : "warning";

function order(w: Words): number {
  return get_order(w.scene.machine.kernel, w.number("ring_size"));
}

/** A key that is written into the transaction, or not. */
function writing(w: Words, key: string, value: string | number | TextPart): TextPart[] {
  const call = `xenbus_printf ${key.replace(/\d+$/, "")}`;
  return w.failing(call)
    ? say`${code(key)} cannot be written: ${code("xenbus_printf")} fails.`
    : say`${code(key)} becomes ${typeof value === "number" ? String(value) : value}, once the transaction ends.`;
}

const fatal = on(
  /^xenbus_dev_fatal/,
  (w) =>
    say`The driver says what went wrong${failed(w) === null ? "" : ` (${errno(failed(w) ?? 0)})`}, and the device closes.`,
  () => "warning",
);

export const ringSetup: Area = {
  talk_to_blkback: [
    on(/^const k/, () => say`The driver sets up its ring and tells the back end where it is.`),
    on(/^let ring_page_order/, () => say`Unless the back end offers more, the ring has one page.`),
    on(/^const max_page_order/, () => say`How large a ring does the back end take?`),
    on(/^if \(max_page_order/, (w) => {
      const most = w.local("max_page_order");
      return typeof most === "number"
        ? say`It takes rings of up to ${amount(2 ** most, "page")}.`
        : say`It says nothing, so it knows rings of one page only.`;
    }),
    on(/^ring_page_order =/, (w) => {
      const own = w.info.statics.xen_blkif_max_ring_order;
      return say`The driver would use 2 to the power of ${own} pages, the back end takes 2 to the power of ${w.number("max_page_order")}: the smaller counts.`;
    }),
    on(/nr_ring_pages =/, (w) => {
      const pages = /<</.test(w.text) ? 1 << w.number("ring_page_order") : 1;
      return say`The ring gets ${amount(pages, "page")} of 4,096 bytes.`;
    }),
    on(/setup_blkring/, () => say`The ring’s pages are allocated and granted.`),
    on(/^const xbt/, () => say`The keys are written in a transaction: all at once or none.`),
    on(/transaction_start/, (w) =>
      w.failing("xenbus_transaction_start")
        ? say`The transaction cannot be started.`
        : say`A transaction is started.`,
    ),
    on(/write_ring_keys/, () => say`The store is told where the ring is.`),
    on(
      /^if \(failed/,
      (w) =>
        w.local("failed") === null
          ? say`Every key was written.`
          : say`A key could not be written: the driver was ${String(w.local("failed") as string)}.`,
      (w) => (w.local("failed") === null ? "plain" : "warning"),
    ),
    on(/transaction_end\(k, dev, xbt, true/, () => say`The transaction is given up.`),
    on(/transaction_end\(k, dev, xbt, false/, (w) => {
      if (w.failing("xenbus_transaction_end EAGAIN")) {
        return say`Another transaction has come between: this one ends with ${code("-EAGAIN")}.`;
      }
      if (w.failing("xenbus_transaction_end")) return say`The transaction cannot be completed.`;
      const { writes } = w.value<xenbus_transaction>("xbt");
      return say`The transaction ends: ${amount(writes.size, "key")} appear in the store at once.`;
    }),
    on(/^while/, (w) =>
      w.number("err") === -11
        ? say`After ${code("-EAGAIN")} everything is written once more.`
        : say`The transaction need not be repeated.`,
    ),
    on(
      /^if \(err/,
      (w) =>
        failed(w) === null
          ? say`That has worked.`
          : say`That has failed with ${code(errno(failed(w) ?? 0))}.`,
      warnsOnFailure,
    ),
    fatal,
    on(/^blkif_free/, () => say`What was set up is given back.`),
    on(/^return 0/, () => say`The ring is published.`),
    on(/^return/, () => say`The device is not set up.`),
    on(/init_shadow_ids/, () => say`The shadow entries are chained as the free ids.`),
    on(/Initialised/, () => say`The driver has set up its side, and waits for the back end.`),
  ],
  write_ring_keys: [
    on(/^const k/, () => say`The keys are written one by one.`),
    on(/^if \(info\.nr_ring_pages/, (w) =>
      w.info.nr_ring_pages === 1
        ? say`The ring has one page, which is named as in old drivers.`
        : say`The ring has ${w.info.nr_ring_pages} pages, each with a key.`,
    ),
    on(/"ring-ref"/, (w) => writing(w, "ring-ref", gref(w.info.ring_ref[0] ?? 0))),
    on(/"ring-page-order"/, (w) => writing(w, "ring-page-order", w.number("ring_page_order"))),
    on(/`ring-ref\$/, (w) => {
      const i = w.number("i");
      return writing(w, `ring-ref${i}`, gref(w.info.ring_ref[i] ?? 0));
    }),
    on(/^for/, (w) => say`The ${w.info.nr_ring_pages} references are written one by one.`),
    on(/"event-channel"/, (w) => writing(w, "event-channel", w.info.evtchn)),
    on(/"protocol"/, (w) => writing(w, "protocol", code(w.info.layout.protocol))),
    on(/"feature-persistent"/, (w) =>
      w.failing("xenbus_printf feature-persistent")
        ? say`${code("feature-persistent")} cannot be written; the driver goes on without it.`
        : say`${code("feature-persistent")} becomes 1: the driver will use its grants again.`,
    ),
    on(
      /^const text|^message/,
      () => say`The driver says that it could not write ${code("feature-persistent")}.`,
      () => "warning",
    ),
    on(
      /^return "/,
      () => say`What was written so far goes no further.`,
      () => "warning",
    ),
    on(/^return null/, () => say`All keys are in the transaction.`),
  ],
  xenbus_grant_ring: [
    on(/^const k/, (w) => say`${amount(w.number("nr_pages"), "page")} of 4,096 bytes are granted.`),
    on(/^for \(let i/, (w) => {
      const perPage = w.perPage;
      return say`They are granted one by one: ${amount(w.number("nr_pages"), "Xen page")}, ${perPage} of which make a Linux page.`;
    }),
    on(/gnttab_grant_foreign_access\(/, (w) => {
      const gfn = w.number("page") * w.perPage + w.number("i");
      return say`Ring page ${w.number("i")}, Xen frame ${hex(gfn)}, is granted to the back end.`;
    }),
    on(
      /^if \(err/,
      (w) =>
        w.number("err") < 0
          ? say`The grant table has no reference left.`
          : say`The page is granted through ${gref(w.number("err"))}.`,
      warnsOnFailure,
    ),
    fatal,
    on(
      /^for \(const granted/,
      (w) =>
        say`The ${amount(w.value<number[]>("gref").length, "page")} that were granted are not granted any more; the references are not freed.`,
    ),
    on(/end_foreign_access_ref/, (w) => say`${gref(w.number("granted"))} ends.`),
    on(/^gref\.push/, (w) => say`${gref(w.number("err"))} is kept.`),
    on(/^return err/, () => say`The ring is not granted.`),
    on(/^return 0/, (w) => say`All ${amount(w.number("nr_pages"), "page")} are granted.`),
  ],
  setup_blkring: [
    on(/^const k/, () => say`The ring’s pages are allocated, granted, and given an event channel.`),
    on(
      /^const ring_size/,
      (w) =>
        say`${amount(w.info.nr_ring_pages, "page")} make ${amount(w.info.nr_ring_pages * 4096, "byte")}.`,
    ),
    on(/^for/, (w) =>
      w.has("gref")
        ? say`The ${amount(w.info.nr_ring_pages, "reference")} are noted.`
        : say`No page has a reference yet.`,
    ),
    on(/GRANT_INVALID_REF/, (w) => say`Page ${w.number("i")} of the ring has no reference yet.`),
    on(/^info\.ring_ref\[i\] = gref/, (w) => {
      const i = w.number("i");
      return say`${code(`ring_ref[${i}]`)} becomes ${gref(w.value<number[]>("gref")[i] ?? 0)}.`;
    }),
    on(/alloc_pages/, (w) =>
      w.failing("__get_free_pages")
        ? say`There are no pages for the ring.`
        : say`${amount(2 ** order(w), "Linux page")} in a row, for a ring of ${amount(w.number("ring_size"), "byte")}, are allocated.`,
    ),
    on(
      /^if \(page/,
      (w) =>
        w.number("page") === 0
          ? say`No pages could be had.`
          : say`The ring begins with Linux page ${hex(w.number("page"))}.`,
      (w) => (w.number("page") === 0 ? "warning" : "plain"),
    ),
    fatal,
    on(
      /^const sring/,
      (w) => say`The ring’s indexes lie at the beginning of page ${hex(w.number("page"))}.`,
    ),
    on(
      /SHARED_RING_INIT|FRONT_RING_INIT/,
      (w) =>
        say`The ring is empty: of ${amount(w.number("ring_size"), "byte")}, entries of ${w.info.layout.entry} bytes.`,
    ),
    on(/^const gref/, () => say`The pages’ references are gathered.`),
    on(/xenbus_grant_ring/, () => say`The ring’s pages are granted to the back end.`),
    on(/xenbus_alloc_evtchn/, (w) =>
      w.failing("xenbus_alloc_evtchn")
        ? say`No event channel can be had.`
        : say`An event channel to the back end’s domain is allocated.`,
    ),
    on(/bind_evtchn_to_irqhandler"\)/, (w) =>
      w.failing("bind_evtchn_to_irqhandler")
        ? say`The channel cannot be bound to an interrupt.`
        : say`The channel is bound to ${code("blkif_interrupt")}.`,
    ),
    on(/^info\.evtchn/, (w) => say`The channel’s port is ${w.scene.machine.kernel.evtchn.port}.`),
    on(
      /^if \(err/,
      (w) =>
        failed(w) === null
          ? say`That has worked.`
          : say`That has failed with ${code(errno(failed(w) ?? 0))}.`,
      warnsOnFailure,
    ),
    on(/^free_pages/, (w) => say`The ring’s pages, from ${hex(w.number("page"))} on, are freed.`),
    on(/sring = null/, () => say`There is no ring.`),
    on(
      /setup_blkring_fail/,
      () => say`What was set up is given back.`,
      () => "warning",
    ),
    on(/^info\.irq/, (w) => say`The interrupt is number ${w.number("err")}.`),
    on(/^return -/, () => say`There is no ring.`),
    on(/^return 0/, () => say`The ring is there and granted.`),
  ],
  setup_blkring_fail: [
    on(/blkif_free/, () => say`Everything that the device has is freed.`),
    on(
      /^return/,
      (w) => say`The ring could not be set up: ${code(errno(w.number("err")))}.`,
      () => "warning",
    ),
  ],
  init_shadow_ids: [
    on(/req\.u\.rw\.id = i \+ 1/, (w) => {
      const i = w.number("i");
      return say`Entry ${i} names ${i + 1} as the free id that comes after it.`;
    }),
    on(
      /LAST_ID/,
      (w) => say`Entry ${w.info.ring.nr_ents - 1} ends the chain: its id is ${code("0x0fffffff")}.`,
    ),
    on(/./, (w) => say`The ${w.info.ring.nr_ents} shadow entries are chained as the free ids.`),
  ],
};
