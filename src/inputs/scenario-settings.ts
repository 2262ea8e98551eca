/** Reads the settings of a scenario: guest, back end, disk and start. */

import type { JSONPath } from "jsonc-parser";
import type {
  BackendSettings,
  DiskContent,
  DiskSettings,
  GuestSettings,
  PageSize,
  StartSettings,
  Walk,
} from "../core/scenario.js";
import { vdevOfName } from "./disk-name.js";
import {
  grantPoolSize,
  RESERVED_GRANTS,
  ringEntries,
  SECTOR_BYTES,
  usedIndirectSegments,
  usedRingPages,
  WIRE_SEGMENTS,
} from "./driver-limits.js";
import { readBytes } from "./protocol-names.js";
import { readNumber, readSize, sayBytes, sayCount } from "./quantity.js";
import { completeBackend, DEFAULT_DISK, DEFAULT_GUEST } from "./scenario-defaults.js";
import type { RawBackend, RawDisk, RawScenario, Written } from "./scenario-raw.js";
import type { ScenarioSource } from "./scenario-source.js";

const PAGE_SIZES: readonly PageSize[] = [4096, 16384, 65536];
const UINT32 = 2 ** 32;

/** The page size that is written as a number of bytes, "64K" and the like; null when there is none. */
export function readPageSize(value: Written): PageSize | null {
  const bytes = readSize(value);
  return PAGE_SIZES.find((size) => size === bytes) ?? null;
}

/** What to say about a page size that does not exist. */
export function noSuchPageSize(value: Written): string {
  const bytes = readSize(value);
  if (bytes === 4 || bytes === 16 || bytes === 64) {
    return `A page of ${bytes} bytes does not exist: write "${bytes}K".`;
  }
  const said = bytes === null ? JSON.stringify(value) : sayBytes(bytes);
  return `The page size is ${said}, but the driver is modelled for Linux pages of 4 KB, 16 KB and 64 KB: write "4K", "16K" or "64K".`;
}

/** A number that the schema let through, or an error when it is too large to be exact. */
export function numberAt(source: ScenarioSource, path: JSONPath, value: Written): number {
  const number = readNumber(value);
  if (number !== null) return number;
  source.error(
    "number",
    path,
    `${String(value)} is too large: the largest number here is 0x${Number.MAX_SAFE_INTEGER.toString(16)}.`,
  );
  return 0;
}

/** Bytes that the schema let through. */
export function bytesAt(source: ScenarioSource, path: JSONPath, value: Written): number {
  const bytes = readSize(value);
  if (bytes !== null) return bytes;
  source.error("number", path, `${String(value)} is too large to be a number of bytes.`);
  return 0;
}

const RING_PAGES: readonly number[] = [1, 2, 4, 8, 16];

/** The grant table grows by frames of so many entries. */
const GRANT_FRAME = 512;

function checkGrantTable(source: ScenarioSource, guest: GuestSettings): void {
  const { grantTableSize: size, grantTableMax: max } = guest;
  const path = ["guest", "grantTableMax"];
  if (max < size) {
    const text = `The grant table has ${size} entries when the driver starts (guest.grantTableSize), so it cannot end at ${max}: give at least ${size}.`;
    source.error("grant-table", path, text);
    return;
  }
  if (max === size) return;
  for (const key of ["grantTableSize", "grantTableMax"] as const) {
    if (guest[key] % GRANT_FRAME === 0) continue;
    const near = Math.ceil(guest[key] / GRANT_FRAME) * GRANT_FRAME;
    const text = `A grant table grows by frames of ${GRANT_FRAME} entries, so ${guest[key]} cannot be: write ${near}, or make grantTableSize and grantTableMax equal for a table that cannot grow.`;
    source.error("grant-table", ["guest", key], text);
  }
}

export function readGuest(source: ScenarioSource, raw: RawScenario["guest"]): GuestSettings {
  const { pageSize: writtenSize, ...rest } = raw ?? {};
  const guest: GuestSettings = { ...DEFAULT_GUEST, ...rest };
  if (writtenSize !== undefined) {
    const pageSize = readPageSize(writtenSize);
    if (pageSize) guest.pageSize = pageSize;
    else source.error("page-size", ["guest", "pageSize"], noSuchPageSize(writtenSize));
  }
  if (!RING_PAGES.includes(guest.ringPages)) {
    source.error(
      "ring-pages",
      ["guest", "ringPages"],
      `A ring of ${guest.ringPages} pages cannot be set up: the number of pages is a power of two, 1, 2, 4, 8 or 16.`,
    );
  }
  if (rest.grantTableSize !== undefined && rest.grantTableMax === undefined) {
    guest.grantTableMax = rest.grantTableSize;
  }
  checkGrantTable(source, guest);
  guest.failing.forEach((call, i) => {
    const before = guest.failing.indexOf(call);
    if (before === i) return;
    const text = `"${call}" is already at guest.failing[${before}]: it fails once, the first time.`;
    source.error("failing-twice", ["guest", "failing", i], text);
  });
  return guest;
}

