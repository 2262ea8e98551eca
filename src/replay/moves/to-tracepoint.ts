import type { Recording } from "../recording.js";
import { firstAbove, lastBelow } from "../sorted.js";
import type { EventKind } from "../trace-log.js";
import { type Move, backwards, forwards } from "./move.js";

/** The tracepoints that have a movement of their own. */
export const LANDMARKS = {
  grant: "grant_taken",
  request: "request_start",
  interrupt: "interrupt",
} as const satisfies Record<string, EventKind>;

/** The next step right after a tracepoint of a kind was sent, or the end of the recording. */
export function nextTracepoint(recording: Recording, step: number, kind: EventKind): Move {
  const steps = recording.tracepoints.stepsOf(kind);
  const next = steps[firstAbove(steps, step)];
  // What is sent by the last statement has no step after it.
  return forwards(recording, next === undefined || next >= recording.length ? -1 : next);
}

/** The last step before that is right after a tracepoint of a kind, or the start of the recording. */
export function previousTracepoint(recording: Recording, step: number, kind: EventKind): Move {
  const steps = recording.tracepoints.stepsOf(kind);
  return backwards(steps[lastBelow(steps, step)] ?? -1);
}
