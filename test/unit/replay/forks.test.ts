import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Machine } from "stepped:core/machine";
import { findChanges } from "../../../src/replay/changes.js";
import { compareRuns } from "../../../src/replay/compare.js";
import type { Edit } from "../../../src/replay/edit.js";
import { record } from "../../../src/replay/record.js";
import { fingerprint } from "./fingerprint.js";
import { batches, small } from "./workloads.js";

const run = record(small);
const long = record(batches(40, 6), { checkpointSpacing: 2000 });

function noIndirect(step: number): Edit {
  return { step, apply: ({ info }) => void (info.max_indirect_segments = 0) };
}

/** What the ring's private producer is before each step, found by standing on all of them. */
function everyStep<T>(of: typeof run, look: (machine: Machine) => T): T[] {
  return Array.from({ length: of.length }, (_, step) => look(of.momentAt(step).machine));
}

describe("a fork", () => {
  it("is the same run up to its edit, and another from there on", () => {
    const step = run.entry + 3;
    const fork = record(small, { edits: [noIndirect(step)] });
    for (const at of [0, step - 1]) {
      assert.equal(fingerprint(fork.momentAt(at).machine), fingerprint(run.momentAt(at).machine));
    }
    assert.notEqual(run.momentAt(step).machine.info.max_indirect_segments, 0);
    assert.equal(fork.momentAt(step).machine.info.max_indirect_segments, 0);
    assert.equal(fork.statementAt(step), run.statementAt(step));
  });

  it("is the same wherever one travels in it from", () => {
    const edits = [noIndirect(long.entry + 40), noIndirect(long.entry + 4000)];
    const fork = record(long.scenario, { edits, checkpointSpacing: 500 });
    const sparse = record(long.scenario, { edits, checkpointSpacing: 1e9 });
    assert.equal(fork.length, sparse.length);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: fork.length - 1 }), (step) => {
        const [a, b] = [fork.momentAt(step), sparse.momentAt(step)];
        assert.equal(fingerprint(a.machine), fingerprint(b.machine));
      }),
      { numRuns: 40 },
    );
  });

  it("makes several edits of one step in their order", () => {
    const at = (value: number): Edit => ({
      step: run.entry,
      apply: ({ info }) => void (info.persistent_gnts_c = info.persistent_gnts_c * 10 + value),
    });
    const before = run.momentAt(run.entry).machine.info.persistent_gnts_c;
    const fork = record(small, { edits: [at(1), at(2)] });
    const after = fork.momentAt(run.entry).machine.info.persistent_gnts_c;
    assert.equal(after, (before * 10 + 1) * 10 + 2);
  });

  it("whose edit changes nothing is the run itself", () => {
    const fork = record(small, { edits: [{ step: run.entry, apply: () => undefined }] });
    assert.equal(compareRuns(run, fork), null);
    const last = run.length - 1;
    assert.equal(fingerprint(fork.momentAt(last).machine), fingerprint(run.momentAt(last).machine));
  });
});

describe("the comparison of two runs", () => {
  it("names the first statement and the first tracepoint that differ", () => {
    const step = run.tasks.first("interrupt")?.start as number;
    const fork = record(small, {
      edits: [{ step, apply: ({ agenda }) => void agenda.splice(0, agenda.length) }],
    });
    const found = compareRuns(run, fork);
    assert.equal(found?.step, fork.length);
    assert.equal(found?.event?.other, null);
    assert.notEqual(found?.event?.one, null);
  });

  it("tells the same of both from either side", () => {
    const fork = record(small, { edits: [noIndirect(run.entry)] });
    const [there, back] = [compareRuns(run, fork), compareRuns(fork, run)];
    assert.notEqual(there, null);
    assert.equal(there?.step, back?.step);
    assert.deepEqual(there?.event?.one, back?.event?.other);
  });
});

describe("the search for changes", () => {
  it("finds each step that is the first to show another value", async () => {
    const look = ({ info }: Machine) => [info.ring.req_prod_pvt, info.ring.rsp_cons];
    const values = everyStep(run, look).map(String);
    const expected = values.flatMap((value, step) =>
      step > 0 && value !== values[step - 1] ? [step] : [],
    );
    assert.ok(expected.length > 1);
    assert.deepEqual(await findChanges(run, look), expected);
  });

  it("sees what is edited, at the step of the edit", async () => {
    const step = run.entry + 3;
    const fork = record(small, { edits: [noIndirect(step)] });
    const found = await findChanges(fork, ({ info }) => [info.max_indirect_segments]);
    assert.ok(Array.from(found).includes(step));
  });

  it("neither counts nor disturbs what it calls of the core", async () => {
    const { length } = long;
    const last = fingerprint(long.momentAt(length - 1).machine);
    // A field that the core computes from bytes.
    const found = await findChanges(long, ({ info }) => [info.ring.sring?.req_prod]);
    assert.ok(found.length > 10);
    for (const step of Array.from(found).slice(0, 10)) {
      const at = (where: number) => long.momentAt(where).machine.info.ring.sring?.req_prod;
      assert.notEqual(at(step - 1), at(step));
    }
    assert.equal(fingerprint(long.momentAt(length - 1).machine), last);
  });

  it("can be given up", async () => {
    const found = await findChanges(long, ({ info }) => [info.ring.req_prod_pvt], {
      aborted: true,
    });
    assert.ok(
      found.length <= (await findChanges(long, ({ info }) => [info.ring.req_prod_pvt])).length,
    );
  });
});
