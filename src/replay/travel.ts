import { type Machine, cloneMachine, runTask } from "stepped:core/machine";
import type { Checkpoint, Checkpoints } from "./checkpoints.js";
import { LeastRecent } from "./least-recent.js";
import { type Moment, frameOf } from "./moment.js";
import { type Edit, editor } from "./edit.js";
import {
  type Visitor,
  arm,
  beginTask,
  capturedFrames,
  disarm,
  pause,
  stepsBegun,
} from "./probe.js";
import type { StepColumns } from "./step-columns.js";
import type { Tasks } from "./tasks.js";

/** Moments that are kept, as whoever stands at one asks for it many times. Each is a whole machine. */
const MOMENTS = 2;

/** A task whose first step is farther than this from its checkpoint gets one of its own when it is visited again. */
const FAR = 20_000;

/** Stands on any step of a recording: copies the checkpoint before it and runs the copy up to it. */
export class Travel {
  private readonly moments = new LeastRecent<number, Moment>(MOMENTS);
  private lastTask = -1;
  /** The beginning of a task in which one walks about, by the number of the task. */
  private readonly stations = new LeastRecent<number, Checkpoint>(2);

  constructor(
    private readonly columns: StepColumns,
    private readonly tasks: Tasks,
    private readonly checkpoints: Checkpoints,
    private readonly edits: readonly Edit[],
  ) {}

  /** The machine before a step; 0 ≤ step < length of the recording. */
  momentAt(step: number): Moment {
    const kept = this.moments.get(step);
    if (kept !== undefined) return kept;
    const task = this.tasks.at(step);
    const from = this.checkpointFor(step, task.index, task.start);
    const machine = cloneMachine(from.machine);
    runToStep(machine, step - from.step, editor(this.edits, from.step, machine));
    const stack = capturedFrames().map(frameOf);
    const [innermost] = stack;
    if (innermost === undefined || innermost.statement.id !== this.columns.statementAt(step)) {
      throw new Error(`step ${step} is another one in the second run than in the first`);
    }
    const { statement } = innermost;
    const moment: Moment = { step, statement, thread: task.thread, stack, machine };
    this.moments.set(step, moment);
    return moment;
  }

  private checkpointFor(step: number, task: number, taskStart: number): Checkpoint {
    const near = this.stations.get(task);
    if (near !== undefined) return near;
    const from = this.checkpoints.before(step);
    const stays = task === this.lastTask;
    this.lastTask = task;
    if (!stays || taskStart - from.step < FAR) return from;
    const machine = cloneMachine(from.machine);
    runToTask(machine, taskStart - from.step, editor(this.edits, from.step, machine));
    const station: Checkpoint = { step: taskStart, machine };
    this.stations.set(task, station);
    return station;
  }
}

/** Runs a machine that stands between two tasks until it is about to begin its n-th step from here, n from 0. */
function runToStep(machine: Machine, n: number, edits: Visitor | null): void {
  arm(n, null, edits);
  try {
    do beginTask();
    while (runTask(machine));
  } catch (thrown) {
    if (thrown !== pause) throw thrown;
  } finally {
    disarm();
  }
}

/** Runs whole tasks until `n` steps have been run. */
function runToTask(machine: Machine, n: number, edits: Visitor | null): void {
  arm(Infinity, null, edits);
  try {
    do beginTask();
    while (stepsBegun() < n && runTask(machine));
  } finally {
    disarm();
  }
}
