/** The block layer between a bio and the driver: cuts what exceeds the queue limits. */
import type { BufferSegment } from "../scenario.js";
import type { queue_limits } from "./request-queue.js";

/**
 * Cuts a buffer into requests, each with at most `max_segments` segments and `max_hw_sectors` sectors, as
 * `blk_bio_segment_split` does: a request takes what fits, and a segment is cut where the sectors run out.
 */
export function split_segments(
  segments: readonly BufferSegment[],
  limits: queue_limits,
): BufferSegment[][] {
  const max_bytes = limits.max_hw_sectors * 512;
  const parts: BufferSegment[][] = [];
  let part: BufferSegment[] = [];
  let bytes = 0;
  const close = () => {
    parts.push(part);
    part = [];
    bytes = 0;
  };
  for (const segment of segments) {
    let { offset, length } = segment;
    while (length > 0) {
      if (part.length === limits.max_segments || bytes === max_bytes) close();
      const fits = Math.min(length, max_bytes - bytes);
      part.push({ page: segment.page, offset, length: fits });
      bytes += fits;
      offset += fits;
      length -= fits;
    }
  }
  if (part.length > 0 || parts.length === 0) close();
  return parts;
}
