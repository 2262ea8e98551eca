import type { RequestSettings, Scenario, WorkloadStep } from "../src/core/scenario.js";
import { DEFAULT_BACKEND, DEFAULT_DISK, DEFAULT_GUEST } from "../src/inputs/scenario-defaults.js";

/** Steps that one grant of these requests takes, about: there and back. */
const STEPS_PER_GRANT = 90;
const BATCH = 8;
const SEGMENTS = 2;
const GRANTS = BATCH * SEGMENTS * 16;

function batch(first: number): RequestSettings[] {
  return Array.from({ length: BATCH }, (_, i) => ({
    id: first + i,
    op: i % 2 === 0 ? "write" : "read",
    fua: false,
    preflush: false,
    sector: ((first + i) % 64) * 256,
    sectors: SEGMENTS * 128,
    segments: Array.from({ length: SEGMENTS }, (_, segment) => ({
      page: 0x1000 + i * SEGMENTS + segment,
      offset: 0,
      length: 65536,
    })),
  }));
}

/** Reads and writes of 128 KB on 64 KB pages with persistent grants, for about so many steps. */
export function long_scenario(steps: number): Scenario {
  const workload: WorkloadStep[] = [];
  const batches = Math.ceil(steps / (GRANTS * STEPS_PER_GRANT));
  for (let n = 0; n < batches; n++) {
    const requests = batch(1 + n * BATCH);
    workload.push(
      { submit: requests },
      { complete: requests.map(({ id }) => ({ id, status: "okay" as const })) },
    );
  }
  return {
    title: "long",
    guest: {
      ...DEFAULT_GUEST,
      pageSize: 65536,
      abi: "x86_64",
      ringPages: 1,
      maxIndirectSegments: 32,
      grantTableSize: 4096,
      grantTableMax: 4096,
      blockLayer: "split",
    },
    backend: {
      ...DEFAULT_BACKEND,
      persistent: true,
      maxIndirectSegments: 256,
      flush: "none",
      discard: false,
      discardSecure: null,
      keepsMapped: "all",
    },
    disk: { ...DEFAULT_DISK, sectors: 131072 },
    start: null,
    walk: null,
    workload,
  };
}
