/** A long run: what a million grants leave behind in the process. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import v8 from "node:v8";
import vm from "node:vm";
import { type Machine, createMachine, runTask } from "../../../src/core/machine.js";
import { tasks_of_workload } from "../../../src/core/machine/tasks-of.js";
import type { RequestSettings } from "../../../src/core/scenario.js";
import { scenario, transfer } from "./scenarios.js";

const GRANTS = 1_000_000;
const REQUESTS = 32;
const PAGES = 256;
const ROUNDS = Math.ceil(GRANTS / (REQUESTS * PAGES));
/** A byte a grant: the engine's own books move by less. A number kept of each grant takes eight. */
const NOTHING = GRANTS;

/** Bytes in use when everything that can be freed has been. */
function bytes_in_use(): number {
  v8.setFlagsFromString("--expose-gc");
  const gc = vm.runInNewContext("gc") as () => void;
  // What the first has freed may have kept other things alive.
  for (let i = 0; i < 3; i++) gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function full_requests(): RequestSettings[] {
  return Array.from({ length: REQUESTS }, (_, id) =>
    transfer(
      id,
      id % 2 ? "read" : "write",
      id * PAGES * 8,
      Array.from({ length: PAGES }, (_, i) => ({
        page: 0x1000 + id * PAGES + i,
        offset: 0,
        length: 4096,
      })),
    ),
  );
}

/** Once all that the machine was made for. @returns the grants that it took */
function round(machine: Machine): number {
  machine.agenda.push(...tasks_of_workload(machine.scenario.workload));
  let grants = 0;
  while (runTask(machine, ({ kind }) => void (kind === "grant_taken" && grants++)));
  assert.equal(machine.bug, null);
  // The list of all that was ever asked for is for whoever looks at the run, and grows with it.
  const asked = machine.requests.splice(0);
  assert.ok(asked.every(({ state, error }) => state === "ended" && error === 0));
  return grants;
}

describe("a run of a million grants", () => {
  for (const persistent of [false, true]) {
    it(`leaves the heap where it was, with grants that ${persistent ? "persist" : "end"}`, () => {
      const requests = full_requests();
      const machine = createMachine(
        scenario(
          [{ submit: requests }, { complete: requests.map(({ id }) => ({ id, status: "okay" })) }],
          {
            pageSize: 4096,
            maxIndirectSegments: PAGES,
            grantTableSize: 32768,
            grantTableMax: 32768,
          },
          { persistent, maxIndirectSegments: PAGES, keepsMapped: persistent ? "all" : "none" },
        ),
      );
      // What the engine makes of the code, it makes in the first million.
      for (let n = 0; n < ROUNDS; n++) round(machine);
      const before = bytes_in_use();
      let grants = 0;
      for (let n = 0; n < ROUNDS; n++) grants += round(machine);
      const grown = bytes_in_use() - before;
      assert.ok(grants >= GRANTS, `${grants} grants`);

      assert.ok(grown < NOTHING, `${grown} bytes more are in use`);
    });
  }
});
