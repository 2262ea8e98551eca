/** Mapping grants: what Xen does for the back end when it maps and unmaps a reference. */
import { mem_get16, mem_get32, mem_put16 } from "../linux/memory.js";
import {
  GTF_permit_access,
  GTF_reading,
  GTF_writing,
  grant_entry_addr,
} from "../xen/grant-table.js";
import { XEN_PAGE_SIZE } from "../xen/page.js";
import { trace_backend_map, trace_backend_unmap } from "../trace.js";
import type { backend } from "./backend.js";

/**
 * Maps a granted frame, as Xen does: from now on its entry says that it is in use.
 * @returns the frame's physical address, or -1 where nothing is granted
 */
export function map_grant(be: backend, gref: number): number {
  if (gref >= be.gnttab.nr_entries) return -1;
  const entry = grant_entry_addr(be.gnttab, gref);
  const flags = mem_get16(be.mem, entry);
  if ((flags & 3) !== GTF_permit_access) return -1;
  mem_put16(be.mem, entry, flags | GTF_reading | GTF_writing);
  return mem_get32(be.mem, entry + 4) * XEN_PAGE_SIZE;
}

/**
 * Maps the reference of a segment or an indirect frame, or finds it mapped from an earlier request.
 * @returns the frame's physical address, or -1 where nothing is granted
 */
export function xen_blkbk_map(be: backend, gref: number): number {
  const frame = map_grant(be, gref);
  if (frame < 0) return frame;
  const already = be.mapped.has(gref);
  be.mapped.add(gref);
  be.seen.add(gref);
  trace_backend_map(be, gref, already);
  return frame;
}

/** Unmaps a granted frame, as Xen does. */
export function unmap_grant(be: backend, gref: number): void {
  const entry = grant_entry_addr(be.gnttab, gref);
  mem_put16(be.mem, entry, mem_get16(be.mem, entry) & ~(GTF_reading | GTF_writing));
}

/** Unmaps a reference of a segment or an indirect frame. */
export function xen_blkbk_unmap(be: backend, gref: number): void {
  if (!be.mapped.delete(gref)) return;
  unmap_grant(be, gref);
  trace_backend_unmap(be, gref);
}
