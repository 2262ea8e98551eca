/** The shared ring (`xen/interface/io/ring.h`). Indexes are free-running 32-bit counters. */
import { type memory, mem_get32, mem_put32 } from "../linux/memory.js";
import { type blkif_layout, blkif_request, blkif_response } from "./blkif.js";
import { XEN_PAGE_SIZE } from "./page.js";

/** Bytes before the first entry. */
export const SRING_HEADER = 64;

/** `__CONST_RING_SIZE`: entries of a ring of so many bytes, the largest power of two that fits. */
export function __CONST_RING_SIZE(layout: blkif_layout, bytes: number): number {
  const fit = Math.floor((bytes - SRING_HEADER) / layout.entry);
  return 1 << (31 - Math.clz32(fit));
}

/** A `struct blkif_sring *`: the indexes in the first bytes of the shared pages. */
export class blkif_sring {
  /** @param addr physical address of the first ring page */
  constructor(
    readonly mem: memory,
    readonly addr: number,
  ) {}
  get req_prod(): number {
    return mem_get32(this.mem, this.addr);
  }
  set req_prod(value: number) {
    mem_put32(this.mem, this.addr, value);
  }
  get req_event(): number {
    return mem_get32(this.mem, this.addr + 4);
  }
  set req_event(value: number) {
    mem_put32(this.mem, this.addr + 4, value);
  }
  get rsp_prod(): number {
    return mem_get32(this.mem, this.addr + 8);
  }
  set rsp_prod(value: number) {
    mem_put32(this.mem, this.addr + 8, value);
  }
  get rsp_event(): number {
    return mem_get32(this.mem, this.addr + 12);
  }
  set rsp_event(value: number) {
    mem_put32(this.mem, this.addr + 12, value);
  }
}

/** `SHARED_RING_INIT`, with the indexes at `index` (0 on a new ring). */
export function SHARED_RING_INIT(sring: blkif_sring, index = 0): void {
  sring.req_prod = sring.rsp_prod = index;
  sring.req_event = sring.rsp_event = index + 1;
}

/** `struct blkif_front_ring`: the front end's private side. */
export interface blkif_front_ring {
  req_prod_pvt: number;
  rsp_cons: number;
  /** Entries: a power of two. */
  nr_ents: number;
  sring: blkif_sring | null;
}

/** A `blkif_front_ring` before `FRONT_RING_INIT`. */
export function new_front_ring(): blkif_front_ring {
  return { req_prod_pvt: 0, rsp_cons: 0, nr_ents: 0, sring: null };
}

/** `FRONT_RING_INIT`, of `bytes` bytes of ring pages. */
export function FRONT_RING_INIT(
  ring: blkif_front_ring,
  sring: blkif_sring,
  layout: blkif_layout,
  bytes: number,
  index = 0,
): void {
  ring.req_prod_pvt = index;
  ring.rsp_cons = index;
  ring.nr_ents = __CONST_RING_SIZE(layout, bytes);
  ring.sring = sring;
}

/** `RING_FREE_REQUESTS`: slots without an unacknowledged request. */
export function RING_FREE_REQUESTS(ring: blkif_front_ring): number {
  return (ring.nr_ents - (ring.req_prod_pvt - ring.rsp_cons)) >>> 0;
}

/** `RING_FULL`. */
export function RING_FULL(ring: blkif_front_ring): boolean {
  return RING_FREE_REQUESTS(ring) === 0;
}

/** The slot that an index stands for: its low bits. */
export function ring_slot(nr_ents: number, index: number): number {
  return (index & (nr_ents - 1)) >>> 0;
}

function entry_addr(
  sring: blkif_sring,
  layout: blkif_layout,
  nr_ents: number,
  idx: number,
): number {
  return sring.addr + SRING_HEADER + ring_slot(nr_ents, idx) * layout.entry;
}

/** `RING_GET_REQUEST`. */
export function RING_GET_REQUEST(
  ring: blkif_front_ring,
  layout: blkif_layout,
  idx: number,
): blkif_request {
  const sring = ring.sring as blkif_sring;
  return new blkif_request(sring.mem, entry_addr(sring, layout, ring.nr_ents, idx), layout);
}

/** `RING_GET_RESPONSE`. */
export function RING_GET_RESPONSE(
  ring: blkif_front_ring,
  layout: blkif_layout,
  idx: number,
): blkif_response {
  const sring = ring.sring as blkif_sring;
  return new blkif_response(sring.mem, entry_addr(sring, layout, ring.nr_ents, idx));
}

/**
 * `RING_PUSH_REQUESTS_AND_CHECK_NOTIFY`: publishes the requests; true when the other end asked to be told,
 * that is when `req_event` lies in (old, new].
 */
export function RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(ring: blkif_front_ring): boolean {
  const sring = ring.sring as blkif_sring;
  const old = sring.req_prod;
  const next = ring.req_prod_pvt;
  sring.req_prod = next;
  return (next - sring.req_event) >>> 0 < (next - old) >>> 0;
}

/**
 * `RING_PUSH_RESPONSES_AND_CHECK_NOTIFY`: publishes the responses up to `rsp_prod_pvt`; true when the guest asked
 * to be told, that is when `rsp_event` lies in (old, new].
 */
export function RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(
  sring: blkif_sring,
  rsp_prod_pvt: number,
): boolean {
  const old = sring.rsp_prod;
  sring.rsp_prod = rsp_prod_pvt;
  return (rsp_prod_pvt - sring.rsp_event) >>> 0 < (rsp_prod_pvt - old) >>> 0;
}

/** `RING_HAS_UNCONSUMED_RESPONSES`: how many there are. */
export function RING_HAS_UNCONSUMED_RESPONSES(ring: blkif_front_ring): number {
  return ((ring.sring as blkif_sring).rsp_prod - ring.rsp_cons) >>> 0;
}

/** `RING_FINAL_CHECK_FOR_RESPONSES`: asks for an event for the next response; true when one is there already. */
export function RING_FINAL_CHECK_FOR_RESPONSES(ring: blkif_front_ring): boolean {
  if (RING_HAS_UNCONSUMED_RESPONSES(ring) > 0) return true;
  (ring.sring as blkif_sring).rsp_event = (ring.rsp_cons + 1) >>> 0;
  return RING_HAS_UNCONSUMED_RESPONSES(ring) > 0;
}

/** `BLK_RING_SIZE` of a ring of `pages` Xen pages. */
export function ring_entries(layout: blkif_layout, pages: number): number {
  return __CONST_RING_SIZE(layout, pages * XEN_PAGE_SIZE);
}
