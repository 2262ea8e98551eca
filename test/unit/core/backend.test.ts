import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mem_get8, mem_put8, mem_read } from "../../../src/core/linux/memory.js";
import { createMachine, runTask } from "../../../src/core/machine.js";
import { disk_byte, write_byte } from "../../../src/core/machine/patterns.js";
import type {
  BackendSettings,
  DiskSettings,
  GuestSettings,
  ResponseSettings,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import { BACKEND_PROFILES } from "../../../src/inputs/scenario-defaults.js";
import { ends, only, run, run_to, said } from "./run.js";
import { scenario, transfer } from "./scenarios.js";

const pages = (pfn: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ page: pfn + i, offset: 0, length: 4096 }));
const write = (id: number, sector: number, count: number) =>
  transfer(id, "write", sector, pages(0x1000 + id * 0x40, count));
const read = (id: number, sector: number, count: number) =>
  transfer(id, "read", sector, pages(0x1000 + id * 0x40, count));
const answer = (...ids: number[]): WorkloadStep => ({
  complete: ids.map((id) => ({ id, status: "okay" as const })),
});

function made(
  workload: WorkloadStep[],
  backend: Partial<BackendSettings> = {},
  disk: Partial<DiskSettings> = {},
  guest: Partial<GuestSettings> = {},
) {
  const of = scenario(workload, { pageSize: 4096, ...guest }, backend);
  return { ...of, disk: { ...of.disk, ...disk } };
}

/** What the back end said. */
function refusals({ events }: ReturnType<typeof run>): string[] {
  return only(events, "backend_message").map(({ text }) => text);
}

