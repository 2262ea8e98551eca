/** The movements by the names that custom requests and the debug console have for them. */
import type { Move } from "../replay/moves/move.js";
import { reverseOut } from "../replay/moves/reverse-out.js";
import { reverseOver } from "../replay/moves/reverse-over.js";
import { stepBack } from "../replay/moves/step-back.js";
import { stepIn } from "../replay/moves/step-in.js";
import { stepOut } from "../replay/moves/step-out.js";
import { stepOver } from "../replay/moves/step-over.js";
import { LANDMARKS, nextTracepoint, previousTracepoint } from "../replay/moves/to-tracepoint.js";
import type { EventKind } from "../replay/trace-log.js";
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

function tracepoints(kind: EventKind): { next: Movement; previous: Movement } {
  return {
    next: (recording, step): Move => nextTracepoint(recording, step, kind),
    previous: (recording, step): Move => previousTracepoint(recording, step, kind),
  };
}

const MOVEMENTS: Readonly<Record<Landmark, { next: Movement; previous: Movement }>> = {
  grant: tracepoints(LANDMARKS.grant),
  request: tracepoints(LANDMARKS.request),
  interrupt: tracepoints(LANDMARKS.interrupt),
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
