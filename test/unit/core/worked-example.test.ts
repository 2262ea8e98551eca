// Requests of a guest with 64 KB pages, worked out by hand.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type Machine, createMachine, runTask } from "../../../src/core/machine.js";
import type { BufferSegment, Scenario } from "../../../src/core/scenario.js";
import type { TraceEvent } from "../../../src/core/tracepoints.js";
import { only } from "./run.js";
import { one_by_one, scenario, transfer } from "./scenarios.js";

/** Runs each task, and says how many references are free after each. */
function run(of: Scenario) {
  const machine = createMachine(of);
  const events: TraceEvent[] = [];
  const free: number[] = [];
  while (runTask(machine, (event) => events.push(event))) {
    free.push(machine.kernel.gnttab.gnttab_free_count);
  }
  assert.equal(machine.bug, null);
  return { machine, events, free };
}

describe("one entry of 9.5 KB at offset 0x3200, with persistent grants and 32 indirect segments", () => {
  const segments: BufferSegment[] = [{ page: 0x1000, offset: 0x3200, length: 0x2600 }];
  const twice = one_by_one(transfer(1, "write", 1000, segments), transfer(2, "write", 8, segments));
  let events: TraceEvent[];
  let free: number[];
  before(() => ({ events, free } = run(scenario(twice))));

  it("reserves 17 references, uses 3 and returns 14", () => {
    assert.equal(only(events, "request_id")[0]?.reserved, 17);
    assert.equal(only(events, "grefs_alloc")[0]?.count, 17);
    const [connected = 0, submitted = 0] = free;
    assert.equal(connected - submitted, 3);
  });

  it("covers the sectors 1 to 7, 0 to 7 and 0 to 3 of its Xen pages: 19 in all", () => {
    const written = only(events, "segment_written").slice(0, 3);
    assert.deepEqual(
      written.map((s) => [s.first_sect, s.last_sect]),
      [
        [1, 7],
        [0, 7],
        [0, 3],
      ],
    );
    assert.ok(written.every(({ frame }) => frame === -1));
  });

  it("gives the next request of its kind the same grants, the last one first", () => {
    const grefs = only(events, "grant_taken").map(({ gref }) => gref);
    assert.equal(grefs.length, 6);
    assert.deepEqual(grefs.slice(3), grefs.slice(0, 3).reverse());
    // 3 of the 17 are there already.
    assert.equal(only(events, "request_id")[1]?.reserved, 14);
  });
});

describe("two full pages", () => {
  const segments = [0, 1].map((n) => ({ page: 0x1000 + n, offset: 0, length: 65536 }));
  const once = one_by_one(transfer(1, "read", 0, segments));
  let events: TraceEvent[];
  let free: number[];
  before(() => ({ events, free } = run(scenario(once))));

  it("reserve 33 references and use all: 32 for data, 1 for the indirect frame", () => {
    assert.equal(only(events, "request_id")[0]?.reserved, 33);
    assert.equal(only(events, "grant_taken").length, 32);
    assert.equal(only(events, "indirect_frame").length, 1);
    const [connected = 0, submitted = 0] = free;
    assert.equal(connected - submitted, 33);
  });
});

describe("the queue limits", () => {
  /** Connects, also where the kernel would oops at it. */
  function connected(pageSize: 4096 | 16384 | 65536, maxIndirectSegments: number | null): Machine {
    const machine = createMachine(scenario([], { pageSize }, { maxIndirectSegments }));
    machine.kernel.survives_empty_sg_table = true;
    while (runTask(machine));
    return machine;
  }
  const limits = (pageSize: 4096 | 16384 | 65536, maxIndirectSegments: number | null) => {
    const { info } = connected(pageSize, maxIndirectSegments);
    return [info.rq?.limits.max_segments, info.rq?.limits.max_hw_sectors];
  };

  it("are whole pages, rounded down", () => {
    assert.deepEqual(limits(4096, null), [11, 88]);
    assert.deepEqual(limits(16384, null), [2, 88]);
    assert.deepEqual(limits(4096, 32), [32, 256]);
    assert.deepEqual(limits(16384, 32), [8, 256]);
    assert.deepEqual(limits(65536, 32), [2, 256]);
  });

  it("are raised to a page by the block layer, where the driver's are less", () => {
    assert.deepEqual(limits(65536, null), [1, 128]);
    const { kernel, info } = connected(65536, null);
    assert.equal(info.shadow[0]?.sg.length, 0);
    assert.deepEqual(
      kernel.log.slice(0, 2).map(({ text }) => text),
      ["blk_queue_max_hw_sectors: set to minimum 128", "blk_queue_max_segments: set to minimum 1"],
    );
  });
});
