/**
 * What a setting is when a scenario does not say. The back end's are those of xen-blkback in Linux,
 * the guest's those of the driver. `schemas/blkfront.schema.json` says the same to editors.
 */

import type { BackendSettings, DiskSettings, GuestSettings } from "../core/scenario.js";

export const DEFAULT_GUEST: GuestSettings = {
  pageSize: 4096,
  abi: "x86_64",
  ringPages: 1,
  maxIndirectSegments: 32,
  grantTableSize: 32768,
  blockLayer: "split",
};

/** `keepsMapped` is "none" without persistent grants. */
export const DEFAULT_BACKEND: BackendSettings = {
  persistent: true,
  maxIndirectSegments: 256,
  flush: "both",
  discard: true,
  discardSecure: false,
  keepsMapped: "all",
};

/** xvda with 512 MB. */
export const DEFAULT_DISK: DiskSettings = { vdev: 51712, sectors: 1048576 };
