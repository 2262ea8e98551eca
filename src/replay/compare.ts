/** Where two runs of the same scenario part, and how. */
import type { Recording } from "./recording.js";
import type { LoggedEvent } from "./trace-log.js";

export interface Difference {
  /** The first step at which they run another statement, or which only one of them has; null where they do not. */
  readonly step: number | null;
  /** The first tracepoint that says something else, or that only one of them has; null where all are the same. */
  readonly event: { readonly one: LoggedEvent | null; readonly other: LoggedEvent | null } | null;
}

/** The first step that is edited in only one of two runs, or 0: they are the same before it. */
function firstEdit(one: Recording, other: Recording): number {
  const own = [...one.edits, ...other.edits].filter(
    (edit) => !(one.edits.includes(edit) && other.edits.includes(edit)),
  );
  return Math.min(...own.map(({ step }) => step), one.length, other.length);
}

/** Where they part; null where they are the same throughout, as far as statements and tracepoints tell. */
export function compareRuns(one: Recording, other: Recording): Difference | null {
  const step = one.columns.firstDifference(other.columns);
  const event = firstOtherEvent(one, other);
  if (step < 0 && event === null) return null;
  return { step: step < 0 ? null : step, event };
}

function firstOtherEvent(one: Recording, other: Recording): Difference["event"] {
  const from = firstEdit(one, other);
  const [a, b] = [one.tracepoints, other.tracepoints];
  for (let index = a.firstIndexFrom(from); index < Math.max(a.length, b.length); index++) {
    const ours = index < a.length ? a.at(index) : null;
    const theirs = index < b.length ? b.at(index) : null;
    if (ours === null || theirs === null) return { one: ours, other: theirs };
    const same = JSON.stringify(ours.event) === JSON.stringify(theirs.event);
    if (!same) return { one: ours, other: theirs };
  }
  return null;
}
