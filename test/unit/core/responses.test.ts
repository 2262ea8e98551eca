// What the interrupt handler makes of each response, and what an answered request gives back.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blkif_interrupt } from "../../../src/core/blkfront/patch-v2/interrupt.js";
import { list_entries } from "../../../src/core/linux/list.js";
import { mem_get8, mem_put16 } from "../../../src/core/linux/memory.js";
import { REQ_FLUSH, REQ_FUA } from "../../../src/core/linux/request.js";
import { createMachine, type Machine, runTask } from "../../../src/core/machine.js";
import { disk_byte, write_byte } from "../../../src/core/machine/patterns.js";
import type {
  BackendSettings,
  GuestSettings,
  MadeUpResponse,
  RequestSettings,
  ResponseSettings,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import type { TraceEvent } from "../../../src/core/tracepoints.js";
import { blkif_response } from "../../../src/core/xen/blkif.js";
import { grant_entry_addr } from "../../../src/core/xen/grant-table.js";
import { ends, only, run, run_to } from "./run.js";
import { scenario, transfer } from "./scenarios.js";

const pages = (pfn: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ page: pfn + i, offset: 0, length: 4096 }));
const write = (id: number, count = 1) =>
  transfer(id, "write", id * 512, pages(0x1000 + id * 64, count));
const read = (id: number, count = 1) =>
  transfer(id, "read", id * 512, pages(0x1000 + id * 64, count));
const flush = (id: number): RequestSettings => ({
  ...transfer(id, "write", 0, []),
  op: "flush",
  sector: -1,
});
const answer = (id: number, more: Partial<ResponseSettings> = {}): WorkloadStep => ({
  complete: [{ id, status: "okay", ...more }],
});
const made_up = (shadowId: number, operation: number, status = 0): MadeUpResponse => ({
  shadowId,
  operation,
  status,
});

const NOT_PERSISTENT: Partial<BackendSettings> = { persistent: false, keepsMapped: "none" };

const made = (
  workload: WorkloadStep[],
  backend: Partial<BackendSettings> = {},
  guest: Partial<GuestSettings> = {},
) => scenario(workload, { pageSize: 4096, ...guest }, backend);

/** The messages after that of the connection. */
const log_of = ({ machine }: { machine: Machine }) =>
  machine.kernel.log.slice(1).map(({ level, text }) => `${level} ${text}`);

const grefs_listed = ({ info }: Machine) =>
  [...list_entries(info.grants, 10_000)].map(({ gref }) => gref);

