/**
 * The tracepoints of the driver, one function each, as in the kernel: a line in the driver that costs a test
 * when nobody listens. The stepping build puts no probe before them, since they are not the driver's own.
 */
import type { TraceListener } from "./tracepoints.js";
import type { kernel } from "./linux/kernel.js";
import type { request } from "./linux/request.js";
import type { grant_ref_chain } from "./xen/grant-table.js";
import { type blkif_front_ring, ring_slot } from "./xen/ring.js";
import type { blkif_response } from "./xen/blkif.js";

/** What a walk over one request knows of its place. */
interface place {
  readonly id: number;
  readonly grant_idx: number;
}

/** The slot that was filled last. */
function last_slot(ring: blkif_front_ring): number {
  return ring_slot(ring.nr_ents, ring.req_prod_pvt - 1);
}

export function trace_request_id(
  k: kernel,
  req: request,
  id: number,
  ring: blkif_front_ring,
  max_grefs: number,
  reserved: number,
): void {
  const slot = ring_slot(ring.nr_ents, ring.req_prod_pvt);
  k.trace?.({ kind: "request_id", req, id, slot, max_grefs, reserved });
}

export function trace_indirect_frame(
  k: kernel,
  setup: { readonly id: number; readonly segments: number; readonly gref_head: grant_ref_chain },
  n: number,
  gref: number,
): void {
  const fresh = setup.gref_head.claimed === gref;
  k.trace?.({ kind: "indirect_frame", id: setup.id, n, gref, fresh, addr: setup.segments });
}

export function trace_grant_taken(
  k: kernel,
  setup: place & { readonly gref_head: grant_ref_chain },
  gref: number,
  gfn: number,
  offset: number,
  len: number,
): void {
  if (k.trace === null) return;
  const { id, grant_idx } = setup;
  const fresh = setup.gref_head.claimed === gref;
  k.trace({ kind: "grant_taken", id, grant_idx, gref, fresh, gfn, offset, len });
}

export function trace_bytes_copied(
  k: kernel,
  way: "in" | "back",
  { id, grant_idx }: place,
  dst: number,
  src: number,
  len: number,
): void {
  k.trace?.({ kind: "bytes_copied", way, id, grant_idx, src, dst, len });
}

/** @param frame the indirect frame that `slot` is in, or -1 for the ring itself */
export function trace_segment_written(
  k: kernel,
  { id, grant_idx }: place,
  frame: number,
  slot: number,
  addr: number,
  gref: number,
  first_sect: number,
  last_sect: number,
): void {
  if (k.trace === null) return;
  const where = { id, grant_idx, frame, slot, addr };
  // As they are stored, in a byte each: of less than a sector the last one wraps.
  const sectors = { first_sect: first_sect & 0xff, last_sect: last_sect & 0xff };
  k.trace({ kind: "segment_written", ...where, gref, ...sectors });
}

export function trace_request_queued(
  k: kernel,
  req: request,
  id: number,
  ring: blkif_front_ring,
): void {
  k.trace?.({ kind: "request_queued", req, id, slot: last_slot(ring) });
}

export function trace_request_busy(
  k: kernel,
  req: request,
  max_grefs: number,
  requested: number,
): void {
  k.trace?.({ kind: "request_busy", req, max_grefs, requested });
}

export function trace_requests_pushed(k: kernel, ring: blkif_front_ring, notify: boolean): void {
  k.trace?.({ kind: "requests_pushed", req_prod: ring.req_prod_pvt, notify });
}

/** @param id the shadow id, or -1 for a request that never had one */
export function trace_request_end(
  k: kernel,
  req: request,
  id: number,
  error: number,
  why: "complete" | "rejected" | "recover",
): void {
  k.trace?.({ kind: "request_end", req, id, error, why });
}

/** A bio goes to the block layer anew; `split`: as a piece of a larger one. Sectors of 512 bytes. */
export function trace_submit_bio(
  k: kernel,
  req: request,
  sector: number,
  sectors: number,
  split: boolean,
): void {
  k.trace?.({ kind: "submit_bio", req, sector, sectors, split });
}

export function trace_interrupt(k: kernel): void {
  k.trace?.({ kind: "interrupt" });
}

export function trace_response_taken(
  k: kernel,
  bret: blkif_response,
  ring: blkif_front_ring,
  i: number,
): void {
  if (k.trace === null) return;
  const { id, operation, status } = bret;
  k.trace({ kind: "response_taken", id, operation, status, slot: ring_slot(ring.nr_ents, i) });
}

export function trace_grant_released(
  k: kernel,
  id: number,
  grant_idx: number,
  indirect: boolean,
  gref: number,
  to: "head" | "tail",
): void {
  k.trace?.({ kind: "grant_released", id, grant_idx, indirect, gref, to });
}

export function trace_id_recycled(k: kernel, id: number): void {
  k.trace?.({ kind: "id_recycled", id });
}

/** Pages were freed as a block of another order than they were allocated as. */
export function trace_free_pages(k: kernel, freed: number, allocated: number): void {
  if (freed !== allocated) k.trace?.({ kind: "free_pages_order", freed, allocated });
}

/** Who watches the back end. */
interface watched {
  readonly trace: TraceListener | null;
}

export function trace_backend_map(be: watched, gref: number, already: boolean): void {
  be.trace?.({ kind: "backend_map", gref, already });
}

export function trace_backend_unmap(be: watched, gref: number): void {
  be.trace?.({ kind: "backend_unmap", gref });
}

/** @param offset bytes from the beginning of the granted frame */
export function trace_backend_io(
  be: watched,
  write: boolean,
  sector: number,
  gref: number,
  offset: number,
  len: number,
): void {
  be.trace?.({ kind: "backend_io", write, sector, gref, offset, len });
}

export function trace_backend_response(
  be: watched,
  id: number,
  operation: number,
  status: number,
  slot: number,
): void {
  be.trace?.({ kind: "backend_response", id, operation, status, slot });
}