describe("the back end", () => {
  it("refuses what lies beyond the disk, and says why", () => {
    const ran = run(made([{ submit: [write(1, 131064, 2)] }, answer(1)]));
    assert.deepEqual(ends(ran), [[1, -5]]);
    assert.deepEqual(refusals(ran), ["access denied: write of [131064,131080]"]);
  });

  it("lets nobody write to a disk that can only be read", () => {
    const discard = { ...write(2, 0, 0), op: "discard" as const, sectors: 8 };
    const ran = run(
      made(
        [{ submit: [write(1, 0, 1), discard, read(3, 0, 1)] }, answer(1, 2, 3)],
        { discard: true },
        { readonly: true },
      ),
    );
    assert.deepEqual(ends(ran), [
      [1, -5],
      [2, -5],
      [3, 0],
    ]);
    assert.equal(ran.machine.gd?.ro, true);
    assert.deepEqual(refusals(ran), [
      "access denied: write of [0,8]",
      "access denied: DISCARD [0->8]",
    ]);
  });

  it("moves whole blocks of the disk only", () => {
    const half = transfer(1, "read", 8, [{ page: 0x1000, offset: 0, length: 512 }]);
    const ran = run(
      made(
        [{ submit: [half, read(2, 8, 1), read(3, 4, 1)] }, answer(1, 2, 3)],
        {},
        { sectorSize: 4096 },
      ),
    );
    assert.deepEqual(ends(ran), [
      [1, -5],
      [2, 0],
      [3, -5],
    ]);
    assert.equal(refusals(ran)[0], "Misaligned I/O request from domain 1");
    assert.equal(ran.machine.gd?.queue.limits.logical_block_size, 4096);
  });

  it("takes no more segments than its limit", () => {
    const ran = run(made([{ submit: [write(1, 0, 20)] }, answer(1)], { segmentLimit: 16 }));
    assert.deepEqual(ends(ran), [[1, -5]]);
    assert.deepEqual(refusals(ran), ["Bad number of segments in request (20)"]);
  });

  it("refuses what somebody has made of a slot", () => {
    const CASES: [number, number[], string][] = [
      // nr_segments of a direct request; the operation and the indirect one.
      [1, [0], "Bad number of segments in request (0)"],
      [1, [12], "Bad number of segments in request (12)"],
      [29, [9], "Invalid sectors of a segment"],
      [24, [0xff, 0xff], "invalid buffer -- could not remap it"],
    ];
    for (const [offset, bytes, text] of CASES) {
      const machine = createMachine(made([{ submit: [write(1, 0, 1)] }, answer(1)]));
      run_to(machine, 0);
      // The guest's own slot is changed before the back end has looked.
      const slot = machine.backend.ring + 64;
      bytes.forEach((byte, i) => put(machine, slot + offset + i, byte));
      const events: string[] = [];
      while (
        runTask(machine, (event) => event.kind === "backend_message" && events.push(event.text))
      );
      assert.deepEqual(events, [text]);
    }
  });

  it("answers an operation that it does not know as unsupported", () => {
    const machine = createMachine(made([{ submit: [write(1, 0, 1)] }, answer(1)]));
    run_to(machine, 0);
    put(machine, machine.backend.ring + 64, 4);
    const statuses: number[] = [];
    while (
      runTask(machine, (event) => event.kind === "backend_response" && statuses.push(event.status))
    );
    assert.deepEqual(statuses, [-2]);
    // The driver has no case for such an answer.
    assert.equal(machine.bug?.func, "blkif_interrupt");
  });

  it("halts at an index that cannot be", () => {
    const machine = createMachine(made([{ submit: [write(1, 0, 1)] }, answer(1)]));
    run_to(machine, 0);
    for (const [i, byte] of [0, 1, 0, 0].entries()) put(machine, machine.backend.ring + i, byte);
    const texts: string[] = [];
    while (runTask(machine, (event) => event.kind === "backend_message" && texts.push(event.text)));
    assert.deepEqual(texts, [
      "Frontend provided bogus ring requests (256 - 0 = 256). Halting ring processing",
    ]);
    assert.equal(machine.requests[0]?.state, "started");
  });

  for (const profile of ["qdisk", "tapdisk"] as const) {
    it(`without indirect requests (${profile}) gets 11 segments at a time`, () => {
      const ran = run(made([{ submit: [write(1, 0, 30)] }, answer(1)], BACKEND_PROFILES[profile]));
      assert.deepEqual(
        ran.machine.requests.map(({ nr_phys_segments }) => nr_phys_segments),
        [11, 11, 8],
      );
      assert.equal(ran.machine.info.feature_persistent, false);
      assert.equal(ran.machine.backend.mapped.size, 0);
      assert.ok(ends(ran).every(([, error]) => error === 0));
    });
  }

  it("follows a front end whose store makes no sense, by staying where it is", () => {
    for (const key of ["ring-ref", "protocol"]) {
      const machine = createMachine(made([{ resume: null }]));
      run_to(machine, -1);
      const { store } = machine.xbdev;
      const write = store.set.bind(store);
      store.set = (path, value) => write(path, path.endsWith(`/${key}`) ? "?" : value);
      run_to(machine, 0);
      assert.notEqual(machine.backend.xbdev.state, "Connected", key);
      assert.equal(machine.info.connected, "SUSPENDED");
    }
  });
});

describe("the disk", () => {
  const at = (machine: ReturnType<typeof createMachine>, address: number) =>
    mem_get8(machine.disk, address);

  it("begins with a pattern, another one, zeros or given bytes", () => {
    const pattern = createMachine(made([]));
    assert.equal(at(pattern, 5000), disk_byte(5000));
    const seeded = createMachine(made([], {}, { content: { kind: "pattern", seed: 7 } }));
    assert.equal(at(seeded, 5000), disk_byte(5000, 7));
    assert.notDeepEqual(mem_read(seeded.disk, 0, 64), mem_read(pattern.disk, 0, 64));
    const zeros = createMachine(made([], {}, { content: { kind: "zeros" } }));
    assert.equal(at(zeros, 5000), 0);
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
    const given = createMachine(made([], {}, { content: { kind: "bytes", bytes } }));
    assert.equal(at(given, 4999), 4999 % 251);
    assert.equal(at(given, 5000), 0);
  });

  it("keeps what was written, and reads zeros where it was discarded", () => {
    const discard = { ...write(2, 4, 0), op: "discard" as const, sectors: 20000 };
    const { machine } = run(
      made([{ submit: [write(1, 0, 1)] }, answer(1), { submit: [discard] }, answer(2)], {
        discard: true,
      }),
    );
    assert.equal(at(machine, 2047), write_byte(1, 2047));
    assert.equal(at(machine, 2048), 0);
    assert.equal(at(machine, 20004 * 512 - 1), 0);
    assert.equal(at(machine, 20004 * 512), disk_byte(20004 * 512));
  });

  it("answers a discard that it does not offer as unsupported", () => {
    const discard = { ...write(1, 0, 0), op: "discard" as const, sectors: 8 };
    const ran = run(made([{ submit: [discard] }, answer(1)]));
    assert.deepEqual(ends(ran), [[1, -95]]);
  });
});