function checkBackend(source: ScenarioSource, backend: BackendSettings, path: JSONPath): void {
  const { maxRingPages, maxIndirectSegments } = backend;
  if (maxRingPages !== null && !RING_PAGES.includes(maxRingPages)) {
    source.error(
      "ring-pages",
      [...path, "maxRingPages"],
      `No back end offers a ring of ${maxRingPages} pages: the number of pages is a power of two, 1, 2, 4, 8 or 16, or null where the key is absent.`,
    );
  }
  if (maxIndirectSegments !== null && maxIndirectSegments >= UINT32) {
    source.error(
      "number",
      [...path, "maxIndirectSegments"],
      "feature-max-indirect-segments is a number of 32 bits: at most 4294967295.",
    );
  }
  for (const key of ["discardGranularity", "discardAlignment"] as const) {
    if (backend[key] < UINT32) continue;
    const text = `${backend[key]} bytes are no number of 32 bits, as the driver reads it: at most 4294967295.`;
    source.error("number", [...path, key], text);
  }
}

/** The settings as the machine has them, with the sizes in bytes. */
function saidOfBackend(
  source: ScenarioSource,
  raw: RawBackend,
  path: JSONPath,
): Partial<BackendSettings> {
  const { discardGranularity, discardAlignment, ...said } = raw;
  const sizes: Partial<BackendSettings> = {};
  if (discardGranularity !== undefined) {
    const at = [...path, "discardGranularity"];
    sizes.discardGranularity = bytesAt(source, at, discardGranularity);
  }
  if (discardAlignment !== undefined) {
    const at = [...path, "discardAlignment"];
    sizes.discardAlignment = bytesAt(source, at, discardAlignment);
  }
  return { ...said, ...sizes };
}

/**
 * Reads the settings of a back end.
 * @param base what is not said is as here, as far as the profile is the same
 */
export function readBackend(
  source: ScenarioSource,
  raw: RawBackend,
  path: JSONPath,
  base: BackendSettings,
): BackendSettings {
  const backend = completeBackend(base, saidOfBackend(source, raw, path));
  checkBackend(source, backend, path);
  return backend;
}

/** The pool of the largest ring with the largest requests of the protocol. */
const MOST_GRANTS = 512 * (WIRE_SEGMENTS + 8);

/**
 * Checks what guest and back end agree on.
 * @param path where the back end's settings are, when it comes with a resume
 */
export function checkAgreement(
  source: ScenarioSource,
  guest: GuestSettings,
  backend: BackendSettings,
  path: JSONPath | null = null,
): void {
  const used = usedRingPages(guest, backend);
  if (used < guest.ringPages) {
    const why =
      backend.maxRingPages === null
        ? "the back end does not offer a ring of several pages (backend.maxRingPages is null)"
        : `the back end offers ${used} (backend.maxRingPages)`;
    const text = `The guest asks for a ring of ${guest.ringPages} pages, but ${why}: the ring has ${sayCount(used, "page")}.`;
    source.warning("ring-pages", path ?? ["guest", "ringPages"], text);
  }
  const at = path ?? ["guest", "maxIndirectSegments"];
  const segments = usedIndirectSegments(guest, backend) ?? 0;
  if (checkPool(source, guest, backend, at) && segments > WIRE_SEGMENTS) {
    const text = `An indirect request names 8 frames of 512 segments, ${WIRE_SEGMENTS} in all, but the driver and the back end agree on ${segments}: the reference of a ninth frame goes beyond the request's list.`;
    source.warning("indirect-segments", at, text);
  }
}

/** Checks that what the driver would keep can be modelled. @returns whether it can */
export function checkPool(
  source: ScenarioSource,
  guest: GuestSettings,
  backend: BackendSettings,
  path: JSONPath,
): boolean {
  const segments = usedIndirectSegments(guest, backend) ?? 0;
  // The back end may offer a larger ring later on.
  const pool = grantPoolSize(guest, { ...backend, maxRingPages: guest.ringPages });
  if (pool <= MOST_GRANTS) return true;
  const text = `With ${segments} segments in a request and a ring of ${sayCount(guest.ringPages, "page")} the driver would keep ${pool} grants, more than can be modelled: at most ${MOST_GRANTS}. Give guest.maxIndirectSegments or backend.maxIndirectSegments a smaller number.`;
  source.error("pool", path, text);
  return false;
}

/** Sectors whose bytes can be counted exactly. */
export const MOST_SECTORS = 2 ** 44;

const SECTOR_SIZES: readonly number[] = [512, 1024, 2048, 4096];
const LARGEST_PHYSICAL_SECTOR = 65536;

