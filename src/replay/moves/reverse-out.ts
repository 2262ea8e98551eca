import type { Recording } from "../recording.js";
import { type Move, backwards } from "./move.js";

/**
 * The statement that called the function; of a task's outermost function the beginning of the task, and from
 * there the beginning of the task before.
 */
export function reverseOut(recording: Recording, step: number): Move {
  const { columns, tasks } = recording;
  const { start } = tasks.at(step);
  const call = columns.previousAtMost(columns.depthAt(step) - 1, step - 1, start);
  if (call >= 0) return backwards(call);
  if (step > start) return backwards(start);
  return backwards(start === 0 ? -1 : tasks.at(start - 1).start);
}
