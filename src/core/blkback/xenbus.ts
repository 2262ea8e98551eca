/** The back end's side of the store: what it offers, and how it follows the front end's states. */
import { message_of } from "./says.js";
import { __CONST_RING_SIZE } from "../xen/ring.js";
import { XEN_PAGE_SIZE } from "../xen/page.js";
import {
  type xenbus_state,
  xenbus_read,
  xenbus_scanf,
  xenbus_switch_state,
} from "../xen/xenbus.js";
import type { backend } from "./backend.js";
import { map_grant, unmap_grant, xen_blkbk_unmap } from "./map.js";

/** The bits of `info`. */
const VDISK_CDROM = 1;
const VDISK_REMOVABLE = 2;
const VDISK_READONLY = 4;

/** Keys that a back end which does not offer them must not leave behind. */
const FEATURES = [
  "max-ring-page-order",
  "feature-flush-cache",
  "feature-barrier",
  "feature-discard",
  "discard-granularity",
  "discard-alignment",
  "discard-secure",
  "feature-persistent",
  "feature-max-indirect-segments",
] as const;
type feature = (typeof FEATURES)[number];

/** What the settings say of each feature's key; null: it is absent. */
function offered(be: backend): Record<feature, number | null> {
  const { settings } = be;
  const flush = settings.flush === "flush" || settings.flush === "both";
  const barrier = settings.flush === "barrier" || settings.flush === "both";
  return {
    "max-ring-page-order":
      settings.maxRingPages === null ? null : 31 - Math.clz32(settings.maxRingPages),
    "feature-flush-cache": flush ? 1 : null,
    "feature-barrier": barrier ? 1 : null,
    "feature-discard": settings.discard ? 1 : null,
    "discard-granularity": settings.discard ? settings.discardGranularity : null,
    "discard-alignment": settings.discard ? settings.discardAlignment : null,
    "discard-secure": settings.discardSecure === null ? null : Number(settings.discardSecure),
    "feature-persistent": settings.persistent ? 1 : null,
    "feature-max-indirect-segments": settings.maxIndirectSegments,
  };
}

/** Writes a key below the back end's directory; null removes it. What was changed by hand stays as it is. */
function publish(be: backend, key: string, value: string | number | null): void {
  const path = `${be.xbdev.nodename}/${key}`;
  const written = be.overrides.has(key) ? be.overrides.get(key) : value;
  if (written === null || written === undefined) be.xbdev.store.delete(path);
  else be.xbdev.store.set(path, String(written));
}

/** Somebody changes a key of the back end's directory by hand, or removes it. */
export function override(be: backend, key: string, value: string | null): void {
  be.overrides.set(key, value);
  publish(be, key, value);
}

/** `xen_blkbk_probe`: what the front end has to know before it makes a ring. */
export function xen_blkbk_probe(be: backend): void {
  const features = offered(be);
  publish(be, "max-ring-page-order", features["max-ring-page-order"]);
  xenbus_switch_state(be.xbdev, "InitWait");
}

/** `connect`: all that the back end offers, and the disk. */
function connect(be: backend): void {
  const features = offered(be);
  // A key that it does not offer, an earlier back end may have left.
  for (const key of FEATURES) publish(be, key, features[key]);
  const { disk_settings } = be;
  publish(be, "sectors", be.sectors);
  const info =
    (disk_settings.cdrom ? VDISK_CDROM : 0) |
    (disk_settings.removable ? VDISK_REMOVABLE : 0) |
    (disk_settings.readonly ? VDISK_READONLY : 0);
  publish(be, "info", info);
  publish(be, "sector-size", disk_settings.sectorSize);
  publish(be, "physical-sector-size", disk_settings.physicalSectorSize);
  xenbus_switch_state(be.xbdev, "Connected");
}

/** The disk has another capacity: `sectors`, of 512 bytes, and the state again, so that the front end looks. */
export function xen_vbd_resize(be: backend, sectors: number): void {
  be.sectors = sectors;
  publish(be, "sectors", sectors);
}

/** `connect_ring`: maps the ring's pages, which the front end has published, and starts at their beginning. */
function connect_ring(be: backend): boolean {
  const { store, otherend } = be.xbdev;
  const order = xenbus_scanf(store, otherend, "ring-page-order", "%u");
  const keys =
    order === null ? ["ring-ref"] : Array.from({ length: 1 << order }, (_, i) => `ring-ref${i}`);
  const frames: number[] = [];
  for (const key of keys) {
    const ref = xenbus_scanf(store, otherend, key, "%u");
    const frame = ref === null ? -1 : map_grant(be, ref);
    if (ref === null || frame < 0) {
      message_of(be, `reading ${otherend}/${key}`);
      return false;
    }
    be.ring_refs.push(ref);
    frames.push(frame);
  }
  const protocol = xenbus_read(store, otherend, "protocol");
  if (protocol !== be.layout.protocol) {
    message_of(be, `unknown fe protocol ${protocol ?? "(none)"}`);
    return false;
  }
  be.ring = frames[0] as number;
  be.nr_ents = __CONST_RING_SIZE(be.layout, keys.length * XEN_PAGE_SIZE);
  be.req_cons = 0;
  be.rsp_prod_pvt = 0;
  be.halted = false;
  be.overflow_max_grants = false;
  return true;
}

/** `xen_blkif_disconnect`: gives up everything that is mapped, and forgets what was under way. */
export function xen_blkif_disconnect(be: backend): void {
  for (const gref of [...be.mapped]) xen_blkbk_unmap(be, gref);
  for (const ref of be.ring_refs) unmap_grant(be, ref);
  be.ring_refs.length = 0;
  be.pending.length = 0;
  be.seen.clear();
  be.persistent_gnts.clear();
}

/** `frontend_changed`: the front end went to another state. */
export function frontend_changed(be: backend, frontend_state: xenbus_state): void {
  switch (frontend_state) {
    case "Initialised":
    case "Connected":
      if (be.xbdev.state === "Connected") break;
      xen_blkif_disconnect(be);
      if (connect_ring(be)) connect(be);
      break;
    case "Closing":
      xenbus_switch_state(be.xbdev, "Closing");
      break;
    case "Closed":
      xen_blkif_disconnect(be);
      xenbus_switch_state(be.xbdev, "Closed");
      break;
    default:
      break;
  }
}
