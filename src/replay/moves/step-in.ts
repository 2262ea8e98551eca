import type { Recording } from "../recording.js";
import { type Move, forwards } from "./move.js";

/** The next step, whichever function it is in. */
export function stepIn(recording: Recording, step: number): Move {
  return forwards(recording, step + 1 < recording.length ? step + 1 : -1);
}
