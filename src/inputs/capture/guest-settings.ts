/** The settings of the captured guest, from the header and, where it is silent, from the events. */

import type {
  Abi,
  BackendProfile,
  BackendSettings,
  DiskSettings,
  GuestSettings,
  GuestType,
  PageSize,
} from "../../core/scenario.js";
import { ringEntries } from "../driver-limits.js";
import {
  BACKEND_PROFILES,
  completeBackend,
  DEFAULT_BACKEND,
  DEFAULT_DISK,
  DEFAULT_GUEST,
} from "../scenario-defaults.js";
import type { CapturedDisk, CaptureHeader } from "./header.js";

export interface CapturedSettings {
  guest: GuestSettings;
  backend: BackendSettings;
  disk: DiskSettings;
  /** What had to be assumed. */
  notes: string[];
}

/** What the events show about the guest. */
export interface Evidence {
  /** Entries of the ring, from an interrupt. */
  ringEntries: number | null;
  /** Whether grants stayed live after a response; null when no grant was ended. */
  persistent: boolean | null;
  /** Whether an indirect request was seen. */
  indirect: boolean;
  /** The largest reference. */
  largestGref: number;
  /** The sector after the last one that a request touches. */
  end: number;
}

const ABIS: Readonly<Record<string, Abi>> = {
  "x86_64-abi": "x86_64",
  "x86_32-abi": "x86_32",
  "arm-abi": "arm",
};

/** The kinds of back ends by their folder in xenstore. */
const PROFILES: Readonly<Record<string, BackendProfile>> = {
  vbd: "blkback",
  qdisk: "qdisk",
  vbd3: "tapdisk",
};

const LARGEST_RING_ORDER = 4;
const SECTOR_SIZES: readonly number[] = [512, 1024, 2048, 4096];

/** Bits of the back end's `info`. */
const CDROM = 1;
const REMOVABLE = 2;
const READONLY = 4;