describe("a response", () => {
  it("with an id that the ring has no entry for is warned of and skipped, whatever it says", () => {
    const TEXTS: [number, string, string][] = [
      [0, "read", "32"],
      [1, "write", "33"],
      [2, "barrier", "34"],
      [3, "flush", "35"],
      [4, "reserved", "36"],
      [5, "discard", "37"],
      [6, "unknown", "38"],
      [200, "unknown", "39"],
    ];
    const steps: WorkloadStep[] = [
      { submit: [write(1)] },
      { respond: TEXTS.map(([operation, , id]) => made_up(Number(id), operation)) },
    ];
    const ran = run(made(steps));
    assert.deepEqual(
      log_of(ran),
      TEXTS.map(([, op, id]) => `warn xvda: response to ${op} has incorrect id (${id})`),
    );
    assert.deepEqual(ends(ran), []);
    assert.equal(ran.machine.info.ring.rsp_cons, TEXTS.length);
    assert.equal(ran.machine.info.shadow_free, 1);
  });

  it("to a discard with the id of an entry that is free is warned of, and touches no grant", () => {
    const ran = run(made([{ respond: [made_up(31, 5)] }], { discard: true }));
    assert.deepEqual(log_of(ran), ["warn xvda: response to discard (id 31) couldn't be recycled!"]);
    assert.equal(only(ran.events, "grant_released").length, 0);
  });

  it("that is skipped does not keep those behind it from being taken", () => {
    const ran = run(
      made([
        { submit: [write(1), write(2)] },
        { respond: [made_up(99, 1), made_up(7, 1), made_up(1, 1), made_up(0, 1)] },
      ]),
    );
    assert.deepEqual(ends(ran), [
      [2, 0],
      [1, 0],
    ]);
  });

  it("ends its request with -EIO unless its status is okay", () => {
    for (const [status, error] of [
      [0, 0],
      [-1, -5],
      [-2, -5],
      [1, -5],
      [-77, -5],
    ] as const) {
      for (const request of [read(1), write(1)]) {
        const ran = run(made([{ submit: [request] }, answer(1, { status })]));
        assert.deepEqual(ends(ran), [[1, error]]);
        assert.deepEqual(
          only(ran.events, "request_end").map(({ id, error, why }) => [id, error, why]),
          [[0, error, "complete"]],
        );
        assert.deepEqual(log_of(ran), []);
      }
    }
  });

  it("to nothing that a request can be stops the kernel, after its request's id is free again", () => {
    for (const operation of [4, 6, 7, 255]) {
      const { machine } = run(made([{ submit: [write(1)] }, answer(1, { operation })]));
      const { kind, expr, func } = machine.bug ?? {};
      assert.deepEqual([kind, expr, func], ["BUG", "BUG()", "blkif_interrupt"]);
      assert.equal(machine.info.shadow[0]?.request, null);
    }
  });

  it("is not looked at by a driver that is not connected", () => {
    const machine = createMachine(made([{ submit: [write(1)] }, answer(1)]));
    run_to(machine, 0);
    // The back end answers; the guest is on its way out.
    runTask(machine);
    machine.info.connected = "SUSPENDED";
    assert.equal(blkif_interrupt(machine.info), "IRQ_HANDLED");
    assert.equal(machine.info.ring.rsp_cons, 0);
    machine.info.connected = "CONNECTED";
    assert.equal(blkif_interrupt(machine.info), "IRQ_HANDLED");
    assert.equal(machine.info.ring.rsp_cons, 1);
  });

  it("that comes when the disk has gone is warned of; then the driver looks for the queue", () => {
    const warned = (shadowId: number) => {
      const ran = run(made([{ close: true }, { respond: [made_up(shadowId, 1)] }]));
      const { kind, expr, func } = ran.machine.bug ?? {};
      assert.deepEqual(
        [kind, expr, func],
        ["OOPS", "NULL struct request_queue", "kick_pending_request_queues"],
      );
      return log_of(ran).at(-1) ?? "";
    };
    assert.match(warned(99), /^warn .*response to write has incorrect id \(99\)$/);
    assert.match(warned(3), /^warn .*response to write \(id 3\) couldn't be recycled!$/);
  });

  /** Takes the answer of the first request; when that ends, the back end answers a write of id 1. */
  function answered_meanwhile(requests: RequestSettings[]) {
    const machine = createMachine(
      made([{ submit: requests }, { complete: [{ id: 1, status: "okay" }], interrupt: "lost" }]),
    );
    while (runTask(machine));
    const { ring } = machine.info;
    const { sring } = ring;
    assert.ok(sring);
    const events: TraceEvent[] = [];
    machine.kernel.trace = (event) => {
      events.push(event);
      if (event.kind !== "request_end" || sring.rsp_prod === 2) return;
      const late = new blkif_response(sring.mem, sring.addr + 64 + 112);
      late.id = late.operation = 1;
      late.status = 0;
      sring.rsp_prod = 2;
    };
    blkif_interrupt(machine.info);
    assert.equal(only(events, "interrupt").length, 1);
    return { ended: only(events, "request_end").map(({ req }) => req.nr), ring, sring };
  }

  it("that comes while others are being taken is taken in the same interrupt", () => {
    const { ended, ring, sring } = answered_meanwhile([write(1), write(2), write(3)]);
    assert.deepEqual(ended, [1, 2]);
    // The third is still out: the next answer is to bring an event.
    assert.deepEqual([ring.rsp_cons, sring.rsp_event], [2, 3]);
  });

  it("that nobody waits for is not looked for when all requests are answered", () => {
    const { ended, ring, sring } = answered_meanwhile([write(1)]);
    assert.deepEqual(ended, [1]);
    assert.deepEqual([ring.rsp_cons, sring.rsp_event], [1, 2]);
  });
});

describe("a flush", () => {
  const CASES: [BackendSettings["flush"], RequestSettings, string][] = [
    ["flush", flush(1), "flush"],
    ["barrier", flush(1), "barrier"],
    ["barrier", { ...write(1), fua: true }, "barrier"],
  ];
  for (const [offered, request, op] of CASES) {
    const what = request.segments.length === 0 ? "an empty" : "a";
    it(`that is not supported after all (${what} ${op}) is a success, and flushes end`, () => {
      const ran = run(
        made([{ submit: [request] }, answer(1, { status: "unsupported" })], { flush: offered }),
      );
      assert.deepEqual(ends(ran), [[1, 0]]);
      assert.deepEqual(log_of(ran), [
        `warning blkfront: xvda: ${op} op failed`,
        "info blkfront: xvda: barrier or flush: disabled; persistent grants: enabled; indirect descriptors: enabled;",
      ]);
      assert.equal(ran.machine.info.feature_flush, 0);
      assert.equal(ran.machine.info.rq?.flush_flags, 0);
      assert.deepEqual(
        only(ran.events, "request_end").map(({ id, error, why }) => [id, error, why]),
        [[0, 0, "complete"]],
      );
    });
  }

  it("without data that fails is taken for one that is not supported", () => {
    for (const [offered, op] of [
      ["flush", "flush"],
      ["barrier", "barrier"],
    ] as const) {
      const ran = run(
        made([{ submit: [flush(1)] }, answer(1, { status: "error" })], { flush: offered }),
      );
      assert.deepEqual(ends(ran), [[1, 0]]);
      assert.match(log_of(ran)[0] ?? "", /^warning /);
      assert.equal(log_of(ran)[0], `warning blkfront: xvda: empty ${op} op failed`);
      assert.equal(ran.machine.info.feature_flush, 0);
    }
  });

  it("with data that fails is an error, and there are no flushes any more", () => {
    const ran = run(
      made([{ submit: [{ ...write(1), fua: true }] }, answer(1, { status: "error" })], {
        flush: "barrier",
      }),
    );
    assert.deepEqual(ends(ran), [[1, -5]]);
    assert.equal(log_of(ran).length, 1);
    assert.match(log_of(ran)[0] ?? "", /barrier or flush: disabled/);
    assert.equal(ran.machine.info.feature_flush, 0);
  });

  it("that succeeds changes nothing", () => {
    const ran = run(made([{ submit: [flush(1)] }, answer(1)], { flush: "barrier" }));
    assert.deepEqual(ends(ran), [[1, 0]]);
    assert.deepEqual(log_of(ran), []);
    assert.equal(ran.machine.info.feature_flush, REQ_FLUSH | REQ_FUA);
  });

  it("of another status than error is no empty one that failed, and so an error", () => {
    const ran = run(made([{ submit: [flush(1)] }, answer(1, { status: -3 })], { flush: "flush" }));
    assert.deepEqual(ends(ran), [[1, -5]]);
    assert.ok(!log_of(ran).some((text) => text.includes("op failed")));
  });
});

describe("an answered request", () => {
  it("brings a read's bytes to where the caller wants them, piece by piece", () => {
    const segments = [
      { page: 0x1000, offset: 512, length: 1024 },
      { page: 0x1001, offset: 0x3200, length: 0x2600 },
    ];
    const ran = run(
      made([{ submit: [transfer(1, "read", 8, segments)] }, answer(1)], {}, { pageSize: 65536 }),
    );
    const copied = only(ran.events, "bytes_copied");
    assert.deepEqual(
      copied.map(({ way, id, grant_idx, dst, len }) => [way, id, grant_idx, dst, len]),
      [
        ["back", 0, 0, 0x1000 * 65536 + 512, 1024],
        ["back", 0, 1, 0x1001 * 65536 + 0x3200, 0xe00],
        ["back", 0, 2, 0x1001 * 65536 + 0x4000, 0x1000],
        ["back", 0, 3, 0x1001 * 65536 + 0x5000, 0x800],
      ],
    );
    const { mem } = ran.machine.kernel;
    assert.equal(mem_get8(mem, 0x1001 * 65536 + 0x57ff), disk_byte(8 * 512 + 1024 + 0x25ff));
    assert.deepEqual(ran.machine.kernel.kmap, []);
  });

  it("brings a failed read's bytes too: what the pages held before", () => {
    const before = { ...write(1), sector: 0 };
    const ran = run(
      made([
        { submit: [before] },
        answer(1),
        { submit: [read(2)] },
        answer(2, { status: "error" }),
      ]),
    );
    assert.deepEqual(ends(ran)[1], [2, -5]);
    // The pool's page still has the write's bytes.
    const { mem } = ran.machine.kernel;
    assert.equal(mem_get8(mem, 0x1080 * 4096 + 100), write_byte(1, 100));
  });

  it("copies nothing where grants do not persist: the back end wrote into the caller's page", () => {
    const ran = run(made([{ submit: [read(1)] }, answer(1)], NOT_PERSISTENT));
    assert.equal(only(ran.events, "bytes_copied").length, 0);
    assert.equal(mem_get8(ran.machine.kernel.mem, 0x1040 * 4096 + 9), disk_byte(512 * 512 + 9));
  });

  it("puts mapped grants at the head one by one, the indirect frame's last", () => {
    const ran = run(made([{ submit: [write(1, 12)] }, answer(1)]));
    const taken = only(ran.events, "grant_taken").map(({ gref }) => gref);
    const [frame] = only(ran.events, "indirect_frame").map(({ gref }) => gref);
    const listed = grefs_listed(ran.machine);
    assert.deepEqual(listed.slice(0, 14), [frame, ...taken.reverse(), 0]);
    assert.equal(ran.machine.info.persistent_gnts_c, 13);
    assert.deepEqual(
      only(ran.events, "grant_released").map(({ id, grant_idx, indirect, to }) => [
        id,
        grant_idx,
        indirect,
        to,
      ]),
      [...taken.map((_, i) => [0, i, false, "head"]), [0, 0, true, "head"]],
    );
  });

  it("ends grants that are not mapped, frees their references and puts them at the tail", () => {
    const ran = run(made([{ submit: [write(1, 12)] }, answer(1)], { keepsMapped: "none" }));
    const { machine } = ran;
    assert.ok(grefs_listed(machine).every((gref) => gref === 0));
    assert.equal(machine.info.persistent_gnts_c, 0);
    assert.equal(machine.kernel.gnttab.gnttab_free_count, 4096 - 8 - 1);
    const entries = [...list_entries(machine.info.grants, 10_000)];
    // The pool was filled from the front, so its highest numbers were taken first.
    assert.deepEqual(
      entries.slice(-13).map(({ nr }) => nr),
      // Frame first when taken, but last to come back.
      [...Array.from({ length: 12 }, (_, i) => 1054 - i), 1055],
    );
    assert.deepEqual(
      only(ran.events, "grant_released").map(({ to }) => to),
      Array.from({ length: 13 }, () => "tail"),
    );
  });

  it("tells of grants that stay mapped where none should, for data and for frames", () => {
    const ran = run(
      made([{ submit: [read(1, 12)] }, answer(1)], { persistent: false, keepsMapped: "all" }),
    );
    const released = only(ran.events, "grant_released").map(({ gref }) => gref);
    assert.equal(released.length, 13);
    assert.deepEqual(
      log_of(ran),
      released.map((gref) => `alert backed has not unmapped grant: ${gref}`),
    );
    // The frame's page is not spare any more: its entry has it.
    assert.equal([...list_entries(ran.machine.info.indirect_pages, 100)].length, 31);
  });

  it("says nothing of grants that stay mapped where they persist", () => {
    assert.deepEqual(log_of(run(made([{ submit: [read(1, 12)] }, answer(1)]))), []);
  });

  it("puts the page of an indirect frame back among the spare ones, at their head", () => {
    const machine = createMachine(made([{ submit: [read(1, 12)] }, answer(1)], NOT_PERSISTENT));
    run_to(machine, 0);
    const frame = machine.info.shadow[0]?.indirect_grants[0]?.page;
    assert.equal([...list_entries(machine.info.indirect_pages, 100)].length, 31);
    run_to(machine, 1);
    assert.equal([...list_entries(machine.info.indirect_pages, 100)].length, 32);
    assert.deepEqual([...list_entries(machine.info.indirect_pages, 1)], [frame]);
  });

  it("stops the kernel where an entry of its scatterlist has come to reach beyond its page", () => {
    const machine = createMachine(made([{ submit: [read(1)] }, answer(1)]));
    run_to(machine, 0);
    const sg = machine.info.shadow[0]?.sg[0];
    assert.ok(sg);
    sg.offset = 512;
    run_to(machine, 1);
    const { kind, expr, func } = machine.bug ?? {};
    assert.deepEqual(
      [kind, expr, func],
      ["BUG", "sg->offset + sg->length > PAGE_SIZE", "blkif_completion"],
    );
  });

  it("faults where a made-up answer comes to grants that its entry never had", () => {
    // The back end has written more segments into the slot than the driver took grants for.
    for (const [request, func] of [
      [write(1), "blkif_completion"],
      [write(1, 12), "blkif_completion"],
    ] as const) {
      const machine = createMachine(made([{ submit: [request] }, answer(1)]));
      run_to(machine, 0);
      const shadow = machine.info.shadow[0];
      assert.ok(shadow);
      if (request.segments.length === 1) shadow.req.u.rw.nr_segments = 2;
      else shadow.indirect_grants[0] = null;
      run_to(machine, 1);
      const { kind, expr, func: where } = machine.bug ?? {};
      assert.deepEqual([kind, expr, where], ["OOPS", "NULL struct grant", func]);
    }
  });

  it("whose read cannot be copied back for want of a grant faults there", () => {
    const machine = createMachine(made([{ submit: [read(1)] }, answer(1)]));
    run_to(machine, 0);
    const shadow = machine.info.shadow[0];
    assert.ok(shadow);
    shadow.grants_used[0] = null;
    run_to(machine, 1);
    assert.deepEqual(
      [machine.bug?.expr, machine.bug?.func],
      ["NULL struct grant", "blkif_copy_from_grant"],
    );
  });

  it("keeps a grant that is only read by the back end, as one that it writes", () => {
    for (const bits of [8, 16]) {
      const machine = createMachine(
        made([{ submit: [write(1)] }, answer(1)], { keepsMapped: "none" }),
      );
      run_to(machine, 0);
      runTask(machine);
      const { kernel, info } = machine;
      const gref = info.shadow[0]?.grants_used[0]?.gref ?? 0;
      mem_put16(kernel.mem, grant_entry_addr(kernel.gnttab, gref), 1 | bits);
      runTask(machine);
      assert.equal(info.persistent_gnts_c, 1);
      assert.equal(grefs_listed(machine)[0], gref);
    }
  });
});
