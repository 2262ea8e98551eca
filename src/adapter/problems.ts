/** What is wrong with a program: errors refuse the launch, warnings are said in the debug console. */
import type { Problem } from "../inputs/problem.js";
import { Failure, FailureId } from "./failure.js";
import type { Wire } from "./wire.js";

/** So many errors are told at once; the editor shows the others. */
const MOST_TOLD = 5;

/** `guest.blkfront.json:12:7: workload[0].submit[1].sectors: …`. */
export function problemText(program: string, problem: Problem): string {
  const { line, character } = problem.range.start;
  const path = problem.path === "" ? "" : `${problem.path}: `;
  return `${program}:${line + 1}:${character + 1}: ${path}${problem.message}`;
}

/** The failure of a launch whose program has errors, or null when it has none. */
export function refusal(program: string, problems: readonly Problem[]): Failure | null {
  const errors = problems.filter((problem) => problem.severity === "error");
  if (errors.length === 0) return null;
  const told = errors.slice(0, MOST_TOLD).map((problem) => problemText(program, problem));
  const left = errors.length - told.length;
  if (left > 0) told.push(`and ${left} more ${left === 1 ? "error" : "errors"}`);
  return new Failure(FailureId.program, told.join("\n"), true);
}

/** Says the warnings in the debug console, each with the place that it is about. */
export function sayWarnings(wire: Wire, program: string, problems: readonly Problem[]): void {
  for (const problem of problems) {
    if (problem.severity !== "warning") continue;
    wire.event("output", {
      category: "console",
      output: `Warning: ${problemText(program, problem)}\n`,
      source: { name: program.replace(/^.*[\\/]/, ""), path: program },
      line: problem.line,
    });
  }
}