describe("grants that the back end keeps", () => {
  it("are no more than its limit; the others are unmapped with the answer", () => {
    const ran = run(made([{ submit: [write(1, 0, 12)] }, answer(1)], { maxPersistentGrants: 8 }));
    const { backend, info } = ran.machine;
    assert.equal(backend.mapped.size, 8);
    assert.equal(info.persistent_gnts_c, 8);
    assert.equal(backend.overflow_max_grants, true);
    assert.deepEqual(refusals(ran), ["the guest is using the maximum number of persistent grants"]);
  });

  it("are purged by a twentieth when more were wanted, those not used lately first", () => {
    const steps: WorkloadStep[] = [
      { submit: [write(1, 0, 32)] },
      answer(1),
      { submit: [write(2, 256, 32)] },
      { submit: [write(3, 512, 32)] },
      { submit: [write(4, 768, 32)] },
      { submit: [write(5, 1024, 8)] },
      answer(2, 3, 4, 5),
    ];
    const machine = createMachine(
      made([...steps, { purge: true }, { purge: true }], { maxPersistentGrants: 100 }),
    );
    run_to(machine, 6);
    assert.equal(machine.backend.persistent_gnts.size, 100);
    run_to(machine, 7);
    assert.equal(machine.backend.persistent_gnts.size, 95);
    assert.equal(machine.backend.overflow_max_grants, false);
    assert.ok([...machine.backend.persistent_gnts.values()].every(({ was_active }) => !was_active));
    run_to(machine, 8);
    assert.equal(machine.backend.persistent_gnts.size, 95);
  });

  it("are not purged while there is room, nor without a limit", () => {
    const steps: WorkloadStep[] = [{ submit: [write(1, 0, 12)] }, answer(1), { purge: true }];
    for (const maxPersistentGrants of [null, 100, 13]) {
      const { machine } = run(made(steps, { maxPersistentGrants }));
      assert.equal(machine.backend.persistent_gnts.size, 13);
    }
  });

  it("can be unmapped one by one", () => {
    const steps: WorkloadStep[] = [{ submit: [write(1, 0, 2)] }, answer(1)];
    const { machine } = run(
      made([...steps, { unmap: [9] }, { submit: [write(2, 0, 2)] }, answer(2)]),
    );
    assert.deepEqual([...machine.backend.mapped].sort(), [10, 9].sort());
    const { machine: after } = run(made([...steps, { unmap: [9] }]));
    assert.deepEqual([...after.backend.mapped], [10]);
  });
});

