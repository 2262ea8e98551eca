/** The back end's own state. It sees the guest through the ring, the grant table and the mapped frames only. */
import type { memory } from "../linux/memory.js";
import type { BackendSettings, DiskSettings } from "../scenario.js";
import type { blkif_layout, blkif_request } from "../xen/blkif.js";
import type { evtchn } from "../xen/events.js";
import type { gnttab } from "../xen/grant-table.js";
import type { xenbus_device } from "../xen/xenbus.js";
import type { TraceListener } from "../tracepoints.js";

/** A request that was taken off the ring and waits to be executed. */
export interface pending_req {
  /** The back end's private copy of the ring entry. */
  readonly req: blkif_request;
  /** Which of the back end's places for copies it lies in. */
  readonly place: number;
  /** The ring slot that it was taken from. */
  readonly slot: number;
  /** The scenario's requests that it is for, by number. The model's own, so that a workload can name it. */
  asked: readonly number[];
}

/** `struct persistent_gnt`: a reference that stays mapped between requests. */
export interface persistent_gnt {
  /** Used by a request that has not been answered. */
  active: boolean;
  /** Used since the last purge. */
  was_active: boolean;
}

export interface backend {
  readonly layout: blkif_layout;
  /** The guest's memory, of which the back end may touch what it has mapped. */
  readonly mem: memory;
  readonly gnttab: gnttab;
  /** The guest's event channel. */
  readonly evtchn: evtchn;
  /** Its end of the device, with the store. */
  readonly xbdev: xenbus_device;
  /** What it offers and how it treats grants. */
  settings: BackendSettings;
  /** The disk's, as far as the front end is told. */
  readonly disk_settings: DiskSettings;
  /** Keys of its directory that somebody has changed by hand; null: removed. */
  readonly overrides: Map<string, string | null>;
  /** References of the ring's pages, while it is mapped. */
  readonly ring_refs: number[];
  /** Physical address of the first ring page. */
  ring: number;
  nr_ents: number;
  req_cons: number;
  rsp_prod_pvt: number;
  /** It saw an index that cannot be, and takes no more requests. */
  halted: boolean;
  /** Taken off the ring and not answered, in ring order. */
  readonly pending: pending_req[];
  /** Bytes that only the back end sees: its copies of ring entries. */
  readonly private_mem: memory;
  /** Distinct references, in the order in which they were first mapped. */
  readonly seen: Set<number>;
  /** References that are mapped now. */
  readonly mapped: Set<number>;
  /** Of these, the ones that stay mapped, by reference. */
  readonly persistent_gnts: Map<number, persistent_gnt>;
  /** A grant was mapped for one request only, for want of room among those that stay. */
  overflow_max_grants: boolean;
  /** It checks no more than the one of the recorded cases. */
  lenient: boolean;
  /** The disk, a byte at each address. */
  readonly disk: memory;
  /** In sectors of 512 bytes. */
  sectors: number;
  trace: TraceListener | null;
}
