import type { Machine, Thread } from "stepped:core/machine";
import { statements } from "stepped:statements";
import type { CapturedFrame } from "./probe.js";
import type { StatementInfo } from "./statements.js";
import { variablesOf } from "./variables.js";

/** A function that is being run. */
export interface Frame {
  /** The statement it is about to run (innermost frame) or is in the middle of (all others). */
  readonly statement: StatementInfo;
  /**
   * Its parameters and the variables of all blocks around the statement that have been set, outer blocks
   * first. An inner variable hides an outer one of the same name.
   */
  readonly variables: ReadonlyMap<string, unknown>;
}

/** The machine as it stands before one step. Everything in it may be read and nothing written. */
export interface Moment {
  readonly step: number;
  readonly statement: StatementInfo;
  readonly thread: Thread;
  /** Innermost first; never empty. */
  readonly stack: readonly Frame[];
  readonly machine: Machine;
}

/** Makes a captured frame readable. */
export function frameOf(captured: CapturedFrame): Frame {
  return {
    statement: statements[captured.statement] as StatementInfo,
    variables: variablesOf(captured),
  };
}
