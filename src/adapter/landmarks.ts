/** The movements by the names that custom requests and the debug console have for them. */
import { EVENT_KINDS } from "../replay/event-kinds.js";
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

const BY_STEPS: ReadonlyMap<string, { next: Movement; previous: Movement }> = new Map([
  ["step", { next: stepIn, previous: stepBack }],
  ["over", { next: stepOver, previous: reverseOver }],
  ["out", { next: stepOut, previous: reverseOut }],
]);

/** Those that have names of their own, in the order in which help names them. */
export const LANDMARK_NAMES: readonly Landmark[] = [
  "grant",
  "request",
  "interrupt",
  "step",
  "over",
  "out",
];

/** All: also each tracepoint by its name. */
export const LANDMARKS: readonly Landmark[] = [
  ...LANDMARK_NAMES,
  ...EVENT_KINDS.filter((kind) => !LANDMARK_NAMES.includes(kind)),
];

function traced(direction: "next" | "previous", what: TraceLandmark): Movement {
  return direction === "next"
    ? (recording, step): Move => nextLandmark(recording, step, what)
    : (recording, step): Move => previousLandmark(recording, step, what);
}

/** The movement to the next or the previous of something; undefined for what is no landmark. */
export function landmark(direction: "next" | "previous", what: string): Movement | undefined {
  if (!LANDMARKS.includes(what as Landmark)) return undefined;
  return BY_STEPS.get(what)?.[direction] ?? traced(direction, what as TraceLandmark);
}
