/**
 * What is wrong with an input, said so that a person can put it right. The editor shows these as
 * diagnostics, the command line prints them, and the debug adapter refuses a launch with the errors.
 */

/** A place in a text, counted from 0; characters are UTF-16 units, as editors count them. */
export interface TextPosition {
  line: number;
  character: number;
}

export interface TextRange {
  start: TextPosition;
  end: TextPosition;
}

export interface Problem {
  severity: "error" | "warning";
  /** What is wrong and what would be right. */
  message: string;
  /** Where in a scenario, such as `workload[2].submit[0].segments[1].length`; empty in a capture. */
  path: string;
  range: TextRange;
  /** The line of `range.start`, counted from 1. */
  line: number;
  /**
   * A stable name of the kind of problem. Those that begin with `schema.` are also found by an
   * editor that checks the file against `schemas/blkfront.schema.json` by itself.
   */
  code: string;
}

/** A problem that concerns a whole line, counted from 1, of a text without structure. */
export function problemOnLine(
  severity: Problem["severity"],
  code: string,
  line: number,
  message: string,
  lineLength = 0,
): Problem {
  const at = Math.max(line, 1) - 1;
  return {
    severity,
    message,
    path: "",
    range: { start: { line: at, character: 0 }, end: { line: at, character: lineLength } },
    line: at + 1,
    code,
  };
}

/** Whether nothing in the list forbids a run. */
export function withoutErrors(problems: readonly Problem[]): boolean {
  return problems.every((problem) => problem.severity !== "error");
}
