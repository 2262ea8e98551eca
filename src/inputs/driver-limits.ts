/** What the settings of a scenario make the driver reserve: the ring's size and the grant pool's. */

import type { Abi, BackendSettings, GuestSettings } from "../core/scenario.js";

/** Direct requests carry this many segments of 4 KB; without indirect ones the pool is made for it. */
const DIRECT_SEGMENTS = 11;
const SEGMENTS_PER_INDIRECT_FRAME = 512;
const RING_HEADER_BYTES = 64;

/** Bytes in a page of Xen's, and so in a grant. */
export const XEN_PAGE_BYTES = 4096;

/** The most segments that `indirect_grefs[8]` can name. */
export const WIRE_SEGMENTS = 8 * SEGMENTS_PER_INDIRECT_FRAME;

/** Grant references 0 to 7 belong to Xen. */
export const RESERVED_GRANTS = 8;

/** Bytes in a sector of the protocol. */
export const SECTOR_BYTES = 512;

/** Bytes in an entry of the ring. */
export const ENTRY_BYTES: Readonly<Record<Abi, number>> = { x86_64: 112, x86_32: 108, arm: 112 };

/** Entries of a ring of that many pages: the largest power of two that fits. */
export function ringEntries(abi: Abi, ringPages: number): number {
  const fit = Math.floor((ringPages * XEN_PAGE_BYTES - RING_HEADER_BYTES) / ENTRY_BYTES[abi]);
  return fit < 1 ? 0 : 2 ** Math.floor(Math.log2(fit));
}

/** Pages of the ring that both ends agree on; without the back end's key it has one. */
export function usedRingPages(guest: GuestSettings, backend: BackendSettings): number {
  return Math.min(guest.ringPages, backend.maxRingPages ?? 1);
}

/** Segments of an indirect request that both ends agree on; null without indirect requests. */
export function usedIndirectSegments(
  guest: GuestSettings,
  backend: BackendSettings,
): number | null {
  return backend.maxIndirectSegments === null
    ? null
    : Math.min(backend.maxIndirectSegments, guest.maxIndirectSegments);
}

/** Grants that the driver keeps for the whole ring. */
export function grantPoolSize(guest: GuestSettings, backend: BackendSettings): number {
  const segments = usedIndirectSegments(guest, backend) ?? DIRECT_SEGMENTS;
  const frames = Math.ceil(segments / SEGMENTS_PER_INDIRECT_FRAME);
  return (segments + frames) * ringEntries(guest.abi, usedRingPages(guest, backend));
}
