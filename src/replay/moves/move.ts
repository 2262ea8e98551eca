import type { Recording } from "../recording.js";

/**
 * Where a movement leads, and why it ends there: it is complete; a breakpoint; the last or the first step of
 * the recording.
 */
export interface Move {
  readonly step: number;
  readonly reason: "step" | "breakpoint" | "end" | "start";
}

/** A complete movement to `step`, or one stopped by the end of the recording when that is -1. */
export function forwards(recording: Recording, step: number): Move {
  return step < 0 ? { step: recording.length - 1, reason: "end" } : { step, reason: "step" };
}

/** A complete movement to `step`, or one stopped by the start of the recording when that is -1. */
export function backwards(step: number): Move {
  return step < 0 ? { step: 0, reason: "start" } : { step, reason: "step" };
}
