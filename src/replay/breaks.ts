/** The invariants that broke in a run, and the steps since which they are broken. */
import { inOrder, isLate, lookClosely } from "stepped:core/invariants/since";
import { type Broken, type Watch, watchInvariants } from "stepped:core/invariants/watch";
import { type Machine, cloneMachine, runTask } from "stepped:core/machine";
import type { TraceEvent } from "stepped:core/tracepoints";
import type { Checkpoints } from "./checkpoints.js";
import { arm, beginTask, disarm, stepsBegun } from "./probe.js";
import type { TraceLog } from "./trace-log.js";

/** A break, and the first step at which what it tells of is true, from 0 to length - 1 of the recording. */
export interface RecordedBreak extends Broken {
  readonly step: number;
}

/** Where a task lies in a run: the state of the machine may turn out to have broken in it. */
interface TaskPlace {
  /** Its first step. */
  readonly start: number;
  /** The first step after it. */
  end: number;
  /** The tasks to go before it, itself included: of several tasks without a step it tells which it is. */
  readonly left: number;
}

/** Watches the invariants of a machine while it is recorded. */
export class BreakWatch {
  private readonly watch: Watch;
  private place: TaskPlace = { start: 0, end: 0, left: 0 };
  /** Where the tasks lie in which something broke, by their number. */
  private readonly places = new Map<number, TaskPlace>();

  constructor(private readonly machine: Machine) {
    this.watch = watchInvariants(machine);
  }

  /** @param step the first step of the task that the machine runs next */
  beforeTask(step: number): void {
    this.place = { start: step, end: step, left: this.machine.agenda.length };
  }

  /** Takes every event. */
  listen(event: TraceEvent): void {
    this.watch.listen(event);
  }

  /** @param step the first step after the task */
  afterTask(step: number): void {
    this.place.end = step;
    const before = this.watch.broken.length;
    this.watch.afterTask();
    for (const { at } of this.watch.broken.slice(before)) this.places.set(at.task, this.place);
  }

  /**
   * The breaks in order of time. A task that left the state wrong is run once more, to find the first event that
   * shows it.
   * @param length steps of the recording
   */
  breaks(trace: TraceLog, checkpoints: Checkpoints, length: number): RecordedBreak[] {
    const { broken } = this.watch;
    const exact = broken.filter((one) => !isLate(one));
    for (const [task, place] of this.places) {
      const late = broken.filter((one) => isLate(one) && one.at.task === task);
      exact.push(...lookAgain(late, place, checkpoints));
    }
    return inOrder(exact).map((one) => {
      const { task, event } = one.at;
      const step = isLate(one) ? this.places.get(task)?.end : trace.at(event).step;
      // What is true after the last step can be shown at that step only.
      return { ...one, step: Math.min(step ?? length, length - 1) };
    });
  }
}

/** Runs the task at a place again, from the checkpoint before it, and looks closely. */
function lookAgain(
  broken: readonly Broken[],
  { start, left }: TaskPlace,
  checkpoints: Checkpoints,
): Broken[] {
  const from = checkpoints.before(start);
  const machine = cloneMachine(from.machine);
  arm(Infinity);
  try {
    while (stepsBegun() < start - from.step || machine.agenda.length !== left) {
      beginTask();
      if (!runTask(machine)) return [...broken];
    }
    beginTask();
    return lookClosely(machine, broken);
  } finally {
    disarm();
  }
}
