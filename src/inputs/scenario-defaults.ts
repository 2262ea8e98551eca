/**
 * What a setting is when a scenario does not say. The guest's are those of the driver, the back end's
 * those of its profile. `schemas/blkfront.schema.json` says the same to editors.
 */

import type {
  BackendProfile,
  BackendSettings,
  DiskSettings,
  GuestSettings,
} from "../core/scenario.js";
import { WIRE_SEGMENTS } from "./driver-limits.js";

/** The table begins with one frame and grows up to the 64 that Xen allows unless told otherwise. */
export const DEFAULT_GUEST: GuestSettings = {
  type: "pv",
  pageSize: 4096,
  abi: "x86_64",
  ringPages: 1,
  maxIndirectSegments: 32,
  grantTableSize: 512,
  grantTableMax: 32768,
  blockLayer: "split",
  pagesLeft: null,
  failing: [],
};

/** xen-blkback of Linux. `keepsMapped` is "none" without persistent grants. */
const BLKBACK: BackendSettings = {
  profile: "blkback",
  maxRingPages: 16,
  persistent: true,
  maxIndirectSegments: 256,
  segmentLimit: 256,
  flush: "both",
  discard: true,
  discardGranularity: 4096,
  discardAlignment: 0,
  discardSecure: false,
  keepsMapped: "all",
  maxPersistentGrants: 1056,
};

/** What each back end offers unless the scenario says otherwise. */
export const BACKEND_PROFILES: Readonly<Record<BackendProfile, BackendSettings>> = {
  blkback: BLKBACK,
  /**
   * QEMU's (`xen_block_realize` in hw/block/xen-block.c): flush-cache, discard with the granularity of the
   * physical block where unmapping is enabled, as the toolstack does for a disk that can be written, and
   * rings of up to order 4. It copies with the hypervisor's help, so it maps nothing for long.
   */
  qdisk: {
    ...BLKBACK,
    profile: "qdisk",
    persistent: false,
    maxIndirectSegments: null,
    segmentLimit: 0,
    flush: "flush",
    discardGranularity: 512,
    discardSecure: null,
    keepsMapped: "none",
    maxPersistentGrants: null,
  },
  /**
   * XenServer's and XCP-ng's (tapback/frontend.c and backend.c of blktap): barriers unless it is started
   * with -b, rings of up to order 3 (MAX_RING_PAGE_ORDER), no discard. It copies too.
   */
  tapdisk: {
    ...BLKBACK,
    profile: "tapdisk",
    maxRingPages: 8,
    persistent: false,
    maxIndirectSegments: null,
    segmentLimit: 0,
    flush: "barrier",
    discard: false,
    discardSecure: null,
    keepsMapped: "none",
    maxPersistentGrants: null,
  },
};

export const DEFAULT_BACKEND: BackendSettings = BLKBACK;

/** Segments that xen-blkback takes whatever it offers. */
const BLKBACK_SEGMENTS = 256;

/**
 * The settings that differ, and all others as those of `base`, or of the profile where that differs. What
 * is said of persistent grants and indirect segments decides `keepsMapped` and `segmentLimit`, unless they
 * are said too.
 */
export function completeBackend(
  base: BackendSettings,
  said: Partial<BackendSettings>,
): BackendSettings {
  const { profile = base.profile } = said;
  const origin = profile === base.profile ? base : BACKEND_PROFILES[profile];
  const backend: BackendSettings = { ...origin, ...said };
  if (said.keepsMapped === undefined && backend.persistent !== origin.persistent) {
    backend.keepsMapped = backend.persistent ? "all" : "none";
  }
  if (
    said.segmentLimit === undefined &&
    backend.maxIndirectSegments !== origin.maxIndirectSegments
  ) {
    const least = profile === "blkback" ? BLKBACK_SEGMENTS : 0;
    const offered = Math.max(least, backend.maxIndirectSegments ?? 0);
    backend.segmentLimit = Math.min(offered, WIRE_SEGMENTS);
  }
  return backend;
}

/** xvda with 512 MB. */
export const DEFAULT_DISK: DiskSettings = {
  vdev: 51712,
  sectors: 1048576,
  sectorSize: 512,
  physicalSectorSize: null,
  readonly: false,
  removable: false,
  cdrom: false,
  content: { kind: "pattern", seed: 0 },
};
