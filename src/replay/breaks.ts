/** The invariants that broke in a run, and the steps since which they are broken. */
import { lookClosely, withFound } from "stepped:core/invariants/since";
import {
  type Broken,
  type Doubt,
  type Watch,
  watchInvariants,
} from "stepped:core/invariants/watch";
import { type Machine, cloneMachine, runTask } from "stepped:core/machine";
import type { TraceEvent } from "stepped:core/tracepoints";
import type { Checkpoints } from "./checkpoints.js";
import { type Edit, editor } from "./edit.js";
import { arm, beginTask, disarm, stepsBegun } from "./probe.js";
import type { TraceLog } from "./trace-log.js";

/** A break, and the first step at which what it tells of is true, from 0 to length - 1 of the recording. */
export interface RecordedBreak extends Broken {
  readonly step: number;
}

/** Where a task lies in a run. */
interface TaskPlace {
  /** Its first step. */
  readonly start: number;
  /** The first step after it. */
  readonly end: number;
  /** The tasks to go before it, itself included: of several tasks without a step it tells which it is. */
  readonly left: number;
}

/** Watches the invariants of a machine while it is recorded. */
export class BreakWatch {
  private readonly watch: Watch;
  private task = 0;
  private start = 0;
  private left = 0;
  /** Where the tasks lie in which something is broken at the end, or may be; by their number. */
  private readonly places = new Map<number, TaskPlace>();

  constructor(private readonly machine: Machine) {
    this.watch = watchInvariants(machine);
  }

  /** @param step the first step of the task that the machine runs next */
  beforeTask(step: number): void {
    this.start = step;
    this.left = this.machine.agenda.length;
  }

  /** Takes every event. */
  listen(event: TraceEvent): void {
    this.watch.listen(event);
  }

  /** @param step the first step after the task */
  afterTask(step: number): void {
    const { watch, start, left } = this;
    const known = watch.broken.length + watch.doubts.length;
    watch.afterTask();
    if (watch.broken.length + watch.doubts.length > known) {
      this.places.set(this.task, { start, end: step, left });
    }
    this.task++;
  }

  /**
   * The breaks in order of time. Tasks that left something open are run once more.
   * @param length steps of the recording
   */
  breaks(
    trace: TraceLog,
    checkpoints: Checkpoints,
    edits: readonly Edit[],
    length: number,
  ): RecordedBreak[] {
    const { broken, doubts } = this.watch;
    const place = (task: number) => this.places.get(task) as TaskPlace;
    const found = doubts.flatMap((doubt) =>
      lookAgain(doubt, place(doubt.task), checkpoints, edits),
    );
    return withFound(broken, found).map((one) => {
      const { task, event, kind } = one.at;
      const step = kind === "task_end" ? place(task).end : trace.at(event).step;
      // What is true after the last step can be shown at that step only.
      return { ...one, step: Math.min(step, length - 1) };
    });
  }
}

/** Runs a task again, from the checkpoint before it, and looks closely. */
function lookAgain(
  doubt: Doubt,
  { start, left }: TaskPlace,
  checkpoints: Checkpoints,
  edits: readonly Edit[],
): Broken[] {
  const from = checkpoints.before(start);
  const machine = cloneMachine(from.machine);
  arm(Infinity, null, editor(edits, from.step, machine));
  try {
    while (stepsBegun() < start - from.step || machine.agenda.length !== left) {
      beginTask();
      if (!runTask(machine)) return [];
    }
    beginTask();
    return lookClosely(machine, doubt);
  } finally {
    disarm();
  }
}
