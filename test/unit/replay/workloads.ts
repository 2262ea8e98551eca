import type { RequestSettings, Scenario, WorkloadStep } from "../../../src/core/scenario.js";
import { one_by_one, scenario, transfer } from "../core/scenarios.js";

const settings = { maxIndirectSegments: 16, grantTableSize: 2048 };

/** `grants` pages of 4 KB from page `page` on. */
function pages(page: number, grants: number) {
  return Array.from({ length: grants }, (_, i) => ({ page: page + i, offset: 0, length: 4096 }));
}

/** A read and a write, small enough to look at every step. */
export const small: Scenario = scenario(
  one_by_one(
    transfer(1, "write", 8, [{ page: 0x1000, offset: 512, length: 1024 }]),
    transfer(2, "read", 8, [{ page: 0x1001, offset: 0, length: 8192 }]),
  ),
  settings,
);

/** Batches of reads and writes, with and without indirect frames. */
export function batches(count: number, size: number): Scenario {
  const workload: WorkloadStep[] = [];
  for (let batch = 0; batch < count; batch++) {
    const requests: RequestSettings[] = Array.from({ length: size }, (_, i) => {
      const id = 1 + batch * size + i;
      return transfer(
        id,
        id % 2 ? "write" : "read",
        (id % 8) * 256,
        pages(0x1000 + i * 16, 1 + (id % 16)),
      );
    });
    workload.push(
      { submit: requests },
      { complete: requests.map(({ id }) => ({ id, status: "okay" as const })) },
    );
  }
  return scenario(workload, { ...settings, pageSize: 4096, maxIndirectSegments: 32 });
}

/** The request is larger than its slot, which stops the kernel. */
export const fatal: Scenario = scenario(
  one_by_one(
    transfer(
      1,
      "read",
      0,
      [0, 1, 2].map((i) => ({ page: 0x1000 + i, offset: 0, length: 512 })),
    ),
  ),
  { ...settings, blockLayer: "bypass" },
);
