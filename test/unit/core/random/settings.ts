/** Random guests, back ends and disks. */
import fc from "fast-check";
import type {
  Abi,
  BackendProfile,
  BackendSettings,
  DiskSettings,
  GuestSettings,
  PageSize,
} from "../../../../src/core/scenario.js";
import {
  BACKEND_PROFILES,
  DEFAULT_DISK,
  DEFAULT_GUEST,
  completeBackend,
} from "../../../../src/inputs/scenario-defaults.js";

export interface Surroundings {
  guest: GuestSettings;
  backend: BackendSettings;
  disk: DiskSettings;
}

/** Sectors of the disk when it is new; a resize adds to them. */
export const SECTORS = 4096;
/** The most that a resize makes of them: what lies beyond is never there. */
export const MOST_SECTORS = 2 * SECTORS;

/** Ring pages and the agreed limit of indirect segments: large rings with small limits, so that pools stay small. */
const sizes: fc.Arbitrary<readonly [ringPages: number, indirect: number | null]> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constantFrom(1, 1, 2), fc.constantFrom(null, 16, 32, 64)) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(4, 8), fc.constantFrom(null, 11, 16)) },
  { weight: 1, arbitrary: fc.constant([16, null]) },
  { weight: 1, arbitrary: fc.constant([1, 256]) },
);

/** What the back end offers, beyond what its profile says. */
const backends: fc.Arbitrary<(indirect: number | null) => BackendSettings> = fc
  .record({
    profile: fc.constantFrom<BackendProfile>("blkback", "blkback", "blkback", "qdisk", "tapdisk"),
    persistent: fc.boolean(),
    flush: fc.constantFrom("none" as const, "flush" as const, "barrier" as const, "both" as const),
    discard: fc.boolean(),
    discardSecure: fc.constantFrom(null, false, true),
    most: fc.constantFrom(null, 1056),
  })
  .map(({ profile, persistent, most, ...features }) => (indirect: number | null) => {
    if (profile !== "blkback") return BACKEND_PROFILES[profile];
    const said = { persistent, maxIndirectSegments: indirect, ...features };
    return { ...completeBackend(BACKEND_PROFILES.blkback, said), maxPersistentGrants: most };
  });

/** Entries that the grant table begins with, and may grow to. */
const TABLES: readonly (readonly [size: number, most: number])[] = [
  [512, 512],
  [512, 512],
  [512, 1024],
  [512, 32768],
  [2048, 2048],
  [4096, 4096],
];

/** Any guest with any back end; the two agree on ring pages and indirect segments. */
export const surroundings: fc.Arbitrary<Surroundings> = fc
  .record({
    pageSize: fc.constantFrom<PageSize>(4096, 16384, 65536),
    abi: fc.constantFrom<Abi>("x86_64", "x86_32", "arm"),
    blockLayer: fc.constantFrom("split" as const, "bypass" as const),
    sizes,
    table: fc.constantFrom(...TABLES),
    backends,
    seed: fc.nat(3),
  })
  .map(({ sizes: [ringPages, indirect], table: [grantTableSize, grantTableMax], ...one }) => ({
    guest: {
      ...DEFAULT_GUEST,
      pageSize: one.pageSize,
      abi: one.abi,
      blockLayer: one.blockLayer,
      ringPages,
      maxIndirectSegments: Math.max(DEFAULT_GUEST.maxIndirectSegments, indirect ?? 0),
      grantTableSize,
      grantTableMax,
    },
    backend: one.backends(indirect),
    disk: {
      ...DEFAULT_DISK,
      sectors: SECTORS,
      content: { kind: "pattern" as const, seed: one.seed },
    },
  }));
