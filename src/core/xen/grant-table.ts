/**
 * The guest's grant table, version 1, as Linux 4.2 keeps it (`drivers/xen/grant-table.c`): entries in shared
 * memory, the free references as a chain threaded through `gnttab_list`.
 */
import { ENOSPC } from "../linux/errno.js";
import { fails, type kernel } from "../linux/kernel.js";
import { mem_get16, mem_put16, mem_put32 } from "../linux/memory.js";
import { message } from "../linux/printk.js";

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

/** References in a frame of the table (`grefs_per_grant_frame`). */
export const GREFS_PER_GRANT_FRAME = 4096 / GRANT_ENTRY_SIZE;

/** `struct deferred_entry`: a reference whose end waits for the other domain to unmap it. */
export interface deferred_entry {
  readonly ref: number;
  /** Seconds until it is complained about. */
  warn_delay: number;
}

export interface gnttab {
  /** Physical address of the first entry. */
  readonly shared: number;
  /** Entries in the table. */
  nr_entries: number;
  /** Entries that the table can grow to. */
  readonly max_entries: number;
  /** For each reference the next one of its chain. */
  gnttab_list: Int32Array;
  gnttab_free_head: number;
  gnttab_free_count: number;
  readonly free_callbacks: gnttab_free_callback[];
  /** `deferred_list`, looked at once in a second. */
  readonly deferred: deferred_entry[];
}

/** A table of `nr_entries` entries at `shared`; `free` are its free references in order. */
export function gnttab_init(
  shared: number,
  nr_entries: number,
  max_entries: number,
  free: readonly number[],
): gnttab {
  const gnttab_list = new Int32Array(nr_entries);
  free.forEach((ref, i) => {
    gnttab_list[ref] = free[i + 1] ?? GNTTAB_LIST_END;
  });
  return {
    shared,
    nr_entries,
    max_entries,
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

/** `grow_gnttab_list`: the entries of new frames go in front of the free list, in their order. */
function grow_gnttab_list(gnttab: gnttab, more_frames: number): void {
  const first = gnttab.nr_entries;
  const entries = first + more_frames * GREFS_PER_GRANT_FRAME;
  const list = new Int32Array(entries);
  list.set(gnttab.gnttab_list);
  for (let ref = first; ref < entries; ref++) list[ref] = ref + 1;
  list[entries - 1] = gnttab.gnttab_free_head;
  gnttab.gnttab_list = list;
  gnttab.gnttab_free_head = first;
  gnttab.gnttab_free_count += entries - first;
  gnttab.nr_entries = entries;
  check_free_callbacks(gnttab);
}

/** `gnttab_expand`: as many frames as `req_entries` more references need; -ENOSPC where Xen allows no more. */
function gnttab_expand(gnttab: gnttab, req_entries: number): number {
  const extra = Math.ceil(req_entries / GREFS_PER_GRANT_FRAME);
  if (gnttab.nr_entries + extra * GREFS_PER_GRANT_FRAME > gnttab.max_entries) return -ENOSPC;
  grow_gnttab_list(gnttab, extra);
  return 0;
}

function get_free_entries(gnttab: gnttab, count: number): number {
  if (gnttab.gnttab_free_count < count) {
    if (gnttab_expand(gnttab, count - gnttab.gnttab_free_count) < 0) return -ENOSPC;
  }
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
  // A count of 16 bits, as in C.
  count &= 0xffff;
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
  count &= 0xffff;
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

/** `_gnttab_end_foreign_access_ref`: revokes the grant; false while the other end maps it. */
function _gnttab_end_foreign_access_ref(k: kernel, ref: number): boolean {
  const addr = grant_entry_addr(k.gnttab, ref);
  if (mem_get16(k.mem, addr) & (GTF_reading | GTF_writing)) return false;
  mem_put16(k.mem, addr, 0);
  return true;
}

/** `gnttab_end_foreign_access_ref`: revokes the grant; false, with a warning, while the other end maps it. */
export function gnttab_end_foreign_access_ref(k: kernel, ref: number): boolean {
  if (_gnttab_end_foreign_access_ref(k, ref)) return true;
  message(k, "warning", `xen:grant_table: WARNING: g.e. ${hex(ref)} still in use!`);
  return false;
}

function hex(ref: number): string {
  return `0x${ref.toString(16)}`;
}

/** Seconds after which a deferred reference is complained about. */
const WARN_DELAY = 60;
/** Deferred references that are looked at in one second. */
const DEFERRED_BATCH = 10;

/** `gnttab_handle_deferred`, which the timer calls once in a second: tries some of the waiting references again. */
export function gnttab_handle_deferred(k: kernel): void {
  const { deferred } = k.gnttab;
  let first: deferred_entry | null = null;
  for (let nr = 0; nr < DEFERRED_BATCH; nr++) {
    const entry = deferred[0];
    if (entry === undefined || entry === first) return;
    deferred.shift();
    if (_gnttab_end_foreign_access_ref(k, entry.ref)) {
      put_free_entry(k.gnttab, entry.ref);
      message(k, "info", `xen:grant_table: freeing g.e. ${hex(entry.ref)}`);
    } else {
      entry.warn_delay--;
      if (entry.warn_delay === 0) {
        message(k, "info", `xen:grant_table: g.e. ${hex(entry.ref)} still pending`);
      }
      first ??= entry;
      deferred.push(entry);
    }
  }
}

/** `gnttab_add_deferred`: the reference waits, or is lost where there is no memory to remember it. */
function gnttab_add_deferred(k: kernel, ref: number): void {
  const leaks = fails(k, "kmalloc deferred_entry");
  if (!leaks) k.gnttab.deferred.push({ ref, warn_delay: WARN_DELAY });
  k.trace?.({ kind: "gref_deferred", gref: ref });
  // No page goes with it: the driver frees its pages by itself.
  const text = `g.e. ${hex(ref)} (pfn 0xffffffffffffffff)`;
  if (leaks) message(k, "warning", `leaking ${text}`);
  else message(k, "debug", `deferring ${text}`);
}

/**
 * `gnttab_end_foreign_access`: revokes the grant and frees its reference, or puts it on the deferred list
 * while the other end maps it.
 */
export function gnttab_end_foreign_access(k: kernel, ref: number): void {
  if (gnttab_end_foreign_access_ref(k, ref)) put_free_entry(k.gnttab, ref);
  else gnttab_add_deferred(k, ref);
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
