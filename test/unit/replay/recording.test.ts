import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createMachine, runTask } from "stepped:core/machine";
import { statements } from "stepped:statements";
import { arm, capturedFrames, disarm, pause } from "../../../src/replay/probe.js";
import { record, recordAsync } from "../../../src/replay/record.js";
import type { RecordedEvent } from "../../../src/replay/trace-log.js";
import type { Scenario } from "../../../src/core/scenario.js";
import { fingerprint } from "./fingerprint.js";
import { batches, fatal, small } from "./workloads.js";

const recording = record(small);
const long = record(batches(40, 6), { checkpointSpacing: 2000 });

/** A fresh machine, run in one go from its beginning, and the texts of its stack. */
function freshMachineAt(scenario: Scenario, step: number) {
  const machine = createMachine(scenario);
  arm(step);
  try {
    while (runTask(machine));
  } catch (thrown) {
    if (thrown !== pause) throw thrown;
  } finally {
    disarm();
  }
  return { machine, stack: capturedFrames().map(({ statement }) => statements[statement]?.text) };
}

function anyStep(length: number) {
  return fc.integer({ min: 0, max: length - 1 });
}

describe("a moment", () => {
  it("is the machine as a fresh one comes to it in one go", () => {
    fc.assert(
      fc.property(anyStep(long.length), (step) => {
        const moment = long.momentAt(step);
        const { machine, stack } = freshMachineAt(long.scenario, step);
        assert.deepEqual(
          moment.stack.map(({ statement }) => statement.text),
          stack,
        );
        assert.equal(fingerprint(moment.machine), fingerprint(machine));
      }),
      { numRuns: 40 },
    );
  });

  it("does not depend on where the checkpoints are", () => {
    const sparse = record(long.scenario, { checkpointSpacing: 1e9 });
    assert.equal(sparse.length, long.length);
    assert.ok(long.checkpoints.count > 5 * sparse.checkpoints.count);
    fc.assert(
      fc.property(anyStep(long.length), (step) => {
        const [a, b] = [long.momentAt(step), sparse.momentAt(step)];
        assert.equal(fingerprint(a.machine), fingerprint(b.machine));
        assert.deepEqual(
          a.stack.map(({ variables }) => fingerprint(variables)),
          b.stack.map(({ variables }) => fingerprint(variables)),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("does not depend on where one has been before, and is not changed by going on", () => {
    const [before] = [1, 2, 3].map(() => recording.entry + 5);
    const moment = recording.momentAt(before as number);
    const print = fingerprint(moment.machine);
    for (let step = recording.entry; step < recording.length; step += 7) recording.momentAt(step);
    assert.equal(fingerprint(moment.machine), print);
    assert.equal(fingerprint(recording.momentAt(before as number).machine), print);
  });

  it("stands on the statement, the thread and the depth that the recording has for the step", () => {
    for (let step = recording.entry; step < recording.length; step += 3) {
      const moment = recording.momentAt(step);
      assert.equal(moment.statement, recording.statementAt(step));
      assert.equal(moment.thread, recording.threadAt(step));
      assert.equal(moment.machine.thread, recording.threadAt(step));
      assert.equal(moment.stack.length, recording.depthAt(step));
      assert.equal(moment.stack[0]?.statement, moment.statement);
    }
  });

  it("is kept for a while", () => {
    assert.equal(recording.momentAt(100), recording.momentAt(100));
  });
});

describe("a recording", () => {
  it("begins before the connection, and its entry is the first submission", () => {
    assert.equal(recording.tasks.at(0).kind, "connect");
    assert.equal(recording.tasks.at(recording.entry).kind, "submit");
    assert.equal(recording.tasks.at(recording.entry).start, recording.entry);
    assert.equal(recording.statementAt(recording.entry).function.name, "do_blkif_request");
  });

  it("has tasks that cover every step once", () => {
    let end = 0;
    for (let index = 0; index < long.tasks.length; index++) {
      const task = long.tasks.nth(index);
      assert.equal(task.start, end);
      assert.ok(task.end > task.start);
      end = task.end;
      assert.deepEqual(long.tasks.at(task.start), task);
      assert.deepEqual(long.tasks.at(task.end - 1), task);
      assert.equal(long.depthAt(task.start), 1);
    }
    assert.equal(end, long.length);
  });

  it("keeps all tracepoints, with requests by their place", () => {
    const machine = createMachine(small);
    const sent: RecordedEvent[] = [];
    while (
      runTask(machine, (event) => {
        const copy =
          "req" in event ? { ...event, req: machine.requests.indexOf(event.req) } : event;
        sent.push({ ...copy } as RecordedEvent);
      })
    );
    const { tracepoints } = recording;
    const kept = Array.from({ length: tracepoints.length }, (_, index) => tracepoints.at(index));
    assert.deepEqual(
      kept.map(({ event }) => event),
      sent,
    );
    assert.ok(kept.every(({ index }, i) => index === i));
    assert.ok(kept.every(({ step }, i) => i === 0 || step >= (kept[i - 1]?.step ?? 0)));
  });

  it("finds tracepoints by step and kind", () => {
    const { tracepoints } = long;
    const grants = tracepoints.stepsOf("grant_taken");
    assert.equal(grants.length, tracepoints.count("grant_taken"));
    const third = tracepoints.nth("grant_taken", 2);
    assert.equal(third.event.kind, "grant_taken");
    assert.deepEqual(tracepoints.at(third.index), third);
    assert.ok(tracepoints.duringStep(third.step).some(({ index }) => index === third.index));
    assert.deepEqual(tracepoints.firstFrom("grant_taken", third.step), third);
    assert.equal(tracepoints.lastBefore("grant_taken", third.step)?.step, grants[1]);
    assert.equal(tracepoints.lastBefore("grant_taken", 0), null);
    assert.equal(tracepoints.firstFrom("grant_taken", long.length), null);
    assert.equal(tracepoints.between(0, long.length + 1).length, tracepoints.length);
  });

  it("ends with the statement that stops the kernel", () => {
    const stopped = record(fatal);
    assert.equal(stopped.end, "bug");
    const last = stopped.momentAt(stopped.length - 1);
    assert.match(last.statement.text, /^BUG_ON\(/);
    assert.equal(last.machine.bug, null);
    assert.equal(stopped.tracepoints.at(stopped.tracepoints.length - 1).event.kind, "bug");
  });

  it("ends at the limit, in the middle of a task, and can be walked to its last step", () => {
    const limit = recording.entry + 20;
    const cut = record(small, { maxSteps: limit });
    assert.equal(cut.end, "limit");
    assert.equal(cut.length, limit);
    assert.equal(cut.tasks.at(limit - 1).end, limit);
    assert.equal(cut.statementAt(limit - 1), recording.statementAt(limit - 1));
    assert.equal(
      fingerprint(cut.momentAt(limit - 1).machine),
      fingerprint(recording.momentAt(limit - 1).machine),
    );
  });

  it("has fewer checkpoints when they may take less memory", () => {
    const poor = record(long.scenario, { checkpointSpacing: 2000, checkpointBudget: 1 << 20 });
    assert.ok(poor.checkpoints.count < long.checkpoints.count);
    assert.ok(poor.checkpoints.count >= 1);
    const step = long.length - 5;
    assert.equal(
      fingerprint(poor.momentAt(step).machine),
      fingerprint(long.momentAt(step).machine),
    );
  });

  it("can be made while others have their turn, with the same result", async () => {
    const seen: number[] = [];
    const made = await recordAsync(batches(400, 6), {
      onProgress: ({ steps }) => seen.push(steps),
    });
    const atOnce = record(batches(400, 6));
    assert.equal(made.length, atOnce.length);
    assert.equal(made.tracepoints.length, atOnce.tracepoints.length);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal(made.end, "done");
  });

  it("can be cancelled", async () => {
    const signal = { aborted: false };
    const made = await recordAsync(batches(1500, 6), {
      signal,
      onProgress: () => (signal.aborted = true),
    });
    assert.equal(made.end, "cancelled");
    assert.ok(made.length > 0);
    made.momentAt(made.length - 1);
  });
});