function readSectors(source: ScenarioSource, raw: RawDisk): number {
  let { sectors } = DEFAULT_DISK;
  if (raw.sectors !== undefined) {
    sectors = numberAt(source, ["disk", "sectors"], raw.sectors);
  } else if (raw.size !== undefined) {
    const bytes = bytesAt(source, ["disk", "size"], raw.size);
    sectors = Math.floor(bytes / SECTOR_BYTES);
    if (bytes % SECTOR_BYTES !== 0) {
      source.error(
        "disk-size",
        ["disk", "size"],
        `${bytes} bytes are no whole number of sectors: the size is a multiple of ${SECTOR_BYTES}.`,
      );
    }
  }
  const key = raw.sectors !== undefined ? "sectors" : "size";
  if (raw.sectors !== undefined && raw.size !== undefined) {
    source.error("disk-size", ["disk", "size"], 'Give either "sectors" or "size", not both.');
  } else if (sectors === 0) {
    source.error("disk-size", ["disk", key], "A disk without sectors cannot be connected.");
  } else if (sectors > MOST_SECTORS) {
    const text = `${sectors} sectors are more than can be counted in bytes: at most ${MOST_SECTORS}.`;
    source.error("disk-size", ["disk", key], text);
  }
  return sectors;
}

function readSectorSizes(
  source: ScenarioSource,
  raw: RawDisk,
): Pick<DiskSettings, "sectorSize" | "physicalSectorSize"> {
  let { sectorSize, physicalSectorSize } = DEFAULT_DISK;
  if (raw.sectorSize !== undefined) {
    sectorSize = bytesAt(source, ["disk", "sectorSize"], raw.sectorSize);
    if (!SECTOR_SIZES.includes(sectorSize)) {
      const text = `A logical block of ${sayBytes(sectorSize)} does not exist: sector-size is 512, 1024, 2048 or 4096.`;
      source.error("sector-size", ["disk", "sectorSize"], text);
    }
  }
  if (raw.physicalSectorSize !== undefined && raw.physicalSectorSize !== null) {
    const path = ["disk", "physicalSectorSize"];
    physicalSectorSize = bytesAt(source, path, raw.physicalSectorSize);
    const whole = Number.isInteger(Math.log2(physicalSectorSize));
    if (!whole || physicalSectorSize < 512 || physicalSectorSize > LARGEST_PHYSICAL_SECTOR) {
      const text = `A physical block of ${sayBytes(physicalSectorSize)} does not exist: physical-sector-size is a power of two from 512 to ${LARGEST_PHYSICAL_SECTOR}, or null where the key is absent.`;
      source.error("sector-size", path, text);
    }
  }
  return { sectorSize, physicalSectorSize };
}

/** The content as the file says it; of a file's bytes only the name. */
function readContent(raw: RawDisk["content"]): DiskContent {
  if (raw === undefined) return DEFAULT_DISK.content;
  if (raw === "zeros") return { kind: "zeros" };
  if (raw.file !== undefined) {
    return { kind: "bytes", bytes: new Uint8Array(), name: raw.file };
  }
  if (raw.bytes !== undefined) {
    return { kind: "bytes", bytes: Uint8Array.from(readBytes(raw.bytes)) };
  }
  return { kind: "pattern", seed: raw.seed ?? 0 };
}

/** Reads the disk; the bytes of a file that it names are still to come. */
export function readDisk(source: ScenarioSource, raw: RawDisk = {}): DiskSettings {
  let { vdev } = DEFAULT_DISK;
  if (raw.vdev !== undefined) {
    const named = typeof raw.vdev === "string" ? vdevOfName(raw.vdev) : null;
    vdev = named ?? numberAt(source, ["disk", "vdev"], raw.vdev);
    if (vdev >= UINT32) {
      source.error("number", ["disk", "vdev"], "A virtual device number has 32 bits.");
    }
  }
  const sectors = readSectors(source, raw);
  const content = readContent(raw.content);
  if (content.kind === "bytes" && content.bytes.length > sectors * SECTOR_BYTES) {
    const text = `${sayBytes(content.bytes.length)} are more than the disk has: it has ${sayCount(sectors, "sector")} of 512 bytes.`;
    source.error("disk-content", ["disk", "content", "bytes"], text);
  }
  return {
    vdev,
    sectors,
    ...readSectorSizes(source, raw),
    readonly: raw.readonly ?? DEFAULT_DISK.readonly,
    removable: raw.removable ?? DEFAULT_DISK.removable,
    cdrom: raw.cdrom ?? DEFAULT_DISK.cdrom,
    content,
  };
}

