/** The back end's own state. It sees the guest through the ring, the grant table and the mapped frames only. */
import type { memory } from "../linux/memory.js";
import type { BackendSettings } from "../scenario.js";
import type { blkif_layout, blkif_request } from "../xen/blkif.js";
import type { gnttab } from "../xen/grant-table.js";
import type { TraceListener } from "../tracepoints.js";

/** A request that was taken off the ring and waits to be executed. */
export interface pending_req {
  /** The back end's private copy of the ring entry. */
  readonly req: blkif_request;
  /** Which of the back end's places for copies it lies in. */
  readonly place: number;
}

export interface backend {
  readonly layout: blkif_layout;
  /** The guest's memory, of which the back end may touch what it has mapped. */
  readonly mem: memory;
  readonly gnttab: gnttab;
  /** Physical address of the first ring page. */
  ring: number;
  nr_ents: number;
  req_cons: number;
  rsp_prod_pvt: number;
  /** Taken off the ring and not answered, in ring order. */
  readonly pending: pending_req[];
  /** Bytes that only the back end sees: its copies of ring entries. */
  readonly private_mem: memory;
  /** Which grants stay mapped. */
  keepsMapped: BackendSettings["keepsMapped"];
  /** Distinct references, in the order in which they were first mapped. */
  readonly seen: Set<number>;
  /** References that are mapped now. */
  readonly mapped: Set<number>;
  /** The disk, a byte at each address. */
  readonly disk: memory;
  /** In sectors of 512 bytes. */
  readonly sectors: number;
  trace: TraceListener | null;
}
