/** From what a scenario submits to the requests that the driver is handed. */
import { split_segments } from "../linux/blk-split.js";
import type { gendisk } from "../linux/gendisk.js";
import {
  REQ_DISCARD,
  REQ_FLUSH,
  REQ_FUA,
  REQ_SECURE,
  REQ_WRITE,
  type request,
} from "../linux/request.js";
import type { BufferSegment, RequestSettings, Scenario } from "../scenario.js";

const OPERATION_FLAGS: Record<RequestSettings["op"], number> = {
  read: 0,
  write: REQ_WRITE,
  flush: REQ_WRITE | REQ_FLUSH,
  discard: REQ_WRITE | REQ_DISCARD,
  "secure-discard": REQ_WRITE | REQ_DISCARD | REQ_SECURE,
};

function cmd_flags_of(settings: RequestSettings): number {
  return (
    OPERATION_FLAGS[settings.op] |
    (settings.fua ? REQ_FUA : 0) |
    (settings.preflush ? REQ_FLUSH : 0)
  );
}

function byte_length(segments: readonly BufferSegment[]): number {
  return segments.reduce((sum, segment) => sum + segment.length, 0);
}

/** The requests that one entry of a `submit` becomes: one, unless the queue limits cut it. */
export function make_requests(
  settings: RequestSettings,
  blockLayer: Scenario["guest"]["blockLayer"],
  rq_disk: gendisk,
): request[] {
  const has_data =
    settings.op === "read" || settings.op === "write" || settings.segments.length > 0;
  const parts =
    blockLayer === "split" && has_data
      ? split_segments(settings.segments, rq_disk.queue.limits)
      : [settings.segments];
  let sector = settings.sector;
  return parts.map((segments, part) => {
    const bytes = has_data ? byte_length(segments) : settings.sectors * 512;
    const made: request = {
      nr: settings.id,
      part,
      parts: parts.length,
      cmd_type: settings.passthrough ? "REQ_TYPE_BLOCK_PC" : "REQ_TYPE_FS",
      cmd_flags: cmd_flags_of(settings),
      __sector: sector,
      __data_len: bytes,
      nr_phys_segments:
        parts.length === 1 ? (settings.physSegments ?? segments.length) : segments.length,
      segments,
      rq_disk,
      settings,
      state: "waiting",
      error: 0,
    };
    sector += bytes / 512;
    return made;
  });
}
