/** Scenarios in which the panel has something to show. */
import type {
  BufferSegment,
  RequestOperation,
  RequestSettings,
  Scenario,
} from "../../../src/core/scenario.js";

export function request(
  id: number,
  op: RequestOperation,
  sector: number,
  segments: BufferSegment[],
  sectors = segments.reduce((sum, { length }) => sum + length, 0) / 512,
): RequestSettings {
  return { id, op, fua: false, preflush: false, sector, sectors, segments };
}

function guest(pageSize: Scenario["guest"]["pageSize"], max: number): Scenario["guest"] {
  return {
    pageSize,
    abi: "x86_64",
    ringPages: 1,
    maxIndirectSegments: max,
    grantTableSize: 4096,
    blockLayer: "split",
  };
}

function backend(max: number | null): Scenario["backend"] {
  return {
    persistent: true,
    maxIndirectSegments: max,
    flush: "flush",
    discard: true,
    discardSecure: null,
    keepsMapped: "all",
  };
}

/** `count` whole pages from `page` on. */
export function pages(page: number, count: number, pageSize: number): BufferSegment[] {
  return Array.from({ length: count }, (_, n) => ({ page: page + n, offset: 0, length: pageSize }));
}

const okay = (...ids: number[]): Scenario["workload"][number] => ({
  complete: ids.map((id) => ({ id, status: "okay" as const })),
});

/** A guest of 64 KB pages at work: reads and writes that begin and end inside pages, in several slots. */
export const busy64: Scenario = {
  title: "busy-64k",
  guest: guest(65536, 64),
  backend: backend(64),
  disk: { vdev: 51712, sectors: 1 << 20 },
  start: null,
  workload: [
    {
      submit: [
        request(1, "write", 512, [{ page: 0x1100, offset: 0x1000, length: 12288 }]),
        request(2, "write", 4096, pages(0x1110, 2, 65536)),
        request(3, "read", 9000, [{ page: 0x1120, offset: 512, length: 9728 }]),
      ],
    },
    okay(1, 3),
    {
      submit: [
        request(4, "write", 2048, [
          { page: 0x1000, offset: 0x3200, length: 52736 },
          { page: 0x1001, offset: 0, length: 65536 },
          { page: 0x1002, offset: 0, length: 7168 },
        ]),
        request(5, "flush", 0, []),
      ],
    },
    okay(2),
    okay(4, 5),
    {
      submit: [
        request(6, "read", 2048, [
          { page: 0x1010, offset: 0x3200, length: 52736 },
          { page: 0x1011, offset: 0, length: 65536 },
        ]),
        request(7, "discard", 65536, [], 2048),
        request(8, "read", 16384, pages(0x1130, 1, 65536)),
      ],
    },
    { complete: [{ id: 7, status: "unsupported" }, { id: 8, status: "error" }, { id: 6, status: "okay" }] },
    { submit: [request(9, "read", 512, [{ page: 0x1140, offset: 0x1000, length: 12288 }])] },
    okay(9),
  ],
};

/** One read of 1 MiB in 4 KB pages: 256 grants. */
export const large4k: Scenario = {
  ...busy64,
  title: "read-1m-4k",
  guest: guest(4096, 256),
  backend: backend(256),
  workload: [
    { submit: [request(1, "write", 0, pages(0x8000, 256, 4096))] },
    okay(1),
    { submit: [request(2, "read", 0, pages(0x9000, 256, 4096))] },
    okay(2),
  ],
};

/** The same on 16 KB pages. */
export const large16k: Scenario = {
  ...large4k,
  title: "read-1m-16k",
  guest: guest(16384, 256),
  workload: [{ submit: [request(1, "write", 0, pages(0x8000, 64, 16384))] }, okay(1)],
};

/** A direct request whose grants do not persist. */
export const direct4k: Scenario = {
  ...busy64,
  title: "direct-4k",
  guest: guest(4096, 32),
  backend: { ...backend(null), persistent: false, keepsMapped: "none" },
  workload: [
    { submit: [request(1, "write", 64, pages(0x700, 5, 4096)), request(2, "read", 640, [{ page: 0x720, offset: 1024, length: 1536 }])] },
    okay(1, 2),
  ],
};

/** The largest device: a ring of 512 slots, and 131,584 grants in the pool. */
export const largest: Scenario = {
  ...busy64,
  title: "largest",
  guest: { ...guest(4096, 256), ringPages: 16, grantTableSize: 262144 },
  backend: backend(256),
  workload: [
    { submit: Array.from({ length: 40 }, (_, n) => request(n + 1, "write", n * 2048, pages(0x8000 + n * 256, 256, 4096))) },
    okay(...Array.from({ length: 40 }, (_, n) => n + 1)),
    { submit: [request(100, "write", 0, pages(0x8000, 256, 4096))] },
    okay(100),
  ],
};