/** Where a list names something twice. */
function reportRepeated(
  source: ScenarioSource,
  list: "freeIds" | "liveGrants" | "freeGrefs",
  values: readonly number[],
  what: string,
  seen = new Map<number, string>(),
): Map<number, string> {
  values.forEach((value, i) => {
    const before = seen.get(value);
    if (before !== undefined) {
      const text = `${what} ${value} is already at ${before}: it can be in one place only.`;
      source.error("start-twice", ["start", list, i], text);
    } else {
      seen.set(value, `start.${list}[${i}]`);
    }
  });
  return seen;
}

function checkStart(
  source: ScenarioSource,
  start: StartSettings,
  guest: GuestSettings,
  backend: BackendSettings,
): void {
  if (start.ringIndex >= UINT32) {
    source.error(
      "start-ring",
      ["start", "ringIndex"],
      `A ring index has 32 bits: ${start.ringIndex} is more than 4294967295.`,
    );
  }
  const ringPages = usedRingPages(guest, backend);
  const entries = ringEntries(guest.abi, ringPages);
  start.freeIds.forEach((id, i) => {
    if (id < entries) return;
    const text = `The ring has ${entries} entries, so shadow ids go from 0 to ${entries - 1}; ${id} is none of them.`;
    source.error("start-id", ["start", "freeIds", i], text);
  });
  reportRepeated(source, "freeIds", start.freeIds, "The shadow id");

  for (const list of ["liveGrants", "freeGrefs"] as const) {
    start[list].forEach((gref, i) => {
      if (gref >= RESERVED_GRANTS && gref < guest.grantTableSize) return;
      const text =
        gref < RESERVED_GRANTS
          ? `The references 0 to ${RESERVED_GRANTS - 1} are reserved for Xen; ${gref} cannot be here.`
          : `The grant table has ${guest.grantTableSize} entries (guest.grantTableSize), so ${gref} is no reference of it.`;
      source.error("start-gref", ["start", list, i], text);
    });
  }
  const seen = reportRepeated(source, "liveGrants", start.liveGrants, "The reference");
  reportRepeated(source, "freeGrefs", start.freeGrefs, "The reference", seen);

  const pool = grantPoolSize(guest, backend);
  if (start.liveGrants.length > pool) {
    source.error(
      "start-pool",
      ["start", "liveGrants"],
      `${sayCount(start.liveGrants.length, "live grant")} cannot be on the list: with these settings the driver has ${pool} in all.`,
    );
  }
  const room = guest.grantTableSize - RESERVED_GRANTS - ringPages;
  if (start.liveGrants.length + start.freeGrefs.length > room) {
    source.error(
      "start-table",
      ["start"],
      `${start.liveGrants.length + start.freeGrefs.length} references do not fit: of the table's ${guest.grantTableSize} entries ${RESERVED_GRANTS} are reserved and ${ringPages} are the ring's.`,
    );
  }
  if (start.liveGrants.length > 0 && !backend.persistent) {
    const path = ["start", "liveGrants"];
    if (backend.keepsMapped === "none") {
      const text =
        "Without persistent grants and with a back end that keeps nothing mapped no grant is live at the start: leave the list empty, or set backend.persistent.";
      source.error("start-live", path, text);
    } else {
      const text =
        "The back end does not offer persistent grants, so a live grant at the start is one that it failed to unmap.";
      source.warning("start-live", path, text);
    }
  }
}

export function readStart(
  source: ScenarioSource,
  raw: RawScenario["start"],
  guest: GuestSettings,
  backend: BackendSettings,
): StartSettings | null {
  if (raw === undefined || raw === null) return null;
  const numbers = (list: "freeIds" | "liveGrants" | "freeGrefs"): number[] =>
    (raw[list] ?? []).map((value, i) => numberAt(source, ["start", list, i], value));
  const start: StartSettings = {
    ringIndex:
      raw.ringIndex === undefined ? 0 : numberAt(source, ["start", "ringIndex"], raw.ringIndex),
    freeIds: numbers("freeIds"),
    liveGrants: numbers("liveGrants"),
    freeGrefs: numbers("freeGrefs"),
  };
  checkStart(source, start, guest, backend);
  return start;
}

export function readWalk(
  source: ScenarioSource,
  raw: RawScenario["walk"],
  steps: number,
): Walk | null {
  if (raw === undefined || raw === null) return null;
  const { watch, wrong = null } = raw;
  if (wrong === null) return { watch, wrong };
  if (wrong.step >= steps) {
    const text =
      steps === 0
        ? `The workload has no step ${wrong.step}: it is empty, and -1 is the connection.`
        : `The workload has ${sayCount(steps, "step")}, so a step is from 0 to ${steps - 1}, or -1 for the connection; ${wrong.step} is none of them.`;
    source.error("walk-step", ["walk", "wrong", "step"], text);
  }
  return { watch, wrong: { step: wrong.step, event: wrong.event, nth: wrong.nth ?? 1 } };
}
