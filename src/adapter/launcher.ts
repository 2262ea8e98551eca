/** From a launch configuration to a recording on which the walk begins. */
import type { Scenario } from "../core/scenario.js";
import { type OpenedInput, openWithFiles } from "../inputs/open.js";
import { Cursor } from "../replay/cursor.js";
import type { Edit } from "../replay/edit.js";
import { type RecordOptions, recordAsync } from "../replay/record.js";
import { Failure, FailureId } from "./failure.js";
import type { AdapterHost } from "./host.js";
import type { Launch } from "./launch-arguments.js";
import { refusal, sayWarnings } from "./problems.js";
import { Progress } from "./progress.js";
import type { Walk } from "./walk.js";
import type { Wire } from "./wire.js";

/** Bytes that the checkpoints of a fork may take: there can be many forks. */
const FORK_BUDGET = 24 * 1024 * 1024;

/** So many steps may a fork have beyond the run that it leaves: a value can send the driver into an endless loop. */
const FORK_STEPS = 1_000_000;

export class Launcher {
  private progress: Progress | null = null;

  constructor(
    private readonly host: AdapterHost,
    private readonly wire: Wire,
  ) {}

  /**
   * Opens the program and records it.
   * @param shown whether the client shows progress
   * @throws Failure that names what is wrong, and where
   */
  async open(launch: Launch, signal: AbortSignal, shown: boolean): Promise<Walk> {
    const { program } = launch;
    const { scenario, problems } = await this.read(launch);
    const refused = refusal(program, problems);
    if (refused !== null) throw refused;
    if (scenario === null) {
      throw new Failure(FailureId.program, `${program}: there is nothing to run in it.`, true);
    }
    sayWarnings(this.wire, program, problems);
    const recording = await this.record(launch, scenario, {}, signal, shown);
    if (recording.length === 0) {
      throw new Failure(FailureId.program, `${program}: nothing in it reaches the driver.`, true);
    }
    return { program, scenario, recording, cursor: new Cursor(recording) };
  }

  /**
   * Records the scenario of a walk once more, with one more edit; those that were made after it are not made again.
   * @returns a walk that stands on the step of the edit
   * @throws Failure when it is cancelled
   */
  async fork(
    launch: Launch,
    { program, scenario, recording }: Walk,
    edit: Edit,
    signal: AbortSignal,
    shown: boolean,
  ): Promise<Walk> {
    const edits = [...recording.edits.filter(({ step }) => step <= edit.step), edit];
    const options = {
      edits,
      checkpointBudget: FORK_BUDGET,
      maxSteps: recording.length + FORK_STEPS,
    };
    const forked = await this.record(launch, scenario, options, signal, shown);
    // Who cancels the progress before the edit was reached has no fork.
    if (forked.length <= edit.step) {
      throw new Failure(FailureId.cancelled, "The fork was cancelled.");
    }
    return { program, scenario, recording: forked, cursor: new Cursor(forked, edit.step) };
  }

  /** The user has cancelled a progress: the recording ends where it has come to. */
  cancelProgress(progressId: string): void {
    this.progress?.cancelled(progressId);
  }

  private async read({ program, input }: Launch): Promise<OpenedInput> {
    let content: Uint8Array;
    try {
      content = await this.host.readFile(program);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Failure(FailureId.program, `${program} cannot be read: ${reason}`, true);
    }
    return openWithFiles(program, content, this.host.filesBeside(program), input);
  }

  private async record(
    { checkInvariants }: Launch,
    scenario: Scenario,
    options: RecordOptions,
    signal: AbortSignal,
    shown: boolean,
  ): Promise<Walk["recording"]> {
    const cancelled = { aborted: false };
    const requests = scenario.workload.reduce(
      (n, step) =>
        n + ("submit" in step ? step.submit.length : "bios" in step ? step.bios.length : 0),
      0,
    );
    const stop = (): void => void (cancelled.aborted = true);
    const progress = new Progress(this.wire, requests, stop, this.host.progressAfter);
    this.progress = progress;
    signal.addEventListener("abort", stop);
    try {
      const recording = await recordAsync(scenario, {
        signal: cancelled,
        checkInvariants,
        ...options,
        ...(shown ? { onProgress: (state) => progress.report(state) } : {}),
      });
      // Who cancels the launch wants none of it; who cancels the progress keeps what there is.
      if (signal.aborted) throw new Failure(FailureId.cancelled, "The launch was cancelled.");
      return recording;
    } finally {
      signal.removeEventListener("abort", stop);
      progress.end();
      this.progress = null;
    }
  }
}
