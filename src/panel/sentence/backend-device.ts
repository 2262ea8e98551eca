/** The back end's side of the store and of the device's states, and what a faulty one does. */
import type { sent_request } from "../../core/blkback/misbehave.js";
import type { MadeUpResponse, Rewrite } from "../../core/scenario.js";
import { blkif_op_text } from "../../core/xen/blkif.js";
import { ring_entries, ring_slot } from "../../core/xen/ring.js";
import { amount, count, hex, statusText } from "../format.js";
import { be } from "./backend-grants.js";
import { type Area, code, gref, on, say, slotNo, type Words } from "./words.js";

const stateOf = (w: Words): string => be(w).xbdev.state;
const WHERE = {
  slot: "a ring slot",
  indirect: "an indirect frame",
  data: "a frame of data",
} as const;

const whatOf = (w: Words): Rewrite => w.value<Rewrite>("what");
const sentOf = (w: Words): sent_request => w.value<sent_request>("sent");

function resizing(from: number, to: number): ReturnType<typeof say> {
  if (from === to) return say`The disk keeps its ${amount(to, "sector")}.`;
  return say`The disk ${from < to ? "grows" : "shrinks"} from ${count(from)} to ${amount(to, "sector")}.`;
}

/** A key and its value, or that there is none. */
function keyText(key: string, value: unknown): ReturnType<typeof say> {
  return value === null || value === undefined
    ? say`${code(key)} is not offered, and the key is removed if it is there.`
    : say`${code(key)} becomes ${String(value as string | number)}.`;
}

/** What `publish` will write: a key that was changed by hand stays as it is. */
function published(w: Words, key: string, value: unknown): ReturnType<typeof say> {
  return be(w).overrides.has(key)
    ? say`${code(key)} was changed by hand, and stays as it was set: ${be(w).overrides.get(key) ?? "removed"}.`
    : keyText(key, value);
}

const featureOf = (w: Words, key: string): unknown =>
  w.value<Record<string, number | null>>("features")[key];

