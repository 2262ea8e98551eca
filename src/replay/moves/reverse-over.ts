import type { Recording } from "../recording.js";
import { type Move, backwards } from "./move.js";

/** The step before in the same function, what its statement called left out, or else the call of the function. */
export function reverseOver(recording: Recording, step: number): Move {
  const { columns } = recording;
  return backwards(columns.previousAtMost(columns.depthAt(step), step - 1, 0));
}
