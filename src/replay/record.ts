import { type Machine, cloneMachine, createMachine, runTask } from "stepped:core/machine";
import type { request } from "stepped:core/linux/request";
import type { Scenario } from "stepped:core/scenario";
import { statements } from "stepped:statements";
import { BreakWatch } from "./breaks.js";
import { Checkpoints } from "./checkpoints.js";
import { type Edit, editor, isWildAccess } from "./edit.js";
import { arm, beginTask, disarm, pause, stepsBegun } from "./probe.js";
import { Recording, type RecordingEnd } from "./recording.js";
import type { StatementInfo } from "./statements.js";
import { StepColumns } from "./step-columns.js";
import { type TaskKind, Tasks } from "./tasks.js";
import { TraceLog } from "./trace-log.js";

export interface RecordOptions {
  /** The recording ends at so many steps at the latest. A step takes three bytes. */
  readonly maxSteps?: number;
  /** About how many bytes the checkpoints may take. */
  readonly checkpointBudget?: number;
  /** The number of steps between two checkpoints at the beginning; follows from their size unless given. */
  readonly checkpointSpacing?: number;
  /** What is changed by hand on the way, in order of the steps. */
  readonly edits?: readonly Edit[];
  /** Whether the driver's invariants are watched. It takes time in proportion to the pool after each task. */
  readonly checkInvariants?: boolean;
}

export interface RecordProgress {
  /** Steps so far. */
  readonly steps: number;
  /** Requests that have ended, and requests that have been submitted so far. */
  readonly ended: number;
  readonly submitted: number;
}

export interface RecordAsyncOptions extends RecordOptions {
  /** Is told about every 10 milliseconds how far the run is. */
  readonly onProgress?: (progress: RecordProgress) => void;
  /** Once aborted, the recording ends where the run has come to. */
  readonly signal?: { readonly aborted: boolean };
}

const MAX_STEPS = 50_000_000;
const CHECKPOINT_BUDGET = 96 * 1024 * 1024;

/** Steps of a part of a run between which others get their turn; some milliseconds. */
const SLICE = 1 << 18;
/** Milliseconds for which a run keeps the others waiting. */
const TURN = 10;

/** Runs a scenario from its beginning to its end and keeps what travelling in it needs. */
export function record(scenario: Scenario, options: RecordOptions = {}): Recording {
  const run = new Run(scenario, options);
  let end: RecordingEnd | null = null;
  while (end === null) end = run.slice();
  return run.finish(end);
}

/** As `record`, but others get their turn between its parts, and it can be watched and cancelled. */
export async function recordAsync(
  scenario: Scenario,
  { onProgress, signal, ...options }: RecordAsyncOptions = {},
): Promise<Recording> {
  const run = new Run(scenario, options);
  let end: RecordingEnd | null = null;
  let turnEnds = Date.now() + TURN;
  while (end === null) {
    end = run.slice();
    if (end === null && Date.now() >= turnEnds) {
      onProgress?.(run.progress());
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (signal?.aborted) end = "cancelled";
      turnEnds = Date.now() + TURN;
    }
  }
  return run.finish(end);
}

class Run {
  private readonly machine: Machine;
  private readonly columns = new StepColumns();
  private readonly tasks = new Tasks();
  private readonly trace: TraceLog;
  private readonly checkpoints: Checkpoints;
  private readonly watch: BreakWatch | null;
  private readonly maxSteps: number;
  private readonly edits: readonly Edit[];
  private readonly requestNumbers = new Map<request, number>();

  constructor(
    private readonly scenario: Scenario,
    options: RecordOptions,
  ) {
    // A copy, because travel runs copies: the compiled code is then made for objects of their shape.
    this.machine = cloneMachine(createMachine(scenario));
    this.maxSteps = options.maxSteps ?? MAX_STEPS;
    this.edits = options.edits ?? [];
    this.trace = new TraceLog((req) => this.requestNumber(req));
    this.checkpoints = new Checkpoints({
      budget: options.checkpointBudget ?? CHECKPOINT_BUDGET,
      spacing: options.checkpointSpacing ?? null,
    });
    this.checkpoints.offer(0, this.machine);
    this.watch = options.checkInvariants ? new BreakWatch(this.machine) : null;
  }

  progress(): RecordProgress {
    return {
      steps: this.columns.length,
      ended: this.trace.count("request_end"),
      submitted: this.machine.requests.length,
    };
  }

  /**
   * Runs tasks until a slice's worth of steps has been run.
   * @returns why the run is at its end, or null when there is more
   */
  slice(): RecordingEnd | null {
    const end = this.runTasks();
    // Not between the tasks of a slice: what copying runs of the core would count as steps.
    if (end === null) this.checkpoints.offer(this.columns.length, this.machine);
    return end;
  }

  private runTasks(): RecordingEnd | null {
    const { machine, watch } = this;
    const base = this.columns.length;
    arm(
      this.maxSteps - base,
      (track, count) => this.columns.append(track, count),
      editor(this.edits, base, machine),
    );
    let start = base;
    let kind: TaskKind = "connect";
    try {
      do {
        const [next] = machine.agenda;
        if (next === undefined) return "done";
        kind = next.kind;
        this.trace.beginWorkloadStep(next.step ?? machine.step);
        start = base + stepsBegun();
        beginTask();
        watch?.beforeTask(start);
        runTask(machine, (event) => {
          // The first step that shows what the event tells of: the one that comes next.
          this.trace.append(base + stepsBegun(), event);
          watch?.listen(event);
        });
        watch?.afterTask(base + stepsBegun());
        this.closeTask(start, base + stepsBegun(), kind);
        if (machine.bug !== null) return "bug";
      } while (stepsBegun() < SLICE && !this.checkpoints.isDue(base + stepsBegun()));
      return null;
    } catch (thrown) {
      // The reader has the steps of this slice only now.
      disarm();
      if (thrown === pause) {
        this.closeTask(start, this.maxSteps, kind);
        return "limit";
      }
      if (!isWildAccess(thrown, this.edits, this.columns.length)) throw thrown;
      this.tellWildAccess();
      this.closeTask(start, this.columns.length, kind);
      return "bug";
    } finally {
      disarm();
    }
  }

  /** The last statement has followed a value of an edit to where nothing is. */
  private tellWildAccess(): void {
    const { length } = this.columns;
    const { name } = (statements[this.columns.statementAt(length - 1)] as StatementInfo).function;
    const expr = "a value that was set by hand leads nowhere";
    this.trace.append(length, { kind: "bug", what: "OOPS", expr, func: name });
  }

  finish(end: RecordingEnd): Recording {
    this.columns.truncate(this.maxSteps);
    const { length } = this.columns;
    return new Recording(
      this.scenario,
      this.columns,
      this.tasks,
      this.trace,
      this.checkpoints,
      this.edits,
      end,
      this.watch?.breaks(this.trace, this.checkpoints, this.edits, length) ?? [],
    );
  }

  private closeTask(start: number, end: number, kind: TaskKind): void {
    if (end > start) this.tasks.append(start, end, this.machine.thread, kind);
  }

  private requestNumber(req: request): number {
    let number = this.requestNumbers.get(req);
    if (number === undefined) {
      number = this.machine.requests.indexOf(req);
      this.requestNumbers.set(req, number);
    }
    return number;
  }
}
