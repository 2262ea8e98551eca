/** Reads the requests of a scenario with their buffers. */

import type { JSONPath } from "jsonc-parser";
import { NO_SECTOR } from "../core/linux/request.js";
import type { BufferSegment, GuestSettings, RequestSettings } from "../core/scenario.js";
import { SECTOR_BYTES, XEN_PAGE_BYTES } from "./driver-limits.js";
import { sayBytes, sayCount } from "./quantity.js";
import type { RawRequest, RawSegment } from "./scenario-raw.js";
import { bytesAt, numberAt } from "./scenario-settings.js";
import type { ScenarioSource } from "./scenario-source.js";

/** A frame number has 32 bits in an entry of the grant table. */
const FRAMES = 2 ** 32;

/** What a request of a step is read and checked against. */
export interface Place {
  source: ScenarioSource;
  guest: GuestSettings;
  /** Bytes in a logical block of the disk. */
  blockBytes: number;
  /** The disk's capacity at this step, in sectors of 512 bytes. */
  sectors: number;
}

interface Span {
  page: number;
  offset: number;
  length: number;
}

function nearestSectors(length: number): string {
  const below = Math.floor(length / SECTOR_BYTES) * SECTOR_BYTES;
  const above = below + SECTOR_BYTES;
  return below === 0 ? `${above}` : `${below} or ${above}`;
}

/** Reads a span of memory and checks what holds for segments and buffers alike. */
function readSpan(place: Place, raw: RawSegment, path: JSONPath): Span {
  const { source, guest } = place;
  const page = numberAt(source, [...path, "page"], raw.page);
  const offset = raw.offset === undefined ? 0 : bytesAt(source, [...path, "offset"], raw.offset);
  const length = bytesAt(source, [...path, "length"], raw.length);
  if (length === 0) {
    const text = `0 bytes cannot be read or written: a length is a multiple of ${SECTOR_BYTES}, and at least ${SECTOR_BYTES}.`;
    source.error("length-zero", [...path, "length"], text);
  } else if (length % SECTOR_BYTES !== 0) {
    const text = `${length} bytes are no whole number of sectors: a length is a multiple of ${SECTOR_BYTES}, here ${nearestSectors(length)}.`;
    source.error("length-not-sectors", [...path, "length"], text);
  }
  if (offset % SECTOR_BYTES !== 0) {
    const text = `The offset ${offset} is no multiple of ${SECTOR_BYTES}: the queue's DMA alignment lets no such buffer through.`;
    source.error("offset-not-sectors", [...path, "offset"], text);
  }
  if (offset >= guest.pageSize) {
    const text = `The offset ${offset} lies beyond a page of ${sayBytes(guest.pageSize)}: it is at most ${guest.pageSize - SECTOR_BYTES}.`;
    source.error("offset-beyond-page", [...path, "offset"], text);
  }
  const pages = Math.max(1, Math.ceil((offset + length) / guest.pageSize));
  const mostPages = FRAMES / (guest.pageSize / XEN_PAGE_BYTES);
  if (page + pages > mostPages) {
    const text = `Page 0x${page.toString(16)} has no frame number of 32 bits, which a grant needs: the last page is 0x${(mostPages - pages).toString(16)}.`;
    source.error("page-number", [...path, "page"], text);
  }
  return { page, offset, length };
}

function readSegment(place: Place, raw: RawSegment, path: JSONPath): BufferSegment {
  const span = readSpan(place, raw, path);
  const { pageSize } = place.guest;
  if (span.offset < pageSize && span.offset + span.length > pageSize) {
    place.source.error(
      "segment-beyond-page",
      [...path, "length"],
      `The segment ends at byte ${span.offset + span.length}, but its page has ${pageSize} bytes (${sayBytes(pageSize)}): the length is at most ${pageSize - span.offset}; the rest is a segment of the next page. Or use "buffer", which is cut at the pages.`,
    );
  }
  return span;
}

/** Cuts a buffer that may span pages. */
function cutAtPages(span: Span, pageSize: number): BufferSegment[] {
  const segments: BufferSegment[] = [];
  let { page, offset } = span;
  for (let left = span.length; left > 0; page++, offset = 0) {
    const length = Math.min(left, pageSize - offset);
    if (length <= 0) break;
    segments.push({ page, offset, length });
    left -= length;
  }
  return segments;
}

/** More than any request has; a larger one would only fill the memory. */
const MOST_SEGMENTS = 65536;

function readBuffers(place: Place, raw: RawRequest, path: JSONPath): BufferSegment[] {
  if (raw.buffer === undefined) return [];
  const buffers = Array.isArray(raw.buffer) ? raw.buffer : [raw.buffer];
  return buffers.flatMap((buffer, i) => {
    const at = [...path, "buffer", ...(Array.isArray(raw.buffer) ? [i] : [])];
    const span = readSpan(place, buffer, at);
    if (span.length / place.guest.pageSize > MOST_SEGMENTS) {
      const text = `${sayBytes(span.length)} are more than one request can have: ${sayBytes(MOST_SEGMENTS * place.guest.pageSize)} at most.`;
      place.source.error("length-too-large", [...at, "length"], text);
      return [];
    }
    return cutAtPages(span, place.guest.pageSize);
  });
}