export const backendDevice: Area = {
  create_backend: [on(/./, () => say`The back end is there, and not connected.`)],
  message_of: [
    on(
      /./,
      (w) => say`The back end writes into its own log: ${code(w.value<string>("text"))}.`,
      () => "warning",
    ),
  ],
  offered: [
    on(/^return/, (w) => {
      const { settings } = be(w);
      const indirect =
        settings.maxIndirectSegments === null
          ? "no indirect requests"
          : `indirect requests of ${amount(settings.maxIndirectSegments, "segment")}`;
      return say`What the back end offers: ${indirect}, ${settings.persistent ? "persistent grants" : "no persistent grants"}, ${settings.discard ? "discards" : "no discards"}.`;
    }),
    on(/^const \{ settings/, () => say`What the back end offers follows from its settings.`),
    on(/^const flush/, (w) =>
      /flush|both/.test(be(w).settings.flush)
        ? say`It offers a cache flush.`
        : say`It offers no cache flush.`,
    ),
    on(/^const barrier/, (w) =>
      /barrier|both/.test(be(w).settings.flush)
        ? say`It offers barriers.`
        : say`It offers no barriers.`,
    ),
  ],
  publish: [
    on(
      /^const path/,
      (w) =>
        say`The key is ${code(`${be(w).xbdev.nodename}/${w.value<string>("key")}`)} in the store.`,
    ),
    on(/^const written/, (w) => {
      const key = w.value<string>("key");
      return be(w).overrides.has(key)
        ? say`Somebody has set ${code(key)} by hand, and that stands.`
        : say`Nobody has set ${code(key)} by hand, so the back end’s own value counts.`;
    }),
    on(/^if/, (w) => {
      const key = w.value<string>("key");
      const written = be(w).overrides.has(key) ? be(w).overrides.get(key) : w.value("value");
      return keyText(key, written);
    }),
    on(/store\.delete/, (w) => say`The key ${code(w.value<string>("key"))} is removed.`),
    on(
      /store\.set/,
      (w) =>
        say`The store says ${code(`${w.value<string>("key")} = ${String(w.value<unknown>("written"))}`)} from now on.`,
    ),
  ],
  override: [
    on(/overrides\.set/, (w) => {
      const value = w.local("value");
      const key = code(w.value<string>("key"));
      return typeof value === "string"
        ? say`Somebody sets ${key} to ${code(value)}, whatever the back end offers.`
        : say`Somebody removes ${key}, whatever the back end offers.`;
    }),
    on(/publish/, (w) => say`The change of ${code(w.value<string>("key"))} goes into the store.`),
  ],
  xen_blkbk_probe: [
    on(/offered/, () => say`The back end has found the device; it says what must be known first.`),
    on(/^publish/, (w) => published(w, "max-ring-page-order", featureOf(w, "max-ring-page-order"))),
    on(
      /InitWait/,
      () => say`The back end goes to ${code("InitWait")}: the front end may set up its ring.`,
    ),
  ],
  connect: [
    on(/^const features/, () => say`The ring is mapped; now the back end says what it offers.`),
    on(/^for/, () => say`A key that it does not offer may be left from an earlier back end.`),
    on(/^publish\(be, key/, (w) => {
      const key = w.value<string>("key");
      return published(w, key, featureOf(w, key));
    }),
    on(/^const \{ disk_settings/, () => say`Then it says what the disk is like.`),
    on(
      /"sectors"/,
      (w) =>
        say`${code("sectors")} becomes ${count(be(w).sectors)}: sectors of 512 bytes, whatever ${code("sector-size")} says.`,
    ),
    on(/^const info/, (w) => {
      const { readonly, removable, cdrom } = be(w).disk_settings;
      const set = [cdrom && "a CD-ROM", removable && "removable", readonly && "read-only"];
      const said = set.filter((one) => one !== false);
      return say`${code("info")} says that the disk is ${said.length === 0 ? "an ordinary one" : said.join(", ")}.`;
    }),
    on(/"info"/, (w) => published(w, "info", w.number("info"))),
    on(/"sector-size"/, (w) => published(w, "sector-size", be(w).disk_settings.sectorSize)),
    on(/"physical-sector-size"/, (w) =>
      published(w, "physical-sector-size", be(w).disk_settings.physicalSectorSize),
    ),
    on(
      /Connected/,
      () =>
        say`The back end goes to ${code("Connected")}; the front end will hear of it and read the keys.`,
    ),
  ],
  xen_vbd_resize: [
    on(/^be\.sectors/, (w) => resizing(be(w).sectors, w.number("sectors"))),
    on(/^publish/, (w) => published(w, "sectors", w.number("sectors"))),
  ],
  connect_ring: [
    on(/^const \{ store/, () => say`The back end looks where the front end’s ring is.`),
    on(/^const order/, () => say`Does the front end say how large its ring is?`),
    on(/^const keys/, (w) => {
      const order = w.local("order");
      return typeof order === "number"
        ? say`The ring has ${amount(2 ** order, "page")}: one key for each.`
        : say`The front end does not say, so the ring has one page.`;
    }),
    on(/^const frames/, () => say`The pages’ frames are gathered.`),
    on(
      /^for/,
      (w) =>
        say`The ring’s ${amount(w.value<string[]>("keys").length, "page")} are mapped one by one.`,
    ),
    on(/^const ref/, (w) => say`${code(w.value<string>("key"))} is read from the store.`),
    on(/^const frame/, (w) => {
      const ref = w.local("ref");
      return typeof ref === "number"
        ? say`Ring page ${gref(ref)} is mapped.`
        : say`There is no reference to map.`;
    }),
    on(/^if \(ref/, (w) =>
      w.local("ref") === null || w.number("frame") < 0
        ? say`${code(w.value<string>("key"))} gives no page that could be mapped.`
        : say`The page of ${code(w.value<string>("key"))} lies at ${hex(w.number("frame"))}.`,
    ),
    on(
      /^message_of\(be, `reading/,
      (w) =>
        say`The back end logs that ${code(w.value<string>("key"))} leads nowhere, and does not connect.`,
      () => "warning",
    ),
    on(
      /ring_refs\.push/,
      (w) => say`${gref(w.number("ref"))} is remembered, to be unmapped later.`,
    ),
    on(/^frames\.push/, (w) => say`The frame of ${code(w.value<string>("key"))} is in hand.`),
    on(/^const protocol/, () => say`In which layout does the front end write its requests?`),
    on(/^if \(protocol/, (w) => {
      const protocol = w.local("protocol");
      const said = typeof protocol === "string" ? protocol : "nothing";
      return protocol === be(w).layout.protocol
        ? say`The front end says ${code(said)}, and so it is read.`
        : say`The front end says ${said}, and this back end reads ${code(be(w).layout.protocol)} only.`;
    }),
    on(
      /^message_of\(be, `unknown/,
      () => say`The back end logs that it does not know the protocol, and does not connect.`,
      () => "warning",
    ),
    on(
      /^be\.ring =/,
      (w) =>
        say`The ring begins at ${hex(w.value<number[]>("frames")[0] ?? 0)} of the guest’s memory.`,
    ),
    on(/^be\.nr_ents/, (w) => {
      const pages = w.value<string[]>("keys").length;
      return say`A ring of ${amount(pages, "page")} has ${amount(ring_entries(be(w).layout, pages), "entry", "entries")} of ${be(w).layout.entry} bytes.`;
    }),
    on(/^be\.req_cons/, () => say`It starts to take requests at the ring’s beginning.`),
    on(/^be\.rsp_prod_pvt/, () => say`It starts to write responses at the ring’s beginning.`),
    on(/^be\.halted/, () => say`The ring is in working order.`),
    on(/^be\.overflow/, () => say`No grant was turned away yet.`),
    on(/^return true/, () => say`The ring is connected.`),
    on(/^return false/, () => say`The ring is not connected.`),
  ],
  xen_blkif_disconnect: [
    on(/^for \(const gref/, (w) =>
      be(w).mapped.size === 0
        ? say`The back end has no grant of a request mapped.`
        : say`The back end gives up the ${amount(be(w).mapped.size, "grant")} that it has mapped, those under way included.`,
    ),
    on(/^xen_blkbk_unmap/, (w) => say`${gref(w.number("gref"))} is given up.`),
    on(/^for \(const ref/, (w) =>
      be(w).ring_refs.length === 0
        ? say`It has no ring mapped.`
        : say`The ring is given up, too: ${amount(be(w).ring_refs.length, "page")}.`,
    ),
    on(/^unmap_grant/, (w) => say`Ring page ${gref(w.number("ref"))} is unmapped.`),
    on(/ring_refs\.length/, () => say`The back end has no ring any more.`),
    on(/pending\.length/, (w) =>
      be(w).pending.length === 0
        ? say`Nothing that it took is unanswered.`
        : say`${amount(be(w).pending.length, "request")} that it took will never be answered.`,
    ),
    on(/seen\.clear/, () => say`It forgets which references it has ever mapped.`),
    on(/persistent_gnts\.clear/, () => say`It forgets which references it kept.`),
  ],
  frontend_changed: [
    on(
      /^switch/,
      (w) =>
        say`The front end went to ${code(w.value<string>("frontend_state"))}; the back end is ${code(stateOf(w))}.`,
    ),
    on(/^if \(be\.xbdev/, (w) =>
      stateOf(w) === "Connected"
        ? say`The back end is connected already, so nothing is to be done.`
        : say`The back end is not connected, so it connects now.`,
    ),
    on(/^if \(connect_ring/, () => say`The ring that the front end has published is mapped.`),
    on(/^connect\(be/, () => say`With the ring mapped, the back end says what it offers.`),
    on(/^xen_blkif_disconnect/, (w) =>
      w.value<string>("frontend_state") === "Closed"
        ? say`The front end has closed, so the back end gives up all that it has mapped.`
        : say`What is left of an earlier connection is given up first.`,
    ),
    on(/"Closing"/, () => say`The back end follows the front end to ${code("Closing")}.`),
    on(/"Closed"/, () => say`The back end follows the front end to ${code("Closed")}.`),
    on(/^break/, (w) => say`The back end stays ${code(stateOf(w))}.`),
  ],
  respond_unasked: [
    on(/take_requests/, () => say`A faulty back end first reads what lies on the ring.`),
    on(/^for/, (w) => {
      const { length } = w.value<MadeUpResponse[]>("responses");
      return say`It writes ${amount(length, "response")} that nobody has asked for.`;
    }),
    on(
      /make_response/,
      (w) =>
        say`It answers shadow id ${w.number("shadowId")}, ${blkif_op_text(w.number("operation"))} ${statusText(w.number("status"))}, though nothing asked for that.`,
      () => "warning",
    ),
  ],
  overrun: [
    on(/take_requests/, () => say`A faulty back end first reads what lies on the ring.`),
    on(
      /rsp_prod_pvt =/,
      (w) =>
        say`It claims ${amount(w.number("count"), "response")} that it has not written: what the guest finds there are the bytes of earlier entries.`,
      () => "warning",
    ),
    on(/push_responses/, () => say`The claim becomes visible to the guest.`),
  ],
  rewrite: [
    on(
      /^const addr/,
      (w) =>
        say`A faulty back end is about to write over ${WHERE[whatOf(w).where]} of what it was sent.`,
    ),
    on(/^if/, (w) =>
      w.number("addr") < 0
        ? say`There is no such place, so nothing is written.`
        : say`The place is ${hex(w.number("addr"))} in the guest’s memory.`,
    ),
    on(/^return/, () => say`Nothing is written.`),
    on(
      /forEach/,
      (w) =>
        say`${amount(whatOf(w).bytes.length, "byte")} at ${hex(w.number("addr"))} are written over: what the guest reads there is no longer what it wrote.`,
      () => "warning",
    ),
    on(/trace/, (w) => say`The bytes at ${hex(w.number("addr"))} are the back end’s now.`),
  ],
  address_of: [
    on(
      /^if \(where/,
      (w) => say`It is ${WHERE[w.value<Rewrite["where"]>("where")]} that is meant.`,
    ),
    on(/^if \(sent\.slot/, (w) =>
      sentOf(w).slot < 0
        ? say`The back end does not have this request.`
        : say`The request came in ring ${slotNo(sentOf(w).slot)}.`,
    ),
    on(/^return be\.ring/, (w) => {
      const slot = ring_slot(be(w).nr_ents, sentOf(w).slot);
      return say`Byte ${w.number("offset")} of ring ${slotNo(slot)} is where it writes.`;
    }),
    on(
      /^const gref/,
      (w) =>
        say`It is ${WHERE[w.value<Rewrite["where"]>("where")]}, number ${w.number("index")}; its reference is looked up.`,
    ),
    on(/^if \(gref/, (w) =>
      w.has("gref") ? say`It is ${gref(w.number("gref"))}.` : say`The request has no such frame.`,
    ),
    on(
      /^return mem_get32/,
      (w) =>
        say`Byte ${w.number("offset")} of the frame of ${gref(w.number("gref"))} is where it writes.`,
    ),
    on(/^return -1/, () => say`There is no such place.`),
  ],
};
