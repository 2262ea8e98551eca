/** What a presenter may look at beside the value itself. */
import type { backend, pending_req, persistent_gnt } from "../../core/blkback/backend.js";
import type {
  blk_shadow,
  blkfront_info,
  blkfront_statics,
  gendisk,
  grant,
} from "../../core/blkfront/patch-v2/blkfront-info.js";
import type { bio, bio_vec, split_bio } from "../../core/linux/bio.js";
import type { kernel } from "../../core/linux/kernel.js";
import type { list_head } from "../../core/linux/list.js";
import type { request_queue } from "../../core/linux/request-queue.js";
import type { request } from "../../core/linux/request.js";
import type { scatterlist } from "../../core/linux/scatterlist.js";
import type { Machine } from "../../core/machine.js";
import type {
  blkif_request,
  blkif_request_discard,
  blkif_request_indirect,
  blkif_request_rw,
  blkif_request_segment,
  blkif_response,
} from "../../core/xen/blkif.js";
import type { evtchn } from "../../core/xen/events.js";
import type { deferred_entry, gnttab, grant_ref_chain } from "../../core/xen/grant-table.js";
import type { blkif_front_ring, blkif_sring } from "../../core/xen/ring.js";
import type { xenbus_device } from "../../core/xen/xenbus.js";
import type { Value } from "./value.js";

/** A line of the kernel's log. */
export type log_line = kernel["log"][number];

/** The structures that have a presenter of their own, by what they are called here. */
export interface Structures {
  bio: bio;
  bio_vec: bio_vec;
  blk_shadow: blk_shadow;
  blkfront_info: blkfront_info;
  blkfront_statics: blkfront_statics;
  blkif_front_ring: blkif_front_ring;
  blkif_request: blkif_request;
  blkif_request_discard: blkif_request_discard;
  blkif_request_indirect: blkif_request_indirect;
  blkif_request_rw: blkif_request_rw;
  blkif_request_segment: blkif_request_segment;
  blkif_response: blkif_response;
  blkif_sring: blkif_sring;
  deferred_entry: deferred_entry;
  evtchn: evtchn;
  gendisk: gendisk;
  gnttab: gnttab;
  grant: grant;
  grant_ref_chain: grant_ref_chain;
  kernel: kernel;
  list_head: list_head<unknown>;
  log_line: log_line;
  pending_req: pending_req;
  /** With the reference that it is for. */
  persistent_gnt: persistent_gnt & { readonly gnt: number };
  request: request;
  request_queue: request_queue;
  scatterlist: scatterlist;
  split_bio: split_bio;
  xen_blkif: backend;
  xenbus_device: xenbus_device;
}

export type StructureName = keyof Structures;

/** One stop: the frozen machine, and the presenters that show what is in it. */
export interface World {
  readonly machine: Machine;
  /** Shows a structure as a value of its struct type. */
  show<K extends StructureName>(name: K, raw: Structures[K]): Value;
  /** Shows a pointer to a structure, or NULL. */
  point<K extends StructureName>(name: K, raw: Structures[K] | null | undefined): Value;
  /** What `make` gave for this object at this stop: for what is worth working out once only. */
  once<T>(about: object, make: () => T): T;
  /** Shows anything that a variable of the model can hold; `name` is what the source calls it. */
  any(name: string, raw: unknown): Value;
}

/** Shows one structure. */
export type Presenter<K extends StructureName> = (world: World, raw: Structures[K]) => Value;