/** The length of a read or write in sectors; its segments decide. */
function sectorsOfBuffer(
  place: Place,
  raw: RawRequest,
  segments: readonly BufferSegment[],
  path: JSONPath,
): number {
  const { source } = place;
  const bytes = segments.reduce((sum, segment) => sum + segment.length, 0);
  const sectors = Math.floor(bytes / SECTOR_BYTES);
  if (segments.length === 0) {
    const text = `A ${raw.op} needs a buffer: give "segments", or "buffer" with a page and a length.`;
    if (!source.hasErrors) source.error("no-buffer", path, text);
  }
  if (raw.sectors !== undefined && bytes % SECTOR_BYTES === 0) {
    const written = numberAt(source, [...path, "sectors"], raw.sectors);
    if (written !== sectors) {
      const text = `The request has ${sayCount(written, "sector")}, but its segments have ${bytes} bytes, ${sayCount(sectors, "sector")}: leave "sectors" out, or make them equal.`;
      source.error("sector-sum", [...path, "sectors"], text);
    }
  }
  return sectors;
}

/** The length of a flush or discard in sectors. */
function sectorsWithoutBuffer(place: Place, raw: RawRequest, path: JSONPath): number {
  const { source } = place;
  for (const key of ["segments", "buffer"] as const) {
    const given = raw[key];
    if (given === undefined || (Array.isArray(given) && given.length === 0)) continue;
    const advice =
      raw.op === "flush"
        ? 'a flush with data is a write with "preflush": true.'
        : "it moves no data.";
    source.error("needless-buffer", [...path, key], `A ${raw.op} has no buffer: ${advice}`);
  }
  const sectors =
    raw.sectors === undefined ? 0 : numberAt(source, [...path, "sectors"], raw.sectors);
  if (raw.op === "flush") {
    if (sectors !== 0) {
      source.error(
        "flush-length",
        [...path, "sectors"],
        "A flush is empty: leave its sectors out.",
      );
    }
  } else if (sectors === 0) {
    source.error(
      "discard-length",
      raw.sectors === undefined ? path : [...path, "sectors"],
      `A ${raw.op} needs its length: give "sectors", at least 1.`,
    );
  }
  return sectors;
}

/** No block layer lets a request beyond the disk through; who bypasses it may want to see what happens. */
function checkEnd(place: Place, request: RequestSettings, path: JSONPath): void {
  const { source, sectors } = place;
  const end = request.sector + request.sectors;
  if (end <= sectors) return;
  const text = `The request ends at sector ${end}, but the disk has ${sectors} sectors here (disk.sectors): it begins at ${Math.max(0, sectors - request.sectors)} or earlier.`;
  if (place.guest.blockLayer === "bypass") {
    source.warning("beyond-disk", [...path, "sector"], text);
  } else {
    source.error("beyond-disk", [...path, "sector"], text);
  }
}

function checkBlocks(place: Place, request: RequestSettings, path: JSONPath): void {
  const { source, blockBytes } = place;
  const block = blockBytes / SECTOR_BYTES;
  if (request.sector % block === 0 && request.sectors % block === 0) return;
  const text = `The disk has blocks of ${sayBytes(blockBytes)} (disk.sectorSize), but the request has the sectors ${request.sector} to ${request.sector + request.sectors - 1} of 512 bytes: begin and end at a multiple of ${block}.`;
  source.warning("misaligned", path, text);
}

/** A flush is about no sector, as the block layer sends it. */
function sectorLeftOut({ op, segments, buffer }: RawRequest): number {
  return op === "flush" && segments === undefined && buffer === undefined ? NO_SECTOR : 0;
}

/** Reads one request; `position` counts the requests of the file from 1. */
export function readRequest(
  place: Place,
  raw: RawRequest,
  path: JSONPath,
  position: number,
): RequestSettings {
  const { source } = place;
  const withData = raw.op === "read" || raw.op === "write";
  let segments: BufferSegment[] = [];
  if (withData) {
    if (raw.segments !== undefined && raw.buffer !== undefined) {
      const text = 'Give either "segments" or "buffer", not both.';
      source.error("two-buffers", [...path, "buffer"], text);
    }
    segments =
      raw.segments?.map((segment, i) => readSegment(place, segment, [...path, "segments", i])) ??
      readBuffers(place, raw, path);
  }
  const request: RequestSettings = {
    id: raw.id ?? position,
    op: raw.op,
    fua: raw.fua ?? false,
    preflush: raw.preflush ?? false,
    sector:
      raw.sector === undefined
        ? sectorLeftOut(raw)
        : numberAt(source, [...path, "sector"], raw.sector),
    sectors: withData
      ? sectorsOfBuffer(place, raw, segments, path)
      : sectorsWithoutBuffer(place, raw, path),
    segments,
  };
  if (raw.physSegments !== undefined) request.physSegments = raw.physSegments;
  if (raw.passthrough === true) request.passthrough = true;
  if (raw.line !== undefined) request.line = raw.line;
  checkEnd(place, request, path);
  checkBlocks(place, request, path);
  return request;
}
