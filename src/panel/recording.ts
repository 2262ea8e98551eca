/** What the panel needs of a recording and of the cursor: no more, so that tests can make one by hand. */
import type { Machine } from "../core/machine.js";
import type { request } from "../core/linux/request.js";
import type { TraceEvent } from "../core/tracepoints.js";

export interface StatementView {
  readonly function: {
    readonly name: string;
    /** Path of the file that holds it. */
    readonly file: string;
  };
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export interface FrameView {
  readonly statement: StatementView;
  /** Every variable in scope that has been set; an inner one hides an outer one of its name. */
  readonly variables: ReadonlyMap<string, unknown>;
}

/** One step, frozen: the statement is about to run. */
export interface MomentView {
  readonly step: number;
  readonly statement: StatementView;
  readonly thread: "submit" | "interrupt" | "backend";
  /** Innermost first. */
  readonly stack: readonly FrameView[];
  readonly machine: Machine;
}

/** A tracepoint as a recording keeps it: a request is its place among the machine's requests. */
export type RecordedEvent = Recorded<TraceEvent>;
type Recorded<E> = E extends { req: request } ? Omit<E, "req"> & { req: number } : E;
export type RecordedEventOf<K extends TraceEvent["kind"]> = Extract<RecordedEvent, { kind: K }>;

/** A tracepoint, and the first step at which the machine shows what it tells. */
export interface StepEvent {
  readonly step: number;
  readonly event: RecordedEvent;
}

/** Tracepoints in order. */
export interface TraceView {
  readonly length: number;
  at(place: number): StepEvent;
}

export interface RecordingView {
  /** Steps. */
  readonly length: number;
  readonly tracepoints: TraceView;
  momentAt(step: number): MomentView;
}

export interface CursorView {
  readonly recording: RecordingView;
  readonly step: number;
  moveTo(step: number, cause: "goto"): void;
  /** @returns a function that ends the listening */
  onDidMove(listener: () => void): () => void;
}

/** The value of a variable in the innermost frame that has it. */
export function anyVariable(stack: readonly FrameView[], name: string): unknown {
  for (const { variables } of stack) {
    const value = variables.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}
