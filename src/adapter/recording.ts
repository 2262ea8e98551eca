/** What the adapter needs of a recording and of its cursor. */
import type { Machine, Thread } from "../core/machine.js";
import type { TraceEvent } from "../core/tracepoints.js";

/** Lines and columns count from 1; the end is behind the last character. */
export interface StatementView {
  readonly id: number;
  /** The kernel function. */
  readonly function: string;
  /** Path below `src/core`, with slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly text: string;
}

export interface VariableView {
  readonly name: string;
  readonly value: unknown;
}

export interface FrameView {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Every variable in scope; the innermost of two with one name comes first. */
  readonly variables: readonly VariableView[];
}

/** One step, frozen: the statement is about to run. */
export interface MomentView {
  readonly step: number;
  readonly statement: StatementView;
  readonly thread: Thread;
  /** Innermost first. */
  readonly stack: readonly FrameView[];
  readonly machine: Machine;
}

/** A tracepoint, and the step whose statement reached it. */
export interface StepEvent {
  readonly step: number;
  readonly event: TraceEvent;
}
