import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { grant } from "../../../src/core/blkfront/patch-v2/blkfront-info.js";
import { list_entries } from "../../../src/core/linux/list.js";
import { mem_read } from "../../../src/core/linux/memory.js";
import { cloneMachine, createMachine, type Machine, runTask } from "../../../src/core/machine.js";
import { disk_byte, write_byte } from "../../../src/core/machine/patterns.js";
import type { Scenario } from "../../../src/core/scenario.js";
import type { TraceEvent } from "../../../src/core/tracepoints.js";
import { one_by_one, scenario, transfer } from "./scenarios.js";

function run(of: Scenario): { machine: Machine; events: TraceEvent[] } {
  const machine = createMachine(of);
  const events: TraceEvent[] = [];
  while (runTask(machine, (event) => events.push(event)));
  return { machine, events };
}

function only<K extends TraceEvent["kind"]>(events: TraceEvent[], kind: K) {
  return events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
}

/** Everything that tells two machines apart, as text. */
function fingerprint({ info, kernel, disk, requests, agenda }: Machine): string {
  const pages = requests.flatMap((req) => req.segments.map(({ page }) => page));
  return JSON.stringify({
    grants: [...list_entries(info.grants, 10_000)].map(({ nr, gref }: grant) => [nr, gref]),
    shadow: info.shadow.map((s) => [
      s.req.u.rw.id,
      s.request?.nr ?? null,
      s.grants_used.map((used) => used?.nr ?? null),
    ]),
    ring: { ...info.ring, sring: [...mem_read(kernel.mem, info.ring.sring?.addr ?? 0, 4096)] },
    gnttab: [...kernel.gnttab.gnttab_list],
    table: [...mem_read(kernel.mem, kernel.gnttab.shared, 4096)],
    pages: pages.map((page) => [...mem_read(kernel.mem, page * kernel.PAGE_SIZE, 4096)]),
    disk: [...mem_read(disk, 0, 65536)],
    states: requests.map((req) => req.state),
    left: agenda.length,
  });
}

const piece = fc
  .record({ first: fc.nat(127), count: fc.integer({ min: 1, max: 128 }) })
  .map(({ first, count }) => ({ first, count: Math.min(count, 128 - first) }));

const request = fc.record({
  write: fc.boolean(),
  sector: fc.nat(4096),
  pieces: fc.array(piece, { minLength: 1, maxLength: 4 }),
});

const workload = fc.array(request, { minLength: 1, maxLength: 8 }).map((requests) => {
  let page = 0x1000;
  const made = requests.map(({ write, sector, pieces }, i) =>
    transfer(
      i + 1,
      write ? "write" : "read",
      sector,
      pieces.map(({ first, count }) => ({
        page: page++,
        offset: first * 512,
        length: count * 512,
      })),
    ),
  );
  return one_by_one(...made);
});

/** Without persistent grants a back end that keeps some makes the driver use them for other pages. */
const keeping = fc.oneof(
  fc.record({ persistent: fc.constant(true), keepsMapped: fc.constantFrom("all" as const, 3, 20) }),
  fc.constant({ persistent: false, keepsMapped: "none" as const }),
);

const settings = fc
  .tuple(keeping, fc.constantFrom(16, 32, 256))
  .map(([keeps, maxIndirectSegments]) => ({ ...keeps, maxIndirectSegments }));

