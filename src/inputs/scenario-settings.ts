/** Reads the settings of a scenario: guest, back end, disk and start. */

import type { JSONPath } from "jsonc-parser";
import type {
  BackendSettings,
  DiskSettings,
  GuestSettings,
  PageSize,
  StartSettings,
} from "../core/scenario.js";
import { vdevOfName } from "./disk-name.js";
import {
  grantPoolSize,
  RESERVED_GRANTS,
  ringEntries,
  SECTOR_BYTES,
  WIRE_SEGMENTS,
} from "./driver-limits.js";
import { readNumber, readSize, sayBytes, sayCount } from "./quantity.js";
import { DEFAULT_BACKEND, DEFAULT_DISK, DEFAULT_GUEST } from "./scenario-defaults.js";
import type { RawScenario, Written } from "./scenario-raw.js";
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

export function readGuest(source: ScenarioSource, raw: RawScenario["guest"]): GuestSettings {
  const { pageSize: writtenSize, ...rest } = raw ?? {};
  const guest: GuestSettings = { ...DEFAULT_GUEST, ...rest };
  if (writtenSize !== undefined) {
    const pageSize = readPageSize(writtenSize);
    if (pageSize) guest.pageSize = pageSize;
    else source.error("page-size", ["guest", "pageSize"], noSuchPageSize(writtenSize));
  }
  if (![1, 2, 4, 8, 16].includes(guest.ringPages)) {
    source.error(
      "ring-pages",
      ["guest", "ringPages"],
      `A ring of ${guest.ringPages} pages cannot be set up: the number of pages is a power of two, 1, 2, 4, 8 or 16.`,
    );
  }
  if (guest.maxIndirectSegments > WIRE_SEGMENTS) {
    source.warning(
      "indirect-segments",
      ["guest", "maxIndirectSegments"],
      `An indirect request names at most 8 frames of 512 segments, ${WIRE_SEGMENTS} in all; ${guest.maxIndirectSegments} is more.`,
    );
  }
  return guest;
}

export function readBackend(source: ScenarioSource, raw: RawScenario["backend"]): BackendSettings {
  const backend: BackendSettings = { ...DEFAULT_BACKEND, ...raw };
  if (raw?.keepsMapped === undefined) backend.keepsMapped = backend.persistent ? "all" : "none";
  if (backend.maxIndirectSegments !== null && backend.maxIndirectSegments >= UINT32) {
    source.error(
      "number",
      ["backend", "maxIndirectSegments"],
      "feature-max-indirect-segments is a number of 32 bits: at most 4294967295.",
    );
  }
  return backend;
}

export function readDisk(source: ScenarioSource, raw: RawScenario["disk"]): DiskSettings {
  const disk: DiskSettings = { ...DEFAULT_DISK };
  if (raw?.vdev !== undefined) {
    const named = typeof raw.vdev === "string" ? vdevOfName(raw.vdev) : null;
    disk.vdev = named ?? numberAt(source, ["disk", "vdev"], raw.vdev);
    if (disk.vdev >= UINT32) {
      source.error("number", ["disk", "vdev"], "A virtual device number has 32 bits.");
    }
  }
  if (raw?.sectors !== undefined) {
    disk.sectors = numberAt(source, ["disk", "sectors"], raw.sectors);
  } else if (raw?.size !== undefined) {
    const bytes = bytesAt(source, ["disk", "size"], raw.size);
    disk.sectors = Math.floor(bytes / SECTOR_BYTES);
    if (bytes % SECTOR_BYTES !== 0) {
      source.error(
        "disk-size",
        ["disk", "size"],
        `${bytes} bytes are no whole number of sectors: the size is a multiple of ${SECTOR_BYTES}.`,
      );
    }
  }
  if (raw?.sectors !== undefined && raw.size !== undefined) {
    source.error("disk-size", ["disk", "size"], 'Give either "sectors" or "size", not both.');
  } else if (disk.sectors === 0) {
    const key = raw?.sectors !== undefined ? "sectors" : "size";
    source.error("disk-size", ["disk", key], "A disk without sectors cannot be connected.");
  }
  return disk;
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
  const entries = ringEntries(guest.abi, guest.ringPages);
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
  const room = guest.grantTableSize - RESERVED_GRANTS - guest.ringPages;
  if (start.liveGrants.length + start.freeGrefs.length > room) {
    source.error(
      "start-table",
      ["start"],
      `${start.liveGrants.length + start.freeGrefs.length} references do not fit: of the table's ${guest.grantTableSize} entries ${RESERVED_GRANTS} are reserved and ${guest.ringPages} are the ring's.`,
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
