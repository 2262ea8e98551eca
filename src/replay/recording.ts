import type { Scenario } from "stepped:core/scenario";
import type { Thread } from "stepped:core/machine";
import { statements } from "stepped:statements";
import type { RecordedBreak } from "./breaks.js";
import type { Edit } from "./edit.js";
import type { Checkpoints } from "./checkpoints.js";
import type { Moment } from "./moment.js";
import type { StatementInfo } from "./statements.js";
import type { StepColumns } from "./step-columns.js";
import type { Tasks } from "./tasks.js";
import type { TraceLog } from "./trace-log.js";
import { Travel } from "./travel.js";

/**
 * Why a recording ends: nothing is left to run; the kernel stopped, at the last step; it has as many steps as
 * it may have; whoever asked for it cancelled.
 */
export type RecordingEnd = "done" | "bug" | "limit" | "cancelled";

/** What one run of a scenario leaves behind. It does not change. */
export class Recording {
  private readonly travel: Travel;

  constructor(
    readonly scenario: Scenario,
    readonly columns: StepColumns,
    readonly tasks: Tasks,
    readonly tracepoints: TraceLog,
    readonly checkpoints: Checkpoints,
    /** What was changed by hand on the way, in order of the steps; nothing unless it is a fork. */
    readonly edits: readonly Edit[],
    readonly end: RecordingEnd,
    /** The invariants that broke, in order of time; none where they were not watched. */
    readonly broken: readonly RecordedBreak[],
  ) {
    this.travel = new Travel(columns, tasks, checkpoints, edits);
  }

  /** Number of steps: they are 0 to length - 1. */
  get length(): number {
    return this.columns.length;
  }

  /** The first step of the first submission; 0 when there is none. */
  get entry(): number {
    const firsts = (["submit", "bios"] as const).map((kind) => this.tasks.first(kind)?.start);
    const start = Math.min(...firsts.map((first) => first ?? Infinity));
    return Number.isFinite(start) ? start : 0;
  }

  /** The statement that a step is about to run; 0 ≤ step < length. */
  statementAt(step: number): StatementInfo {
    return statements[this.columns.statementAt(step)] as StatementInfo;
  }

  /** How many functions are being run at a step, from 1; 0 ≤ step < length. */
  depthAt(step: number): number {
    return this.columns.depthAt(step);
  }

  /** Whose context a step runs in; 0 ≤ step < length. */
  threadAt(step: number): Thread {
    return this.tasks.at(step).thread;
  }

  /** The whole machine before a step; 0 ≤ step < length. Takes milliseconds, or nothing for the latest few. */
  momentAt(step: number): Moment {
    return this.travel.momentAt(step);
  }
}
