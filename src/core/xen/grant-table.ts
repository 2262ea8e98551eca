/**
 * The guest's grant table, version 1, as Linux 4.2 keeps it (`drivers/xen/grant-table.c`): entries in shared
 * memory, the free references as a chain threaded through `gnttab_list`.
 */
import { ENOSPC } from "../linux/errno.js";
import type { kernel } from "../linux/kernel.js";
import { mem_get16, mem_put16, mem_put32 } from "../linux/memory.js";

/** What 4.2 uses for "no reference"; it is also a reserved entry. */
export const GRANT_INVALID_REF = 0;
/** References below this one belong to the tool stack. */
export const NR_RESERVED_ENTRIES = 8;
/** The end of a chain: the kernel's all ones, as a signed number, which engines keep without a box. */
export const GNTTAB_LIST_END = -1;

/** Bytes of a version 1 entry: flags u16, domid u16, frame u32. */
export const GRANT_ENTRY_SIZE = 8;
export const GTF_permit_access = 1;
export const GTF_readonly = 1 << 2;
export const GTF_reading = 1 << 3;
export const GTF_writing = 1 << 4;

/** `struct gnttab_free_callback`. */
export interface gnttab_free_callback<T = unknown> {
  fn: (arg: T) => void;
  arg: T;
  count: number;
  queued: boolean;
}

export interface gnttab {
  /** Physical address of the first entry. */
  readonly shared: number;
  /** Entries in the table. */
  readonly nr_entries: number;
  /** For each reference the next one of its chain. */
  readonly gnttab_list: Int32Array;
  gnttab_free_head: number;
  gnttab_free_count: number;
  readonly free_callbacks: gnttab_free_callback[];
  /** References whose end waits for the other domain to unmap them. */
  readonly deferred: number[];
}

/** A table of `nr_entries` entries at `shared`; `free` are its free references in order. */
export function gnttab_init(shared: number, nr_entries: number, free: readonly number[]): gnttab {
  const gnttab_list = new Int32Array(nr_entries);
  free.forEach((ref, i) => {
    gnttab_list[ref] = free[i + 1] ?? GNTTAB_LIST_END;
  });
  return {
    shared,
    nr_entries,
    gnttab_list,
    gnttab_free_head: free[0] ?? GNTTAB_LIST_END,
    gnttab_free_count: free.length,
    free_callbacks: [],
    deferred: [],
  };
}

/** The physical address of a reference's entry. */
export function grant_entry_addr(gnttab: gnttab, ref: number): number {
  return gnttab.shared + ref * GRANT_ENTRY_SIZE;
}

function get_free_entries(gnttab: gnttab, count: number): number {
  if (gnttab.gnttab_free_count < count) return -ENOSPC;
  const ref = gnttab.gnttab_free_head;
  let last = ref;
  for (let i = 1; i < count; i++) last = gnttab.gnttab_list[last] as number;
  gnttab.gnttab_free_head = gnttab.gnttab_list[last] as number;
  gnttab.gnttab_free_count -= count;
  gnttab.gnttab_list[last] = GNTTAB_LIST_END;
  return ref;
}

function check_free_callbacks(gnttab: gnttab): void {
  if (gnttab.free_callbacks.length === 0) return;
  const waiting = gnttab.free_callbacks.splice(0);
  for (const callback of waiting) {
    if (gnttab.gnttab_free_count < callback.count) {
      gnttab.free_callbacks.push(callback);
      continue;
    }
    callback.queued = false;
    callback.fn(callback.arg);
  }
}

function put_free_entry(gnttab: gnttab, ref: number): void {
  gnttab.gnttab_list[ref] = gnttab.gnttab_free_head;
  gnttab.gnttab_free_head = ref;
  gnttab.gnttab_free_count++;
  check_free_callbacks(gnttab);
}

/** A private chain of references: `grant_ref_t *private_head`. */
export interface grant_ref_chain {
  head: number;
  /** The reference that was claimed last. The model's own, for those who watch. */
  claimed: number;
}

/**
 * `gnttab_alloc_grant_references`: takes `count` references off the free list as a chain.
 * @returns 0, or -ENOSPC when fewer are free, and then takes none
 */
export function gnttab_alloc_grant_references(
  k: kernel,
  count: number,
  chain: grant_ref_chain,
): number {
  const ref = get_free_entries(k.gnttab, count);
  k.trace?.({ kind: "grefs_alloc", count, ok: ref >= 0, head: ref });
  if (ref < 0) return -ENOSPC;
  chain.head = ref;
  return 0;
}

