/** The movements by the names that custom requests and the debug console have for them. */
import type { Move } from "../replay/moves/move.js";
import { reverseOut } from "../replay/moves/reverse-out.js";
import { reverseOver } from "../replay/moves/reverse-over.js";
import { stepBack } from "../replay/moves/step-back.js";
import { stepIn } from "../replay/moves/step-in.js";
import { stepOut } from "../replay/moves/step-out.js";
import { stepOver } from "../replay/moves/step-over.js";
import { type TraceLandmark, nextLandmark, previousLandmark } from "../replay/moves/to-landmark.js";
import type { Landmark } from "./custom-requests.js";
import type { Movement } from "./movement.js";

/** In the order in which help names them. */
export const LANDMARK_NAMES: readonly Landmark[] = [
  "grant",
  "request",
  "interrupt",
  "step",
  "over",
  "out",
];

function traced(what: TraceLandmark): { next: Movement; previous: Movement } {
  return {
    next: (recording, step): Move => nextLandmark(recording, step, what),
    previous: (recording, step): Move => previousLandmark(recording, step, what),
  };
}

const MOVEMENTS: Readonly<Record<Landmark, { next: Movement; previous: Movement }>> = {
  grant: traced("grant"),
  request: traced("request"),
  interrupt: traced("interrupt"),
  step: { next: stepIn, previous: stepBack },
  over: { next: stepOver, previous: reverseOver },
  out: { next: stepOut, previous: reverseOut },
};

/** The movement to the next or the previous of something; undefined for what is no landmark. */
export function landmark(direction: "next" | "previous", what: string): Movement | undefined {
  return LANDMARK_NAMES.includes(what as Landmark)
    ? MOVEMENTS[what as Landmark][direction]
    : undefined;
}
