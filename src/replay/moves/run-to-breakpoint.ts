import type { Recording } from "../recording.js";
import { type Ascending, firstAbove, lastBelow } from "../sorted.js";
import type { Move } from "./move.js";

/**
 * The next step of any of these lists, or the end of the recording.
 * @param stops for each breakpoint the steps at which it is reached
 */
export function continueForwards(
  recording: Recording,
  step: number,
  stops: Iterable<Ascending>,
): Move {
  let nearest = Infinity;
  for (const steps of stops) {
    nearest = Math.min(nearest, steps[firstAbove(steps, step)] ?? Infinity);
  }
  return nearest === Infinity
    ? { step: recording.length - 1, reason: "end" }
    : { step: nearest, reason: "breakpoint" };
}

/**
 * The last step before of any of these lists, or the start of the recording.
 * @param stops for each breakpoint the steps at which it is reached
 */
export function continueBackwards(
  _recording: Recording,
  step: number,
  stops: Iterable<Ascending>,
): Move {
  let nearest = -1;
  for (const steps of stops) {
    nearest = Math.max(nearest, steps[lastBelow(steps, step)] ?? -1);
  }
  return nearest < 0 ? { step: 0, reason: "start" } : { step: nearest, reason: "breakpoint" };
}