describe("the driver", () => {
  it("splits the worked example of 64 KB pages into sectors 1-7, 0-7 and 0-3", () => {
    const one = transfer(1, "write", 0, [{ page: 0x1000, offset: 0x3200, length: 0x2600 }]);
    const { events } = run(scenario(one_by_one(one)));
    const [id] = only(events, "request_id");
    assert.equal(id?.max_grefs, 17);
    assert.equal(id?.reserved, 17);
    const segments = only(events, "segment_written").map((s) => [s.first_sect, s.last_sect]);
    assert.deepEqual(segments, [
      [1, 7],
      [0, 7],
      [0, 3],
    ]);
  });

  it("takes the grants of an equal request in reverse order", () => {
    const segments = [{ page: 0x1000, offset: 0, length: 12288 }];
    const two = one_by_one(transfer(1, "write", 0, segments), transfer(2, "read", 64, segments));
    const { events } = run(scenario(two));
    const grefs = only(events, "grant_taken").map(({ gref }) => gref);
    assert.deepEqual(grefs.slice(3), grefs.slice(0, 3).reverse());
  });

  it("moves every byte of every request, whatever its shape", () => {
    fc.assert(
      fc.property(workload, settings, (steps, backend) => {
        const { machine } = run(scenario(steps, {}, backend));
        assert.equal(machine.bug, null);
        const expected = new Map<number, number>();
        for (const step of steps) {
          if (!("submit" in step)) continue;
          const [one] = step.submit;
          assert.ok(one);
          let k = 0;
          for (const { page, offset, length } of one.segments) {
            const memory = mem_read(machine.kernel.mem, page * 65536 + offset, length);
            for (let i = 0; i < length; i++, k++) {
              const at: number = one.sector * 512 + k;
              if (one.op === "write") expected.set(at, write_byte(one.id, k));
              else assert.equal(memory[i], expected.get(at) ?? disk_byte(at));
            }
          }
        }
        for (const [at, byte] of expected) assert.equal(mem_read(machine.disk, at, 1)[0], byte);
      }),
      { numRuns: 30 },
    );
  });

  it("has every grant, id and reference back when all requests have ended", () => {
    fc.assert(
      fc.property(workload, settings, (steps, backend) => {
        const { machine, events } = run(scenario(steps, {}, backend));
        const { info, kernel } = machine;
        const listed = [...list_entries(info.grants, 10_000)];
        assert.equal(new Set(listed).size, info.grant_slab.length);
        const live = listed.filter(({ gref }) => gref !== 0).length;
        assert.equal(info.persistent_gnts_c, live);
        assert.ok(listed.slice(0, live).every(({ gref }) => gref !== 0));
        assert.equal(kernel.gnttab.gnttab_free_count, 4096 - 8 - info.nr_ring_pages - live);
        assert.ok(info.shadow.every((shadow) => shadow.request === null));
        assert.equal(
          only(events, "grant_taken").length + only(events, "indirect_frame").length,
          only(events, "grant_released").length,
        );
      }),
      { numRuns: 30 },
    );
  });

  it("gives each part of a request that the block layer cut its own slot", () => {
    const segments = [0, 1, 2, 3, 4].map((i) => ({ page: 0x1000 + i, offset: 0, length: 65536 }));
    const { machine } = run(scenario(one_by_one(transfer(1, "read", 0, segments))));
    assert.deepEqual(
      machine.requests.map((req) => [req.part, req.__sector, req.__data_len, req.state]),
      [
        [0, 0, 131072, "ended"],
        [1, 256, 131072, "ended"],
        [2, 512, 65536, "ended"],
      ],
    );
  });

  it("answers all that waited for a slot, ring by ring", () => {
    const requests = Array.from({ length: 100 }, (_, i) =>
      transfer(i, "read", 0, [{ page: 0x1000, offset: 0, length: 512 }]),
    );
    const answers = requests.map(({ id }) => ({ id, status: "okay" as const }));
    const { machine } = run(scenario([{ submit: requests }, { complete: answers }]));
    assert.equal(machine.info.ring.nr_ents, 32);
    assert.ok(machine.requests.every(({ state }) => state === "ended"));
  });

  it("stops with the kernel's words when a request is larger than its slot", () => {
    const segments = [0, 1, 2].map((i) => ({ page: 0x1000 + i, offset: 0, length: 512 }));
    const of = scenario(one_by_one(transfer(1, "read", 0, segments)), { blockLayer: "bypass" });
    const { machine } = run(of);
    assert.equal(machine.bug?.func, "blkif_queue_rw_req");
    assert.match(machine.bug?.expr ?? "", /max_indirect_segments/);
  });

  it("oopses at connect with 64 KB pages and no indirect descriptors", () => {
    const { machine } = run(scenario([], {}, { maxIndirectSegments: null }));
    assert.equal(machine.bug?.kind, "OOPS");
    assert.equal(machine.bug?.func, "sg_init_table");
  });
});

describe("a start in the middle of a guest's life", () => {
  it("takes the references, ids and slots that the guest would take", () => {
    const of = scenario(
      one_by_one(transfer(1, "write", 0, [{ page: 0x1000, offset: 0, length: 16384 }])),
      { pageSize: 16384 },
    );
    const start = {
      ringIndex: 37,
      freeIds: [5, 2],
      liveGrants: [152, 11],
      freeGrefs: [76, 75],
    };
    const { events } = run({ ...of, start });
    assert.deepEqual(
      only(events, "grant_taken").map(({ gref, fresh }) => [gref, fresh]),
      [
        [152, false],
        [11, false],
        [76, true],
        [75, true],
      ],
    );
    const [id] = only(events, "request_id");
    assert.deepEqual([id?.id, id?.slot], [5, 5]);
  });
});

describe("a copy of a machine", () => {
  it("runs on as the original does, and neither notices the other", () => {
    fc.assert(
      fc.property(workload, settings, fc.nat(20), (steps, backend, tasks) => {
        const of = scenario(steps, {}, backend);
        const whole = createMachine(of);
        const halved = createMachine(of);
        for (let i = 0; i < tasks; i++) {
          runTask(whole);
          runTask(halved);
        }
        const before = fingerprint(halved);
        const copy = cloneMachine(halved);
        assert.equal(fingerprint(copy), before);
        while (runTask(copy));
        assert.equal(fingerprint(halved), before);
        while (runTask(whole));
        assert.equal(fingerprint(copy), fingerprint(whole));
      }),
      { numRuns: 15 },
    );
  });
});
