/**
 * What the core tells an observer, as the kernel's tracepoints do. An event is sent at the moment when it
 * is true, so a listener may read the machine; it must not write it. Lengths and offsets are in bytes,
 * sectors of 512 bytes.
 */
import type { KernelCall, Rewrite } from "./scenario.js";
import type { log_level } from "./linux/printk.js";
import type { request } from "./linux/request.js";

export type TraceEvent =
  /** `blk_start_request`: the driver has taken the request off the queue. */
  | { kind: "request_start"; req: request }
  /** `gnttab_alloc_grant_references`; `head` is the first reference of the chain. */
  | { kind: "grefs_alloc"; count: number; ok: boolean; head: number }
  /** `gnttab_request_free_callback`. */
  | { kind: "free_callback"; count: number; already_queued: boolean }
  /** A shadow id and a ring slot were taken for the request. */
  | {
      kind: "request_id";
      req: request;
      id: number;
      slot: number;
      max_grefs: number;
      reserved: number;
    }
  /** An indirect frame was granted and mapped; `fresh`: with a new reference. */
  | { kind: "indirect_frame"; id: number; n: number; gref: number; fresh: boolean; addr: number }
  /** A grant left the free list for piece `grant_idx` of the request; `gfn` is the caller's frame. */
  | {
      kind: "grant_taken";
      id: number;
      grant_idx: number;
      gref: number;
      fresh: boolean;
      gfn: number;
      offset: number;
      len: number;
    }
  /** The segment of grant `grant_idx` was written: into the ring (`frame` -1) or an indirect frame. */
  | {
      kind: "segment_written";
      id: number;
      grant_idx: number;
      gref: number;
      first_sect: number;
      last_sect: number;
      frame: number;
      slot: number;
      addr: number;
    }
  /** Bytes moved between the caller's page and a granted page: `in` before a write, `back` after a read. */
  | {
      kind: "bytes_copied";
      way: "in" | "back";
      id: number;
      grant_idx: number;
      src: number;
      dst: number;
      len: number;
    }
  /** The request lies complete in the ring, not yet pushed. */
  | { kind: "request_queued"; req: request; id: number; slot: number }
  /** The driver could not queue the request for want of grant references. */
  | { kind: "request_busy"; req: request; max_grefs: number; requested: number }
  | { kind: "request_requeue"; req: request }
  | { kind: "queue_stop"; ring_full: boolean }
  | { kind: "queue_start" }
  /** A request arrived while the queue was stopped. */
  | { kind: "queue_is_stopped" }
  /** Requests became visible to the back end: `req_prod` moved to `req_prod`. */
  | { kind: "requests_pushed"; req_prod: number; notify: boolean }
  /** The back end mapped a reference, or found it mapped already. */
  | { kind: "backend_map"; gref: number; already: boolean }
  | { kind: "backend_unmap"; gref: number }
  /** The back end moved data between the disk and a granted frame. */
  | {
      kind: "backend_io";
      write: boolean;
      sector: number;
      gref: number;
      offset: number;
      len: number;
    }
  /** The back end wrote a response into a slot. */
  | { kind: "backend_response"; id: number; operation: number; status: number; slot: number }
  | { kind: "interrupt" }
  /** The interrupt handler read a response. */
  | { kind: "response_taken"; id: number; operation: number; status: number; slot: number }
  /**
   * A grant came back: to the head of the list, still granted; to the tail, its reference ended; or `deferred`
   * when its end had to wait because the back end still maps it.
   */
  | {
      kind: "grant_released";
      id: number;
      grant_idx: number;
      indirect: boolean;
      gref: number;
      to: "head" | "tail";
    }
  /** The shadow id went back to its list. */
  | { kind: "id_recycled"; id: number }
  /** The driver ended the request with this error (0 or a negative errno). */
  | {
      kind: "request_end";
      req: request;
      id: number;
      error: number;
      why: "complete" | "rejected" | "recover";
    }
  /** A bio of the scenario's request `nr` has ended: the one who asked for it is told. `times`: so often by now. */
  | { kind: "bio_end"; nr: number; sector: number; sectors: number; error: number; times: number }
  /** A call of the kernel's fails, as the scenario asks. */
  | { kind: "call_failed"; call: KernelCall }
  /** The back end says, in its own domain's log, why it refuses something. */
  | { kind: "backend_message"; text: string }
  /** The back end wrote over what the guest had sent. */
  | { kind: "backend_rewrite"; where: Rewrite["where"]; addr: number; len: number }
  /** After a resume, the bio of an unfinished request is submitted anew. */
  | { kind: "submit_bio"; req: request; sector: number; sectors: number; split: boolean }
  /** `sg_init_table` of an empty table marks an entry far behind it. */
  | { kind: "empty_sg_table"; nents: number }
  | { kind: "work_scheduled" }
  | { kind: "work_run" }
  /** A reference could not be ended and waits on the deferred list. */
  | { kind: "gref_deferred"; gref: number }
  /** Pages were freed with another order than they were allocated with. */
  | { kind: "free_pages_order"; freed: number; allocated: number }
  | { kind: "message"; level: log_level; text: string }
  /** The kernel stopped. */
  | { kind: "bug"; what: "BUG" | "OOPS" | "HANG"; expr: string; func: string };

/** Receives every event, synchronously, in order. */
export type TraceListener = (event: TraceEvent) => void;
