import type { Recording } from "../recording.js";
import { type Move, forwards } from "./move.js";

/** The first step after the function has returned; of a task's outermost function the next task. */
export function stepOut(recording: Recording, step: number): Move {
  const { columns, tasks } = recording;
  const { end } = tasks.at(step);
  const found = columns.nextAtMost(columns.depthAt(step) - 1, step + 1, end);
  if (found >= 0) return forwards(recording, found);
  return forwards(recording, end < recording.length ? end : -1);
}
