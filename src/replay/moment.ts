import type { Machine, Thread } from "stepped:core/machine";
import { statements } from "stepped:statements";
import type { CapturedFrame } from "./probe.js";
import type { StatementInfo } from "./statements.js";

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

/** Makes a frame readable: drops what has not been set yet at the statement it is on. */
export function readableFrame(captured: CapturedFrame): Frame {
  const variables = new Map<string, unknown>();
  for (const scope of captured.scopes.toReversed()) {
    for (let i = 0; i < scope.length; i += 3) {
      // Statements are numbered in the order of the source, so a later one has not run in this scope.
      if (captured.statement > (scope[i + 1] as number)) {
        variables.set(scope[i] as string, scope[i + 2]);
      }
    }
  }
  return { statement: statements[captured.statement] as StatementInfo, variables };
}
