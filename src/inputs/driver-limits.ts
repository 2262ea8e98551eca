/** What the settings of a scenario make the driver reserve: the ring's size and the grant pool's. */

import type { Abi, BackendSettings, GuestSettings } from "../core/scenario.js";

/** Direct requests carry this many segments of 4 KB; without indirect ones the pool is made for it. */
const DIRECT_SEGMENTS = 11;
const SEGMENTS_PER_INDIRECT_FRAME = 512;
const RING_HEADER_BYTES = 64;
const XEN_PAGE_BYTES = 4096;

/** The most segments that `indirect_grefs[8]` can name. */
export const WIRE_SEGMENTS = 8 * SEGMENTS_PER_INDIRECT_FRAME;

/** Grant references 0 to 7 belong to Xen. */
export const RESERVED_GRANTS = 8;

/** Bytes in a sector of the protocol. */
export const SECTOR_BYTES = 512;

/** Entries of a ring of that many pages: the largest power of two that fits. */
export function ringEntries(abi: Abi, ringPages: number): number {
  const entryBytes = abi === "x86_32" ? 108 : 112;
  const fit = Math.floor((ringPages * XEN_PAGE_BYTES - RING_HEADER_BYTES) / entryBytes);
  return fit < 1 ? 0 : 2 ** Math.floor(Math.log2(fit));
}

/** Grants that the driver keeps for the whole ring. */
export function grantPoolSize(guest: GuestSettings, backend: BackendSettings): number {
  const segments =
    backend.maxIndirectSegments === null
      ? DIRECT_SEGMENTS
      : Math.min(backend.maxIndirectSegments, guest.maxIndirectSegments);
  const frames = Math.ceil(segments / SEGMENTS_PER_INDIRECT_FRAME);
  return (segments + frames) * ringEntries(guest.abi, guest.ringPages);
}