function isOn(text: string | undefined): boolean | null {
  if (text === undefined) return null;
  return text === "1" || text === "Y" || text === "y";
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function abiOf(header: CaptureHeader, disk: CapturedDisk): Abi {
  const protocol = ABIS[disk.frontend.get("protocol") ?? ""];
  if (protocol) return protocol;
  const machine = /(\S+)$/.exec(header.about.get("kernel") ?? "")?.[1] ?? "";
  if (/^(aarch64|arm)/.test(machine)) return "arm";
  return /^i[3-6]86$/.test(machine) ? "x86_32" : DEFAULT_GUEST.abi;
}

function pageSizeOf(header: CaptureHeader, notes: string[]): PageSize {
  const { pageSize } = header;
  if (pageSize === 4096 || pageSize === 16384 || pageSize === 65536) return pageSize;
  const what =
    pageSize === null ? "does not say the page size" : `says a page of ${pageSize} bytes`;
  notes.push(`The header ${what}; 4 KB is assumed.`);
  return 4096;
}

function ringPagesOf(disk: CapturedDisk, abi: Abi, evidence: Evidence): number {
  const sizes = [1, 2, 4, 8, 16];
  const byEntries = sizes.find((pages) => ringEntries(abi, pages) === evidence.ringEntries);
  if (byEntries !== undefined) return byEntries;
  const order = wholeNumber(disk.frontend.get("ring-page-order"));
  return order !== null && order <= 4 ? 2 ** order : 1;
}

/** The module's parameter was called `max` before Linux 4.9. */
function maxIndirectOf(header: CaptureHeader): number | null {
  const { parameters } = header;
  return wholeNumber(parameters.get("max_indirect_segments") ?? parameters.get("max"));
}

function offeredIndirect(
  header: CaptureHeader,
  disk: CapturedDisk,
  evidence: Evidence,
  usual: BackendSettings,
  notes: string[],
): number | null {
  const offered = wholeNumber(disk.backend.get("feature-max-indirect-segments"));
  if (offered !== null) return offered;
  if (disk.backend.size > 0) return null;
  const { maxSegments } = disk;
  const direct = maxSegments !== null ? maxSegments <= 11 : header.isCapture && !evidence.indirect;
  const usually = evidence.indirect
    ? (usual.maxIndirectSegments ?? DEFAULT_BACKEND.maxIndirectSegments)
    : usual.maxIndirectSegments;
  const found = direct && !evidence.indirect ? null : usually;
  notes.push(
    `The header has no xenstore; the back end is assumed to offer ${found ?? "no"} indirect segments.`,
  );
  return found;
}

/** Persistent grants are used when both ends want them. */
function persistentOf(
  header: CaptureHeader,
  disk: CapturedDisk,
  evidence: Evidence,
  usual: BackendSettings,
): boolean {
  if (evidence.persistent !== null) return evidence.persistent;
  const front =
    isOn(disk.frontend.get("feature-persistent")) ??
    isOn(header.parameters.get("feature_persistent")) ??
    true;
  const offered = isOn(disk.backend.get("feature-persistent"));
  const back = offered ?? (disk.backend.size === 0 && usual.persistent);
  return front && back;
}

/** What a back end announces that has said something. */
function offersOf(store: ReadonlyMap<string, string>, ringPages: number): Partial<BackendSettings> {
  const flush = isOn(store.get("feature-flush-cache")) === true;
  const barrier = isOn(store.get("feature-barrier")) === true;
  const order = wholeNumber(store.get("max-ring-page-order"));
  const offered = order === null ? null : 2 ** Math.min(order, LARGEST_RING_ORDER);
  const offers: Partial<BackendSettings> = {
    // A guest that uses more than is offered connected to another back end before.
    maxRingPages: ringPages > (offered ?? 1) ? ringPages : offered,
    flush: flush && barrier ? "both" : flush ? "flush" : barrier ? "barrier" : "none",
    discard: isOn(store.get("feature-discard")) === true,
    discardSecure: isOn(store.get("discard-secure")),
  };
  const granularity = wholeNumber(store.get("discard-granularity"));
  const alignment = wholeNumber(store.get("discard-alignment"));
  if (granularity !== null) offers.discardGranularity = granularity;
  if (alignment !== null) offers.discardAlignment = alignment;
  return offers;
}

function backendOf(
  header: CaptureHeader,
  disk: CapturedDisk,
  evidence: Evidence,
  ringPages: number,
  notes: string[],
): BackendSettings {
  const store = disk.backend;
  const profile = PROFILES[disk.backendKind ?? ""] ?? DEFAULT_BACKEND.profile;
  const usual = BACKEND_PROFILES[profile];
  return completeBackend(DEFAULT_BACKEND, {
    profile,
    persistent: persistentOf(header, disk, evidence, usual),
    maxIndirectSegments: offeredIndirect(header, disk, evidence, usual, notes),
    ...(store.size === 0
      ? { maxRingPages: Math.max(usual.maxRingPages ?? 1, ringPages) }
      : offersOf(store, ringPages)),
  });
}

function sectorSizesOf({
  backend,
}: CapturedDisk): Pick<DiskSettings, "sectorSize" | "physicalSectorSize"> {
  const logical = wholeNumber(backend.get("sector-size")) ?? DEFAULT_DISK.sectorSize;
  const physical = wholeNumber(backend.get("physical-sector-size"));
  return {
    sectorSize: SECTOR_SIZES.includes(logical) ? logical : DEFAULT_DISK.sectorSize,
    physicalSectorSize: physical !== null && SECTOR_SIZES.includes(physical) ? physical : null,
  };
}

function diskOf(disk: CapturedDisk, evidence: Evidence, notes: string[]): DiskSettings {
  const info = wholeNumber(disk.backend.get("info")) ?? 0;
  const about: DiskSettings = {
    ...DEFAULT_DISK,
    vdev: disk.vdev,
    ...sectorSizesOf(disk),
    readonly: (info & READONLY) !== 0 || disk.backend.get("mode") === "r",
    removable: (info & REMOVABLE) !== 0,
    cdrom: (info & CDROM) !== 0,
  };
  if (disk.sectors !== null && disk.sectors >= evidence.end && disk.sectors > 0) {
    return { ...about, sectors: disk.sectors };
  }
  const sectors = Math.max(DEFAULT_DISK.sectors, disk.sectors ?? 0, evidence.end);
  const why = disk.sectors === null ? "does not say the disk's size" : "says a smaller disk";
  notes.push(`The header ${why}; ${sectors} sectors are assumed, which hold all requests.`);
  return { ...about, sectors };
}

/** The driver asks whether it is an HVM guest, and a PVH guest says yes. */
function guestTypeOf({ guestType }: CaptureHeader): GuestType {
  if (guestType === null) return DEFAULT_GUEST.type;
  return guestType === "PV" ? "pv" : "hvm";
}

/** A grant table that has grown to hold the references that were seen. */
function grantTableOf(evidence: Evidence): number {
  let size = DEFAULT_GUEST.grantTableMax;
  while (size <= evidence.largestGref) size *= 2;
  return size;
}

export function settingsOf(
  header: CaptureHeader,
  disk: CapturedDisk,
  evidence: Evidence,
): CapturedSettings {
  const notes: string[] = [];
  const abi = abiOf(header, disk);
  const maxIndirect = maxIndirectOf(header);
  if (maxIndirect === null) {
    notes.push(
      `The header does not say how many indirect segments the driver uses; ${DEFAULT_GUEST.maxIndirectSegments} are assumed.`,
    );
  }
  const grantTableSize = grantTableOf(evidence);
  const guest: GuestSettings = {
    ...DEFAULT_GUEST,
    type: guestTypeOf(header),
    pageSize: pageSizeOf(header, notes),
    abi,
    ringPages: ringPagesOf(disk, abi, evidence),
    maxIndirectSegments: maxIndirect ?? DEFAULT_GUEST.maxIndirectSegments,
    grantTableSize,
    grantTableMax: grantTableSize,
    // What was captured had passed a block layer; with other limits it would be cut again.
    blockLayer: "split",
  };
  const backend = backendOf(header, disk, evidence, guest.ringPages, notes);
  if (header.parameters.get("trusted") === "N" && !backend.persistent) {
    notes.push(
      "The captured driver does not trust its back end and copies all data; this one copies only with persistent grants.",
    );
  }
  return { guest, backend, disk: diskOf(disk, evidence, notes), notes };
}
