/** Where two branches part, in words. */
import { compareRuns } from "../../replay/compare.js";
import type { Recording } from "../../replay/recording.js";
import type { LoggedEvent } from "../../replay/trace-log.js";
import type { Branch } from "./branches.js";

/** What the comparison of two branches finds. */
export interface Comparison {
  /** The first step at which they differ, in a statement or in what a tracepoint tells; null where they do not. */
  readonly step: number | null;
  readonly text: string;
}

export function compareBranches(one: Branch, other: Branch): Comparison {
  const names = `branch ${one.id} and branch ${other.id}`;
  const found = compareRuns(one.walk.recording, other.walk.recording);
  if (found === null) return { step: null, text: `There is no difference between ${names}.` };
  const { step, event } = found;
  const steps = [step, event?.one?.step, event?.other?.step];
  const first = Math.min(...steps.filter((at) => typeof at === "number"));
  const lines = [`From step ${first} on ${names} differ.`];
  if (event !== null) {
    lines.push("The first tracepoint that differs:");
    lines.push(`  ${one.id}: ${eventText(event.one)}`, `  ${other.id}: ${eventText(event.other)}`);
  }
  if (step !== null) {
    lines.push(`The first statement that differs, at step ${step}:`);
    for (const { id, walk } of [one, other]) {
      lines.push(`  ${id}: ${statementText(walk.recording, step)}`);
    }
  }
  return { step: first, text: lines.join("\n") };
}

function eventText(logged: LoggedEvent | null): string {
  if (logged === null) return "none";
  const { kind, ...fields } = logged.event;
  const told = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  return `step ${logged.step}, ${[kind, ...told].join(", ")}`;
}

function statementText(recording: Recording, step: number): string {
  if (step >= recording.length) return "the end";
  const { function: fn, line, text } = recording.statementAt(step);
  return `${fn.name} (${fn.file}:${line}) · ${text}`;
}