/** `gnttab_claim_grant_reference`: the first reference of the chain, or -ENOSPC from an empty one. */
export function gnttab_claim_grant_reference(k: kernel, chain: grant_ref_chain): number {
  const ref = chain.head;
  if (ref === GNTTAB_LIST_END) return -ENOSPC;
  chain.head = k.gnttab.gnttab_list[ref] as number;
  chain.claimed = ref;
  return ref;
}

/** `gnttab_free_grant_references`: the rest of a chain goes, in its order, in front of the free list. */
export function gnttab_free_grant_references(k: kernel, head: number): void {
  const { gnttab } = k;
  if (head === GNTTAB_LIST_END) return;
  let ref = head;
  let count = 1;
  while (gnttab.gnttab_list[ref] !== GNTTAB_LIST_END) {
    ref = gnttab.gnttab_list[ref] as number;
    count++;
  }
  gnttab.gnttab_list[ref] = gnttab.gnttab_free_head;
  gnttab.gnttab_free_head = head;
  gnttab.gnttab_free_count += count;
  check_free_callbacks(gnttab);
}

/** `gnttab_request_free_callback`: asks to be called when `count` references are free. */
export function gnttab_request_free_callback<T>(
  k: kernel,
  callback: gnttab_free_callback<T>,
  fn: (arg: T) => void,
  count: number,
): void {
  const { gnttab } = k;
  k.trace?.({ kind: "free_callback", count, already_queued: callback.queued });
  if (callback.queued) return;
  callback.fn = fn;
  callback.count = count;
  callback.queued = true;
  gnttab.free_callbacks.unshift(callback as gnttab_free_callback);
  check_free_callbacks(gnttab);
}

/** `gnttab_cancel_free_callback`. */
export function gnttab_cancel_free_callback<T>(k: kernel, callback: gnttab_free_callback<T>): void {
  const at = k.gnttab.free_callbacks.indexOf(callback as gnttab_free_callback);
  if (at >= 0) k.gnttab.free_callbacks.splice(at, 1);
  callback.queued = false;
}

/** `gnttab_grant_foreign_access_ref`: lets `domid` map the frame `gfn` through `ref`. */
export function gnttab_grant_foreign_access_ref(
  k: kernel,
  ref: number,
  domid: number,
  gfn: number,
  readonly: boolean,
): void {
  const addr = grant_entry_addr(k.gnttab, ref);
  mem_put32(k.mem, addr + 4, gfn);
  // The flags last, with the domain beside them: from then on the entry is valid for the other domain.
  const flags = GTF_permit_access | (readonly ? GTF_readonly : 0);
  mem_put32(k.mem, addr, flags | (domid << 16));
}

/** `gnttab_grant_foreign_access`: takes a reference off the free list and grants it; -ENOSPC without one. */
export function gnttab_grant_foreign_access(k: kernel, domid: number, gfn: number): number {
  const ref = get_free_entries(k.gnttab, 1);
  if (ref < 0) return -ENOSPC;
  gnttab_grant_foreign_access_ref(k, ref, domid, gfn, false);
  return ref;
}

/** `gnttab_query_foreign_access`: the reading and writing bits, set by Xen while the other end maps it. */
export function gnttab_query_foreign_access(k: kernel, ref: number): number {
  return mem_get16(k.mem, grant_entry_addr(k.gnttab, ref)) & (GTF_reading | GTF_writing);
}

/** `gnttab_end_foreign_access_ref`: revokes the grant; false while the other end maps it. */
export function gnttab_end_foreign_access_ref(k: kernel, ref: number): boolean {
  const addr = grant_entry_addr(k.gnttab, ref);
  if (mem_get16(k.mem, addr) & (GTF_reading | GTF_writing)) return false;
  mem_put16(k.mem, addr, 0);
  return true;
}

/**
 * `gnttab_end_foreign_access`: revokes the grant and frees its reference, or puts it on the deferred list
 * while the other end maps it. The page, where one is given, is freed with it.
 */
export function gnttab_end_foreign_access(k: kernel, ref: number): void {
  if (gnttab_end_foreign_access_ref(k, ref)) {
    put_free_entry(k.gnttab, ref);
    return;
  }
  k.gnttab.deferred.push(ref);
  k.trace?.({ kind: "gref_deferred", gref: ref });
}

/** The free references, first one first; at most `limit` of them. */
export function gnttab_free_refs(gnttab: gnttab, limit = Infinity): number[] {
  const refs: number[] = [];
  let ref = gnttab.gnttab_free_head;
  while (ref !== GNTTAB_LIST_END && refs.length < limit) {
    refs.push(ref);
    ref = gnttab.gnttab_list[ref] as number;
  }
  return refs;
}
