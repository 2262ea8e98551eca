import type { Recording } from "../recording.js";
import { type Move, backwards } from "./move.js";

/** The step before, whichever function it is in: undoes `stepIn`. */
export function stepBack(_recording: Recording, step: number): Move {
  return backwards(step - 1);
}
