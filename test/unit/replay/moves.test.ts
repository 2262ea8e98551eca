import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Move } from "../../../src/replay/moves/move.js";
import { reverseOut } from "../../../src/replay/moves/reverse-out.js";
import { reverseOver } from "../../../src/replay/moves/reverse-over.js";
import {
  continueBackwards,
  continueForwards,
} from "../../../src/replay/moves/run-to-breakpoint.js";
import { stepBack } from "../../../src/replay/moves/step-back.js";
import { stepIn } from "../../../src/replay/moves/step-in.js";
import { stepOut } from "../../../src/replay/moves/step-out.js";
import { stepOver } from "../../../src/replay/moves/step-over.js";
import { nextLandmark, previousLandmark } from "../../../src/replay/moves/to-landmark.js";
import { record } from "../../../src/replay/record.js";
import { batches, fatal } from "./workloads.js";

const recording = record(batches(60, 6));
const last = recording.length - 1;

const anyStep = fc.integer({ min: 0, max: last });
/** Steps of the request path too: the connection takes most of a short recording. */
const step = fc.oneof(anyStep, fc.integer({ min: recording.entry, max: last }));

function depth(at: number): number {
  return recording.depthAt(at);
}

/** The first step after `from` of which something is true, found by looking at each. */
function firstAfter(from: number, test: (at: number) => boolean): Move {
  for (let at = from + 1; at <= last; at++) if (test(at)) return { step: at, reason: "step" };
  return { step: last, reason: "end" };
}

function lastBefore(from: number, test: (at: number) => boolean): Move {
  for (let at = from - 1; at >= 0; at--) if (test(at)) return { step: at, reason: "step" };
  return { step: 0, reason: "start" };
}

function holds(property: (at: number) => void, numRuns = 200): void {
  fc.assert(fc.property(step, property), { numRuns });
}

describe("a move", () => {
  it("in and back undo each other", () => {
    holds((at) => {
      if (at < last) assert.equal(stepBack(recording, stepIn(recording, at).step).step, at);
      if (at > 0) assert.equal(stepIn(recording, stepBack(recording, at).step).step, at);
    });
  });

  it("over does not go deeper and leaves out only what is deeper", () => {
    holds((at) => {
      const move = stepOver(recording, at);
      assert.deepEqual(
        move,
        firstAfter(at, (next) => depth(next) <= depth(at)),
      );
    });
  });

  it("back over does not go deeper and leaves out only what is deeper", () => {
    holds((at) => {
      assert.deepEqual(
        reverseOver(recording, at),
        lastBefore(at, (next) => depth(next) <= depth(at)),
      );
    });
  });

  it("out leaves the function, or the task", () => {
    holds((at) => {
      const { end } = recording.tasks.at(at);
      assert.deepEqual(
        stepOut(recording, at),
        firstAfter(at, (next) => depth(next) < depth(at) || next === end),
      );
    });
  });

  it("back out leads to the call, or to the beginning of the task", () => {
    holds((at) => {
      const { start } = recording.tasks.at(at);
      const move = reverseOut(recording, at);
      if (at === start) assert.equal(move.step, at === 0 ? 0 : recording.tasks.at(at - 1).start);
      else
        assert.deepEqual(
          move,
          lastBefore(at, (next) => depth(next) < depth(at) || next === start),
        );
      if (depth(at) > 1) {
        const caller = recording.momentAt(at).stack[1]?.statement;
        assert.equal(recording.statementAt(move.step), caller);
      }
    }, 60);
  });

  it("to a breakpoint leads to the nearest step of any of the statements", () => {
    const some = fc
      .array(step, { maxLength: 4 })
      .map((steps) => steps.map((at) => recording.columns.statementAt(at)));
    fc.assert(
      fc.property(step, some, (at, statements) => {
        const hit = (next: number) => statements.includes(recording.columns.statementAt(next));
        const stops = statements.map((statement) => recording.columns.stepsOf(statement));
        const forwards = firstAfter(at, hit);
        const backwards = lastBefore(at, hit);
        assert.equal(continueForwards(recording, at, stops).step, forwards.step);
        assert.equal(continueBackwards(recording, at, stops).step, backwards.step);
        const reasons = { step: "breakpoint", end: "end", start: "start", breakpoint: "" } as const;
        assert.equal(continueForwards(recording, at, stops).reason, reasons[forwards.reason]);
        assert.equal(continueBackwards(recording, at, stops).reason, reasons[backwards.reason]);
      }),
      { numRuns: 60 },
    );
  });

  it("to a grant leads right behind what was done to it: taken, copied back, given back", () => {
    const { tracepoints } = recording;
    const steps = Array.from({ length: tracepoints.length }, (_, n) => tracepoints.at(n))
      .filter(({ event }) => {
        if (event.kind === "bytes_copied") return event.way === "back";
        return event.kind === "grant_taken" || event.kind === "grant_released";
      })
      .map(({ step }) => step);
    assert.ok(new Set(steps.map((step) => recording.statementAt(step).function.name)).size >= 3);
    holds((at) => {
      const next = nextLandmark(recording, at, "grant");
      assert.equal(next.step, steps.find((found) => found > at && found <= last) ?? last);
      const previous = previousLandmark(recording, at, "grant");
      assert.equal(previous.step, steps.findLast((found) => found < at) ?? 0);
    });
  });

  it("to a request or an interrupt leads right behind its tracepoint", () => {
    const { tracepoints } = recording;
    const kinds = { request: "request_start", interrupt: "interrupt" } as const;
    holds((at) => {
      for (const landmark of ["request", "interrupt"] as const) {
        const steps = Array.from(tracepoints.stepsOf(kinds[landmark]) as ArrayLike<number>);
        assert.ok(steps.length > 0);
        const next = nextLandmark(recording, at, landmark);
        assert.equal(next.step, steps.find((found) => found > at) ?? last);
        const previous = previousLandmark(recording, at, landmark);
        assert.equal(previous.step, steps.findLast((found) => found < at) ?? 0);
      }
    });
  });

  it("is stopped by both ends", () => {
    for (const move of [stepIn, stepOver, stepOut]) {
      assert.deepEqual(move(recording, last), { step: last, reason: "end" });
    }
    for (const move of [stepBack, reverseOver, reverseOut]) {
      assert.deepEqual(move(recording, 0), { step: 0, reason: "start" });
    }
  });

  it("over a call that stops the kernel ends where it stops", () => {
    const stopped = record(fatal);
    const end = stopped.length - 1;
    const call = stopped.columns.previousAtMost(1, end, 0);
    assert.ok(call < end);
    assert.deepEqual(stepOver(stopped, call), { step: end, reason: "end" });
  });
});
