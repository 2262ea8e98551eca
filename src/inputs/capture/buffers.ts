/** The buffer of a captured request, as segments of the guest's Linux pages. */

import type { BufferSegment, PageSize } from "../../core/scenario.js";
import { SECTOR_BYTES } from "../driver-limits.js";
import { bytesOf, grantedBytes, type CapturedGrant, type CapturedRequest } from "./requests.js";

const FRAME_BYTES = 4096;

/**
 * Pages that stand in for buffers which the capture does not show. They lie apart from the frames of
 * real guests, and come round again after 256 MB.
 */
export class StandInPages {
  private static readonly firstFrame = 0x8000000;
  private static readonly frames = 0x10000;
  private nextFrame = 0;

  constructor(private readonly pageSize: PageSize) {}

  /** Segments for so many bytes, from the beginning of a page of their own. */
  take(bytes: number): BufferSegment[] {
    const segments: BufferSegment[] = [];
    const framesPerPage = this.pageSize / FRAME_BYTES;
    for (let left = bytes; left > 0; left -= this.pageSize) {
      const page = (StandInPages.firstFrame + this.nextFrame) / framesPerPage;
      segments.push({ page, offset: 0, length: Math.min(left, this.pageSize) });
      this.nextFrame = (this.nextFrame + framesPerPage) % StandInPages.frames;
    }
    return segments;
  }
}

export interface CapturedBuffer {
  segments: BufferSegment[];
  /** Grants of the request whose events were not seen. */
  missingGrants: number;
  /** Bytes for which stand-ins were put; 0 when the whole buffer is real. */
  standInBytes: number;
}

/** A piece in the page in which its frame lies. */
function segmentOf({ event }: CapturedGrant, pageSize: PageSize): BufferSegment {
  const framesPerPage = pageSize / FRAME_BYTES;
  return {
    page: Math.floor(event.gfn / framesPerPage),
    offset: (event.gfn % framesPerPage) * FRAME_BYTES + event.offset,
    length: event.length,
  };
}

/**
 * Puts a piece after another. A grant has 4 KB, so that on larger pages one entry of the driver's
 * scatterlist is several grants: those that meet at a boundary of 4 KB inside a page are one segment.
 */
function append(segments: BufferSegment[], segment: BufferSegment): void {
  const last = segments[segments.length - 1];
  const end = last ? last.offset + last.length : 0;
  if (last && last.page === segment.page && end === segment.offset && end % FRAME_BYTES === 0) {
    last.length += segment.length;
  } else {
    segments.push(segment);
  }
}

function isWhole(request: CapturedRequest, bytes: number): boolean {
  return (
    grantedBytes(request) === bytes &&
    request.grants.every(({ event }, i) => event.index === null || event.index === i)
  );
}

/** The frames between two pieces whose events were missed, where they can only be one thing. */
function framesBetween(before: CapturedGrant, after: CapturedGrant): CapturedGrant[] {
  const count = (after.event.index ?? 0) - (before.event.index ?? 0) - 1;
  const contiguous = after.event.gfn - before.event.gfn === count + 1;
  if (count <= 0 || !contiguous) return [];
  return Array.from({ length: count }, (_, i) => ({
    event: { ...before.event, gfn: before.event.gfn + i + 1, offset: 0, length: FRAME_BYTES },
    newReferences: [],
  }));
}

/** Fills what was missed; null when the pieces do not add up to the request. */
function fill(
  request: CapturedRequest,
  bytes: number,
  pageSize: PageSize,
  standIns: StandInPages,
): CapturedBuffer | null {
  const segments: BufferSegment[] = [];
  const grants = request.grants;
  const missing = bytes - grantedBytes(request);
  if (missing < 0 || grants.length === 0) return null;
  let standInBytes = missing;
  const found: CapturedGrant[][] = grants.slice(1).map((after, i) => {
    const between = framesBetween(grants[i]!, after);
    standInBytes -= between.length * FRAME_BYTES;
    return between;
  });
  if (standInBytes < 0) return null;
  const gap = grants.findIndex(({ event }, i) => {
    const before = grants[i - 1];
    const expected = before ? (before.event.index ?? 0) + 1 + (found[i - 1]?.length ?? 0) : 0;
    return event.index !== null && event.index > expected;
  });
  grants.forEach((grant, i) => {
    // All that is unknown goes to the first place where something is missing.
    if (i === gap) standIns.take(standInBytes).forEach((segment) => append(segments, segment));
    append(segments, segmentOf(grant, pageSize));
    found[i]?.forEach((between) => append(segments, segmentOf(between, pageSize)));
  });
  if (gap < 0) standIns.take(standInBytes).forEach((segment) => append(segments, segment));
  return { segments, missingGrants: grantCount(request) - grants.length, standInBytes };
}

function isInSectors({ offset, length }: BufferSegment): boolean {
  return offset % SECTOR_BYTES === 0 && length % SECTOR_BYTES === 0 && length > 0;
}

/** The buffer of a read or write; what the capture does not show is filled with stand-in pages. */
export function bufferOf(
  request: CapturedRequest,
  pageSize: PageSize,
  standIns: StandInPages,
): CapturedBuffer {
  const bytes = bytesOf(request) ?? grantedBytes(request);
  if (isWhole(request, bytes)) {
    const segments: BufferSegment[] = [];
    for (const grant of request.grants) append(segments, segmentOf(grant, pageSize));
    if (segments.every(isInSectors)) return { segments, missingGrants: 0, standInBytes: 0 };
  } else {
    const filled = fill(request, bytes, pageSize, standIns);
    if (filled?.segments.every(isInSectors)) return filled;
  }
  return {
    segments: standIns.take(bytes),
    missingGrants: grantCount(request) - request.grants.length,
    standInBytes: bytes,
  };
}

/** How many grants the ring request had, from the pieces that were seen and the request's length. */
export function grantCount(request: CapturedRequest): number {
  const last = request.grants[request.grants.length - 1]?.event.index;
  const seen = Math.max(request.grants.length, typeof last === "number" ? last + 1 : 0);
  const missing = (bytesOf(request) ?? 0) - grantedBytes(request);
  const holes = seen - request.grants.length;
  return seen + Math.max(0, Math.ceil((missing - holes * FRAME_BYTES) / FRAME_BYTES));
}
