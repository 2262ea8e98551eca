import type { Recording } from "../recording.js";
import { firstAbove, lastBelow } from "../sorted.js";
import type { Move } from "./move.js";

/**
 * The next step that runs one of some statements, or the end of the recording.
 * @param statements the numbers of the statements that have a breakpoint
 */
export function continueForwards(
  recording: Recording,
  step: number,
  statements: Iterable<number>,
): Move {
  let nearest = Infinity;
  for (const statement of statements) {
    const steps = recording.columns.stepsOf(statement);
    nearest = Math.min(nearest, steps[firstAbove(steps, step)] ?? Infinity);
  }
  return nearest === Infinity
    ? { step: recording.length - 1, reason: "end" }
    : { step: nearest, reason: "breakpoint" };
}

/**
 * The last step before that runs one of some statements, or the start of the recording.
 * @param statements the numbers of the statements that have a breakpoint
 */
export function continueBackwards(
  recording: Recording,
  step: number,
  statements: Iterable<number>,
): Move {
  let nearest = -1;
  for (const statement of statements) {
    const steps = recording.columns.stepsOf(statement);
    nearest = Math.max(nearest, steps[lastBelow(steps, step)] ?? -1);
  }
  return nearest < 0 ? { step: 0, reason: "start" } : { step: nearest, reason: "breakpoint" };
}

/** A movement from `step`, cut short by the first breakpoint that lies on its way. */
export function untilBreakpoint(
  recording: Recording,
  step: number,
  move: Move,
  statements: Iterable<number>,
): Move {
  if (move.step > step) {
    const hit = continueForwards(recording, step, statements);
    return hit.reason === "breakpoint" && hit.step <= move.step ? hit : move;
  }
  const hit = continueBackwards(recording, step, statements);
  return hit.reason === "breakpoint" && hit.step >= move.step ? hit : move;
}
