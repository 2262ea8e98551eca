/** Which configurations the page-size matrix has, and each as a scenario. */
import type { BackendProfile, PageSize, Scenario } from "../../core/scenario.js";
import {
  BACKEND_PROFILES,
  DEFAULT_DISK,
  DEFAULT_GUEST,
  completeBackend,
} from "../../inputs/scenario-defaults.js";

/** A row: one guest with one back end. */
export interface Configuration {
  /** Bytes. */
  readonly pageSize: PageSize;
  readonly profile: BackendProfile;
  /** The ring has 2^order pages of 4096 bytes. */
  readonly ringOrder: number;
  /** `feature-max-indirect-segments`, of 4 KB; null where the back end has no such key. */
  readonly indirect: number | null;
}

/** What of the matrix is wanted; what is left out is not restricted. */
export interface MatrixFilter {
  pageSize?: PageSize;
  profile?: BackendProfile;
  ringOrder?: number;
  /** Any number, also one that the whole matrix does not have. */
  indirect?: number | null;
}

export const PAGE_SIZES: readonly PageSize[] = [4096, 16384, 65536];
export const PROFILES = Object.keys(BACKEND_PROFILES) as BackendProfile[];
export const RING_ORDERS: readonly number[] = [0, 1, 2, 3, 4];
/** Without the key, which is what blkback was before Linux 3.11; and with these limits. */
const INDIRECT_OF_BLKBACK: readonly (number | null)[] = [null, 0, 16, 32, 64, 256];

/** The orders of ring that a back end takes. */
function ordersOf(profile: BackendProfile): readonly number[] {
  const pages = BACKEND_PROFILES[profile].maxRingPages ?? 1;
  return RING_ORDERS.filter((order) => 1 << order <= pages);
}

/** The limits of indirect requests that a back end can announce: only blkback knows such requests. */
function indirectOf(profile: BackendProfile, wanted?: number | null): readonly (number | null)[] {
  const all = profile === "blkback" ? INDIRECT_OF_BLKBACK : [null];
  if (wanted === undefined) return all;
  return wanted === null || profile === "blkback" ? [wanted] : [];
}

/** The configurations that exist and are wanted, page size by page size. */
export function configurations(filter: MatrixFilter): Configuration[] {
  const wanted = <T>(all: readonly T[], one: T | undefined) =>
    all.filter((value) => one === undefined || value === one);
  return wanted(PAGE_SIZES, filter.pageSize).flatMap((pageSize) =>
    wanted(PROFILES, filter.profile).flatMap((profile) =>
      indirectOf(profile, filter.indirect).flatMap((indirect) =>
        wanted(ordersOf(profile), filter.ringOrder).map((ringOrder) => ({
          pageSize,
          profile,
          ringOrder,
          indirect,
        })),
      ),
    ),
  );
}

/** The guest and its back end. The module parameter `max` is raised to what the back end announces. */
export function scenarioOf({ pageSize, profile, ringOrder, indirect }: Configuration): Scenario {
  const base = BACKEND_PROFILES[profile];
  return {
    title: "matrix",
    guest: {
      ...DEFAULT_GUEST,
      pageSize,
      ringPages: 1 << ringOrder,
      maxIndirectSegments: Math.max(DEFAULT_GUEST.maxIndirectSegments, indirect ?? 0),
    },
    backend: completeBackend(base, { maxIndirectSegments: indirect }),
    disk: DEFAULT_DISK,
    start: null,
    walk: null,
    workload: [],
  };
}
