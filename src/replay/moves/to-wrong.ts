import type { Recording } from "../recording.js";
import type { Move } from "./move.js";

/**
 * To where the walk goes wrong, as its scenario says: the first step at which what it tells of is true, or the end
 * where none follows. Null where nothing goes wrong, or where the run does not come there: on pages of another
 * size, or when it was cut short.
 */
export function toWrong(recording: Recording): Move | null {
  const wrong = recording.scenario.walk?.wrong ?? null;
  if (wrong === null) return null;
  const { step: workloadStep, event, nth } = wrong;
  const found = recording.tracepoints.inWorkloadStep(workloadStep, event, nth);
  if (found === null) return null;
  const atEnd = found.step >= recording.length;
  return atEnd
    ? { step: recording.length - 1, reason: "end" }
    : { step: found.step, reason: "step" };
}