describe("a faulty back end", () => {
  const okay = (id: number, more: Partial<ResponseSettings>): WorkloadStep => ({
    complete: [{ id, status: "okay", ...more }],
  });

  it("that answers twice makes the driver complete what is no longer there", () => {
    const ran = run(made([{ submit: [write(1, 0, 1)] }, okay(1, { times: 2 })]));
    assert.deepEqual(ends(ran), [[1, 0]]);
    assert.ok(
      said(ran).some((text) => /response to write \(id 0\) couldn't be recycled!/.test(text)),
    );
    // The grant was put on the list a second time, and counted again.
    assert.equal(ran.machine.info.persistent_gnts_c, 2);
  });

  it("that answers with a wrong id leaves the request where it was", () => {
    const ran = run(made([{ submit: [write(1, 0, 1)] }, okay(1, { shadowId: 40 })]));
    assert.deepEqual(ends(ran), []);
    assert.ok(said(ran).some((text) => /response to write has incorrect id \(40\)/.test(text)));
  });

  it("that answers a read as a write brings no data", () => {
    const ran = run(made([{ submit: [read(1, 0, 1)] }, okay(1, { operation: 1 })]));
    assert.deepEqual(ends(ran), [[1, 0]]);
    assert.equal(only(ran.events, "bytes_copied").length, 0);
  });

  it("that answers with an operation of no response stops the kernel", () => {
    const ran = run(made([{ submit: [read(1, 0, 1)] }, okay(1, { operation: 6 })]));
    assert.equal(ran.machine.bug?.expr, "BUG()");
  });

  it("that invents a response is told of, or not, as its id will have it", () => {
    const ran = run(
      made([
        { respond: [{ shadowId: -1, operation: 0, status: 0 }] },
        { respond: [{ shadowId: 3, operation: 9, status: 0 }] },
      ]),
    );
    assert.match(said(ran).join("\n"), /has incorrect id \(-1\)/);
    assert.ok(said(ran).some((text) => /response to unknown \(id 3\) couldn't be/.test(text)));
  });

  it("that moves rsp_prod too far makes the driver read its own requests as answers", () => {
    const ran = run(made([{ submit: [write(1, 0, 1)] }, { overrun: 3 }]));
    assert.equal(ran.machine.info.ring.rsp_cons, 3);
    assert.ok(only(ran.events, "response_taken").length === 3);
  });

  it("whose event is lost leaves the ring stuck, until somebody looks", () => {
    const lost: WorkloadStep[] = [
      { submit: [write(1, 0, 1), write(2, 8, 1)] },
      { complete: [{ id: 1, status: "okay" }], interrupt: "lost" },
      answer(2),
    ];
    const stuck = run(made(lost));
    // The second answer lies beyond the event that the driver waits for: none is sent.
    assert.deepEqual(ends(stuck), []);
    assert.deepEqual(ends(run(made([...lost, { interrupt: "now" }]))), [
      [1, 0],
      [2, 0],
    ]);
  });

  it("can write over slots, indirect frames and pages that it was sent", () => {
    const bytes = [1, 2, 3];
    const ran = run(
      made([
        { submit: [write(1, 0, 12)] },
        {
          rewrite: [
            { id: 1, where: "slot", index: 0, offset: 16, bytes },
            { id: 1, where: "indirect", index: 0, offset: 4, bytes },
            { id: 1, where: "data", index: 2, offset: 100, bytes },
            { id: 1, where: "data", index: 20, offset: 0, bytes },
            { id: 1, where: "data", index: 90, offset: 0, bytes },
            { id: 9, where: "slot", index: 0, offset: 0, bytes },
          ],
        },
      ]),
    );
    assert.deepEqual(
      only(ran.events, "backend_rewrite").map(({ where }) => where),
      ["slot", "indirect", "data"],
    );
  });

  it("that writes over a page before the driver looks gives other data to the reader", () => {
    const steps = (rewrite: WorkloadStep[]): WorkloadStep[] => [
      { submit: [read(1, 0, 1)] },
      { complete: [{ id: 1, status: "okay" }], interrupt: "lost" },
      ...rewrite,
      { interrupt: "now" },
    ];
    const { machine } = run(
      made(steps([{ rewrite: [{ id: 1, where: "data", index: 0, offset: 7, bytes: [0xee] }] }])),
    );
    assert.equal(mem_get8(machine.kernel.mem, 0x1040 * 4096 + 7), 0xee);
    assert.equal(mem_get8(machine.kernel.mem, 0x1040 * 4096 + 8), disk_byte(8));
  });

  it("sees in a page what the request before left there", () => {
    const small = transfer(2, "write", 0, [{ page: 0x1080, offset: 0, length: 512 }]);
    const { machine } = run(made([{ submit: [write(1, 0, 1)] }, answer(1), { submit: [small] }]));
    const [grant] = machine.info.shadow[0]?.grants_used ?? [];
    const page = (grant?.page ?? 0) * 4096;
    assert.equal(mem_get8(machine.kernel.mem, page + 511), write_byte(2, 511));
    assert.equal(mem_get8(machine.kernel.mem, page + 512), write_byte(1, 512));
  });
});

function put(machine: ReturnType<typeof createMachine>, addr: number, byte: number): void {
  mem_put8(machine.kernel.mem, addr, byte);
}
