/** Small scenarios for tests of the core. */
import type {
  BackendSettings,
  BufferSegment,
  GuestSettings,
  RequestSettings,
  Scenario,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import {
  DEFAULT_BACKEND,
  DEFAULT_DISK,
  DEFAULT_GUEST,
} from "../../../src/inputs/scenario-defaults.js";

/** A scenario with everything usual, and what is given changed. */
export function scenario(
  workload: WorkloadStep[],
  guest: Partial<GuestSettings> = {},
  backend: Partial<BackendSettings> = {},
): Scenario {
  return {
    title: "test",
    guest: {
      ...DEFAULT_GUEST,
      pageSize: 65536,
      abi: "x86_64",
      ringPages: 1,
      maxIndirectSegments: 32,
      grantTableSize: 4096,
      grantTableMax: 4096,
      blockLayer: "split",
      ...guest,
    },
    backend: {
      ...DEFAULT_BACKEND,
      persistent: true,
      maxIndirectSegments: 256,
      flush: "none",
      discard: false,
      discardSecure: null,
      keepsMapped: "all",
      ...backend,
    },
    disk: { ...DEFAULT_DISK, sectors: 131072 },
    start: null,
    walk: null,
    workload,
  };
}

/** A read or write of these segments. */
export function transfer(
  id: number,
  op: "read" | "write",
  sector: number,
  segments: BufferSegment[],
): RequestSettings {
  const bytes = segments.reduce((sum, { length }) => sum + length, 0);
  return { id, op, fua: false, preflush: false, sector, sectors: bytes / 512, segments };
}

/** Submits and completes each request, one after the other. */
export function one_by_one(...requests: RequestSettings[]): WorkloadStep[] {
  return requests.flatMap((request) => [
    { submit: [request] },
    { complete: [{ id: request.id, status: "okay" as const }] },
  ]);
}
