/** From what a scenario submits to the bios and requests that the driver is handed. */
import { bio_alloc, type bio } from "../linux/bio.js";
import { cut_at_limits } from "../linux/blk-merge.js";
import type { gendisk } from "../linux/gendisk.js";
import type { kernel } from "../linux/kernel.js";
import {
  REQ_DISCARD,
  REQ_FLUSH,
  REQ_FUA,
  REQ_SECURE,
  REQ_WRITE,
  type request,
} from "../linux/request.js";
import { new_request } from "../linux/request-queue.js";
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

/** A bio for each part of the buffer; one without a buffer is as long as the scenario says. */
function bios_of(settings: RequestSettings, parts: readonly (readonly BufferSegment[])[]): bio[] {
  const has_data =
    settings.op === "read" || settings.op === "write" || settings.segments.length > 0;
  let sector = settings.sector;
  return parts.map((segments) => {
    const bytes = has_data ? byte_length(segments) : settings.sectors * 512;
    const made = bio_alloc(settings, cmd_flags_of(settings), sector, segments, bytes, parts.length);
    sector += bytes / 512;
    return made;
  });
}

/** The bios that somebody would submit who asks for this: as many as the queue's limits make it. */
export function make_bios(settings: RequestSettings, rq_disk: gendisk): bio[] {
  return bios_of(settings, cut_at_limits(settings.segments, rq_disk.queue.limits));
}

/** The requests that one entry of a `submit` becomes: one, unless the queue limits cut it. */
export function make_requests(
  k: kernel,
  settings: RequestSettings,
  blockLayer: Scenario["guest"]["blockLayer"],
  rq_disk: gendisk,
): request[] {
  const { segments } = settings;
  const { limits } = rq_disk.queue;
  const parts = blockLayer === "split" ? cut_at_limits(segments, limits, Infinity) : [segments];
  return bios_of(settings, parts).map((bio, part) => {
    const own = parts[part] as readonly BufferSegment[];
    return new_request(k, {
      settings,
      cmd_flags: bio.bi_rw,
      rq_disk,
      cmd_type: settings.passthrough ? "REQ_TYPE_BLOCK_PC" : "REQ_TYPE_FS",
      bio: [bio],
      segments: own,
      sector: bio.bi_sector,
      bytes: bio.bi_size,
      nr_phys_segments: parts.length === 1 ? (settings.physSegments ?? own.length) : own.length,
      part,
      parts: parts.length,
    });
  });
}
