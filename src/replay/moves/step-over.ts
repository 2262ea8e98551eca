import type { Recording } from "../recording.js";
import { type Move, forwards } from "./move.js";

/** The next step in the same function, what the statement calls left out, or else in one of its callers. */
export function stepOver(recording: Recording, step: number): Move {
  const { columns } = recording;
  return forwards(recording, columns.nextAtMost(columns.depthAt(step), step + 1, columns.length));
}
