import type { Recording } from "../recording.js";
import type { EventKind } from "../trace-log.js";
import { type Ascending, firstAbove, lastBelow } from "../sorted.js";
import { type Move, backwards, forwards } from "./move.js";

/**
 * What a walk goes to the next or the previous of: a request that the driver takes, what happens to one grant (it is
 * taken, it is copied back, or it is given back), or a tracepoint of a kind.
 */
export type TraceLandmark = "grant" | "request" | EventKind;

const grantSteps = new WeakMap<Recording, Ascending>();

/** The steps right after something happened to a grant, ascending. */
function stepsOfGrants(recording: Recording): Ascending {
  let steps = grantSteps.get(recording);
  if (steps === undefined) {
    const { tracepoints } = recording;
    const found = (["grant_taken", "grant_released"] as const).flatMap((kind) =>
      Array.from(tracepoints.stepsOf(kind)),
    );
    for (let n = 0; n < tracepoints.count("bytes_copied"); n++) {
      const { event, step } = tracepoints.nth("bytes_copied", n);
      // A copy to the back end's side belongs to the taking of its grant.
      if (event.way === "back") found.push(step);
    }
    steps = Float64Array.from(found).sort();
    grantSteps.set(recording, steps);
  }
  return steps;
}

function stepsOf(recording: Recording, landmark: TraceLandmark): Ascending {
  switch (landmark) {
    case "grant":
      return stepsOfGrants(recording);
    case "request":
      return recording.tracepoints.stepsOf("request_start");
    default:
      return recording.tracepoints.stepsOf(landmark);
  }
}

/** The next step right after a landmark, or the end of the recording. */
export function nextLandmark(recording: Recording, step: number, landmark: TraceLandmark): Move {
  const steps = stepsOf(recording, landmark);
  const next = steps[firstAbove(steps, step)];
  // What happens in the last statement has no step after it.
  return forwards(recording, next === undefined || next >= recording.length ? -1 : next);
}

/** The last step before that is right after a landmark, or the start of the recording. */
export function previousLandmark(
  recording: Recording,
  step: number,
  landmark: TraceLandmark,
): Move {
  const steps = stepsOf(recording, landmark);
  return backwards(steps[lastBelow(steps, step)] ?? -1);
}
