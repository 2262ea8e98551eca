/** Invariants that broke, as the walk meets them. */
import type { RecordedBreak } from "../replay/breaks.js";
import type { Recording } from "../replay/recording.js";

/** The breaks that a step is the first to show. */
export function brokenAt(recording: Recording, step: number): readonly RecordedBreak[] {
  return recording.broken.filter((one) => one.step === step);
}

/** The nearest step on the way from one step to another, the latter included, that shows a break; or null. */
export function brokenOnTheWay({ broken }: Recording, from: number, to: number): number | null {
  if (to > from) {
    return broken.find(({ step }) => step > from && step <= to)?.step ?? null;
  }
  return broken.findLast(({ step }) => step < from && step >= to)?.step ?? null;
}

/** What a break says, with its name. */
export function brokenText({ invariant, text }: RecordedBreak): string {
  return `${invariant}: ${text}`;
}
