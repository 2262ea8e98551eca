// The queue and the ids: when requests are taken from it, when it stands still, and what starts it again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  add_id_to_freelist,
  get_id_from_freelist,
} from "../../../src/core/blkfront/patch-v2/freelist.js";
import { createMachine, runTask } from "../../../src/core/machine.js";
import type {
  BackendSettings,
  GuestSettings,
  RequestSettings,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import { ends, only, run, run_to, said } from "./run.js";
import { scenario, transfer } from "./scenarios.js";

const write = (id: number, count = 1) =>
  transfer(
    id,
    "write",
    id * 8,
    Array.from({ length: count }, (_, i) => ({
      page: 0x1000 + id * 32 + i,
      offset: 0,
      length: 4096,
    })),
  );
const writes = (count: number) => Array.from({ length: count }, (_, i) => write(i + 1));
const answer = (...ids: number[]): WorkloadStep => ({
  complete: ids.map((id) => ({ id, status: "okay" as const })),
});

const made = (
  workload: WorkloadStep[],
  guest: Partial<GuestSettings> = {},
  backend: Partial<BackendSettings> = {},
) => scenario(workload, { pageSize: 4096, ...guest }, backend);

function connected() {
  const machine = createMachine(made([]));
  while (runTask(machine));
  return machine;
}

describe("the free ids", () => {
  it("are given out from 0 to the ring's last, and then the kernel stops", () => {
    const { info } = connected();
    const ids = Array.from({ length: 32 }, () => get_id_from_freelist(info));
    assert.deepEqual(
      ids,
      Array.from({ length: 32 }, (_, i) => i),
    );
    assert.throws(() => get_id_from_freelist(info), {
      kind: "BUG",
      expr: "free >= BLK_RING_SIZE(info)",
      func: "get_id_from_freelist",
    });
  });

  it("are none that the ring has no entry for, not even the first such", () => {
    const { info } = connected();
    info.shadow_free = 32;
    assert.throws(() => get_id_from_freelist(info), { func: "get_id_from_freelist" });
    info.shadow_free = 31;
    assert.equal(get_id_from_freelist(info), 31);
  });

  it("are lost one by one to a back end that answers with wrong ones, until a request finds none", () => {
    // The answer frees a slot of the ring, but no id.
    const of = made([
      { submit: writes(32) },
      { respond: [{ shadowId: 40, operation: 1, status: 0 }] },
      { submit: [write(33)] },
    ]);
    const { machine } = run(of);
    assert.equal(machine.bug?.kind, "BUG");
    assert.equal(machine.bug?.expr, "free >= BLK_RING_SIZE(info)");
    assert.equal(machine.bug?.func, "get_id_from_freelist");
  });

  it("are taken back last in, first out", () => {
    const { machine } = run(made([{ submit: writes(4) }, answer(2), answer(4), answer(1)]));
    const { info } = machine;
    assert.deepEqual(
      [0, 1, 2, 3].map(() => get_id_from_freelist(info)),
      [0, 3, 1, 4],
    );
  });

  it("are refused when they are free already, and the list stays as it is", () => {
    const { machine } = run(made([{ submit: writes(3) }, answer(2)]));
    const { info } = machine;
    // 1 is at the head, in front of 3; 5 is in the middle.
    for (const id of [1, 5]) assert.equal(add_id_to_freelist(info, id), -22);
    assert.deepEqual(
      [0, 1, 2].map(() => get_id_from_freelist(info)),
      [1, 3, 4],
    );
  });

  it("are refused when no request has them, whatever their entry says", () => {
    const { machine } = run(made([{ submit: writes(2) }]));
    const { info } = machine;
    const shadow = info.shadow[1];
    assert.ok(shadow);
    shadow.request = null;
    assert.equal(add_id_to_freelist(info, 1), -22);
    assert.equal(info.shadow_free, 2);
    assert.equal(shadow.req.u.rw.id, 1);
  });

  it("are refused when the driver's copy of the request says another one", () => {
    // The copy was read back from the ring, where the back end could have written another id by then.
    const { machine } = run(made([{ submit: writes(2) }]));
    const { info } = machine;
    const shadow = info.shadow[1];
    assert.ok(shadow);
    shadow.req.u.rw.id = 0;
    assert.equal(add_id_to_freelist(info, 1), -22);
    assert.equal(shadow.request?.nr, 2);
    assert.equal(info.shadow_free, 2);
  });

  it("are accepted when a request has them", () => {
    const { machine } = run(made([{ submit: writes(2) }]));
    assert.equal(add_id_to_freelist(machine.info, 1), 0);
    assert.equal(machine.info.shadow_free, 1);
    assert.equal(machine.info.shadow[1]?.request, null);
  });
});

describe("a queue", () => {
  it("stops behind a full ring, and an interrupt that brings no answer does not start it", () => {
    const machine = createMachine(made([{ submit: writes(34) }, { interrupt: "now" }, answer(1)]));
    run_to(machine, 0);
    assert.equal(machine.gd?.queue.stopped, true);
    assert.equal(machine.gd?.queue.queue_head.length, 2);
    const kinds: string[] = [];
    runTask(machine, ({ kind }) => kinds.push(kind));
    assert.deepEqual(kinds, ["interrupt"]);
    assert.equal(machine.gd?.queue.stopped, true);
    // One answer makes room for one request.
    run_to(machine, 2);
    assert.equal(machine.gd?.queue.queue_head.length, 1);
    assert.equal(machine.gd?.queue.stopped, true);
  });

  it("runs twice when it is started again", () => {
    const steps: WorkloadStep[] = [{ submit: writes(34) }, answer(1)];
    const { events } = run(made(steps));
    // At first; then twice for the answer: the first run takes one request, both find the ring full.
    assert.deepEqual(
      only(events, "queue_stop").map(({ ring_full }) => ring_full),
      [true, true, true],
    );
    assert.equal(only(events, "queue_start").length, 1);
  });

  it("waits for references, which is not said to be a full ring", () => {
    const steps: WorkloadStep[] = [{ takeGrants: 500 }, { submit: [write(1, 8)] }];
    const ran = run(made(steps, { grantTableSize: 512, grantTableMax: 512 }));
    assert.deepEqual(
      only(ran.events, "queue_stop").map(({ ring_full }) => ring_full),
      [false],
    );
    // It stands in front again, and nothing of it was shown to the back end.
    assert.deepEqual(
      ran.machine.gd?.queue.queue_head.map(({ nr }) => nr),
      [1],
    );
    assert.equal(only(ran.events, "requests_pushed").length, 0);
    assert.equal(ran.machine.info.ring.req_prod_pvt, 0);
  });

  it("shows the back end what it could queue before it had to stop, once, with one event", () => {
    const steps: WorkloadStep[] = [
      { takeGrants: 500 },
      { submit: [write(1), write(2), write(3, 8), write(4)] },
    ];
    const ran = run(made(steps, { grantTableSize: 512, grantTableMax: 512 }));
    assert.deepEqual(
      only(ran.events, "requests_pushed").map(({ req_prod, notify }) => [req_prod, notify]),
      [[2, true]],
    );
    assert.deepEqual(
      ran.machine.gd?.queue.queue_head.map(({ nr }) => nr),
      [3, 4],
    );
  });

  it("brings an event for what is new only where the back end has asked for one", () => {
    const machine = createMachine(
      made([{ submit: [write(1)] }, { submit: [write(2)] }, answer(1), { submit: [write(3)] }]),
    );
    const sent = [-1, 0, 1, 2, 3].map((step) => {
      run_to(machine, step);
      return machine.kernel.evtchn.sent;
    });
    const [connected = 0, first, second, answered = 0, third] = sent;
    // The back end has not looked yet when the second comes.
    assert.deepEqual([first, second], [connected + 1, connected + 1]);
    assert.equal(third, answered + 1);
  });

  it("of a driver that is not connected keeps what it has, and stops", () => {
    const machine = createMachine(made([{ submit: [write(1), write(2)] }]));
    run_to(machine, -1);
    machine.info.connected = "SUSPENDED";
    const kinds: string[] = [];
    runTask(machine, ({ kind }) => kinds.push(kind));
    assert.deepEqual(kinds, ["request_start", "request_requeue", "queue_stop"]);
    const { queue } = machine.gd ?? {};
    assert.deepEqual(
      queue?.queue_head.map(({ nr }) => nr),
      [1, 2],
    );
    assert.equal(queue?.stopped, true);
  });

  it("that waits for references is not run by a device that goes to suspend, but by the next", () => {
    const steps: WorkloadStep[] = [
      { submit: [write(1, 8)] },
      { takeGrants: 490 },
      { submit: [write(2, 8)] },
      { resume: null },
      answer(1, 2),
    ];
    const machine = createMachine(made(steps, { grantTableSize: 512, grantTableMax: 512 }));
    run_to(machine, 2);
    assert.equal(machine.gd?.queue.stopped, true);
    const states: string[] = [];
    const tried: string[] = [];
    runTask(machine, (event) => {
      if (event.kind === "work_run") states.push(machine.info.connected);
      if (event.kind === "request_requeue") tried.push(machine.info.connected);
    });
    // The references of the first came back and woke the driver, which had let go of the ring.
    assert.deepEqual(states, ["SUSPENDED"]);
    assert.ok(!tried.includes("SUSPENDED"), tried.join());
  });
});

describe("a request that the driver cannot send", () => {
  const flush = (id: number): RequestSettings => ({
    ...transfer(id, "write", 0, []),
    op: "flush",
    sector: -1,
  });

  it("for want of a flush ends as not supported, and the next one is sent", () => {
    const ran = run(made([{ submit: [flush(1), write(2)] }, answer(2)], {}, { flush: "none" }));
    assert.deepEqual(ends(ran), [
      [1, -95],
      [2, 0],
    ]);
    const [first] = only(ran.events, "request_end");
    assert.deepEqual([first?.id, first?.error, first?.why], [-1, -95, "rejected"]);
  });

  it("for want of FUA ends as not supported where the back end only flushes", () => {
    const fua = { ...write(1), fua: true };
    const pre = { ...write(2), preflush: true };
    const steps: WorkloadStep[] = [{ submit: [fua, pre, flush(3)] }, answer(1, 2, 3)];
    const flushing = run(made(steps, {}, { flush: "flush" }));
    assert.deepEqual(ends(flushing), [
      [1, -95],
      [2, 0],
      [3, 0],
    ]);
    const barrier = run(made(steps, {}, { flush: "barrier" }));
    assert.deepEqual(ends(barrier), [
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
  });

  it("because it is not a file system's ends as not supported", () => {
    const ran = run(made([{ submit: [{ ...write(1), passthrough: true }] }]));
    assert.deepEqual(ends(ran), [[1, -95]]);
    // Nothing was queued, so nothing is pushed.
    assert.equal(only(ran.events, "requests_pushed").length, 0);
  });
});

describe("a discard", () => {
  const discard = (id: number, more: Partial<RequestSettings> = {}): RequestSettings => ({
    ...transfer(id, "write", 72, []),
    op: "discard",
    sectors: 4096,
    ...more,
  });
  const backend = { discard: true, discardSecure: true };

  it("says operation, flag, id, sector and length, takes no grant and gives its id back", () => {
    const machine = createMachine(
      made([{ submit: [write(1), discard(2)] }, answer(1, 2)], {}, backend),
    );
    run_to(machine, 0);
    const { info } = machine;
    const shadow = info.shadow[1];
    assert.ok(shadow);
    const { discard: u } = shadow.req.u;
    assert.deepEqual(
      [shadow.req.operation, u.flag, u.id, u.sector_number, u.nr_sectors],
      [5, 0, 1, 72, 4096],
    );
    assert.equal(shadow.request?.nr, 2);
    assert.deepEqual(
      shadow.grants_used.filter((used) => used !== null),
      [],
    );
    run_to(machine, 1);
    assert.equal(shadow.request, null);
    assert.ok(machine.requests.every(({ state, error }) => state === "ended" && error === 0));
  });

  it("is secure where it was asked for and the back end can, and only then", () => {
    const secure = discard(1, { op: "secure-discard" });
    const flag = (one: RequestSettings, can: boolean) => {
      const of = made([{ submit: [one] }], {}, { ...backend, discardSecure: can });
      return run(of).machine.info.shadow[0]?.req.u.discard.flag;
    };
    assert.equal(flag(secure, true), 1);
    assert.equal(flag(secure, false), 0);
    assert.equal(flag(discard(1), true), 0);
  });

  it("says that it is not secure in a slot where the byte was something else before", () => {
    // An answer with the wrong id 256 lies in the first slot when its turn comes again.
    const others = writes(32).slice(1);
    const steps: WorkloadStep[] = [
      { submit: [write(1)] },
      { complete: [{ id: 1, status: "okay", shadowId: 256 }] },
      { submit: others },
      answer(...others.map(({ id }) => id)),
      { submit: [discard(40)] },
    ];
    const { machine } = run(made(steps, {}, backend));
    assert.equal(machine.info.ring.req_prod_pvt, 33);
    const shadow = machine.info.shadow.find(({ request }) => request?.nr === 40);
    assert.equal(shadow?.req.u.discard.flag, 0);
  });

  it("that fails is an error, and the driver goes on discarding", () => {
    const steps: WorkloadStep[] = [
      { submit: [discard(1)] },
      { complete: [{ id: 1, status: "error" }] },
    ];
    const ran = run(made(steps, {}, backend));
    assert.deepEqual(ends(ran), [[1, -5]]);
    assert.deepEqual(said(ran).slice(1), []);
    const { info } = ran.machine;
    assert.deepEqual([info.feature_discard, info.feature_secdiscard], [true, true]);
    assert.deepEqual(
      only(ran.events, "request_end").map(({ id, error, why }) => [id, error, why]),
      [[0, -5, "complete"]],
    );
    assert.deepEqual([info.rq?.queue_flags.discard, info.rq?.queue_flags.secdiscard], [true, true]);
  });

  it("that is not supported after all switches discards off, with a warning", () => {
    const steps: WorkloadStep[] = [
      { submit: [discard(1)] },
      { complete: [{ id: 1, status: "unsupported" }] },
    ];
    const ran = run(made(steps, {}, backend));
    assert.deepEqual(ends(ran), [[1, -95]]);
    const { kernel, info } = ran.machine;
    assert.deepEqual(kernel.log.slice(1), [
      { level: "warning", text: "blkfront: xvda: discard op failed" },
    ]);
    assert.deepEqual([info.feature_discard, info.feature_secdiscard], [false, false]);
    const { discard: can, secdiscard } = info.rq?.queue_flags ?? {};
    assert.deepEqual([can, secdiscard], [false, false]);
  });
});
