// What a recording knows of the invariants that broke in it: which, and since which step.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pages_of_driver } from "stepped:core/invariants/pages";
import { pool_of } from "stepped:core/invariants/pool";
import type { Machine } from "stepped:core/machine";
import type { BackendSettings, Scenario, WorkloadStep } from "../../../src/core/scenario.js";
import { record } from "../../../src/replay/record.js";
import { one_by_one, scenario, transfer } from "../core/scenarios.js";
import { batches } from "./workloads.js";

const page = (n: number, length: number) => ({ page: 0x1000 + n, offset: 0, length });
const requests = [
  transfer(1, "read", 0, [page(0, 4096)]),
  transfer(2, "read", 64, [page(1, 65536)]),
  transfer(3, "read", 256, [page(2, 4096)]),
];
const all: WorkloadStep[] = [
  { submit: requests },
  { complete: requests.map(({ id }) => ({ id, status: "okay" as const })) },
];

/** Every break of a recording, as far as the tests name them. */
function breaks_of(of: Scenario, checkpointSpacing = 1e9) {
  const { broken } = record(of, { checkInvariants: true, checkpointSpacing });
  return broken.map(({ invariant, request, step, at }) => ({ invariant, request, step, at }));
}

/** The back end unmaps everything: the page of the second request's indirect frame gets two owners. */
const unmapping: Partial<BackendSettings> = { keepsMapped: "none" };

describe("a recording that watches the invariants", () => {
  it("is the same recording", () => {
    const of = batches(6, 4);
    const [plain, watched] = [record(of), record(of, { checkInvariants: true })];
    assert.equal(watched.length, plain.length);
    assert.equal(watched.tracepoints.length, plain.tracepoints.length);
    assert.deepEqual(watched.broken, []);
    for (let step = 0; step < plain.length; step++) {
      assert.equal(watched.columns.statementAt(step), plain.columns.statementAt(step));
    }
  });

  it("knows the step since which the state is wrong, in the middle of a task", () => {
    const of = scenario(all, {}, unmapping);
    const recording = record(of, { checkInvariants: true });
    const [found] = recording.broken;
    assert.equal(recording.broken.length, 1);
    assert.equal(found?.invariant, "pages-accounted");
    assert.equal(found?.request, 2);
    assert.equal(found?.at.kind, "id_recycled");
    assert.equal(recording.threadAt(found.step), "interrupt");

    // So it is when one travels there; and when the response was taken, it was well.
    const wrong = (machine: Machine) => pages_of_driver(machine, pool_of(machine.info));
    assert.equal(wrong(recording.momentAt(found.step).machine), found.text);
    const taken = recording.tracepoints.lastBefore("response_taken", found.step);
    assert.equal(wrong(recording.momentAt(taken?.step ?? 0).machine), null);
  });

  it("finds the same wherever the checkpoints are", () => {
    // Tasks without a step lie in front of the one that is looked at again.
    const idle: WorkloadStep[] = [{ keep: "all" }, { keep: "none" }, { takeGrants: 1 }];
    const of = scenario(
      [...one_by_one(transfer(9, "write", 0, [page(3, 4096)])), ...idle, ...all],
      {},
      unmapping,
    );
    const [found] = breaks_of(of);
    assert.equal(found?.at.kind, "id_recycled");
    for (const spacing of [1, 100, 1000]) assert.deepEqual(breaks_of(of, spacing), [found]);
  });

  it("names the end of the task where nothing earlier shows it", () => {
    const twice: WorkloadStep[] = [
      { submit: [transfer(1, "read", 0, [page(0, 4096)])] },
      { complete: [{ id: 1, status: "okay", times: 2 }] },
      { submit: [transfer(2, "read", 0, [page(0, 4096)])] },
    ];
    const of = scenario(twice, { pageSize: 4096 }, unmapping);
    const recording = record(of, { checkInvariants: true });
    const next = recording.tasks.nth(recording.tasks.length - 1);
    const lists = recording.broken.find(({ invariant }) => invariant === "one-place-per-grant");
    assert.equal(next.kind, "submit");
    assert.deepEqual(
      { step: lists?.step, kind: lists?.at.kind },
      { step: next.start, kind: "task_end" },
    );
    const answers = recording.broken.find(({ invariant }) => invariant === "one-answer-per-id");
    assert.ok((answers?.step ?? Infinity) < next.start);
    assert.deepEqual(
      recording.broken.map(({ step }) => step),
      recording.broken.map(({ step }) => step).sort((a, b) => a - b),
    );
  });

  it("has no break behind its last step", () => {
    const of = scenario(all, {}, unmapping);
    const { length } = record(of);
    for (const maxSteps of [length, length - 1, length >> 1]) {
      const recording = record(of, { checkInvariants: true, maxSteps });
      assert.ok(recording.broken.every(({ step }) => step < recording.length));
    }
    assert.equal(record(of, { checkInvariants: true, maxSteps: length >> 1 }).broken.length, 0);
  });
});
