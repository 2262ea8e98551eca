/** One debug session: the requests of its life, and the wires between what answers all others. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Machine } from "../core/machine.js";
import { toWrong } from "../replay/moves/to-wrong.js";
import { aboutWalk } from "./about-walk.js";
import { breakpointRequests } from "./breakpoints/requests.js";
import type { Breakpoint } from "./breakpoints/breakpoint.js";
import { brokenAt } from "./broken.js";
import { BreakpointTable } from "./breakpoints/table.js";
import { CAPABILITIES } from "./capabilities.js";
import { type Client, SILENT_CLIENT, clientOf } from "./client.js";
import { completionRequests } from "./completions.js";
import { dataRequests } from "./data/requests.js";
import { writeRequests } from "./data/write-requests.js";
import { evaluateRequests } from "./evaluate-requests.js";
import { exceptionRequests } from "./exception.js";
import { Failure, FailureId } from "./failure.js";
import type { AdapterHost } from "./host.js";
import { KernelLog } from "./kernel-log.js";
import { type Launch, type LaunchArguments, readLaunch } from "./launch-arguments.js";
import { Launcher } from "./launcher.js";
import { memoryRequests } from "./memory.js";
import { branchRequests } from "./fork/branch-requests.js";
import { type Branch, Branches } from "./fork/branches.js";
import type { ForkContext } from "./fork/context.js";
import { editRequests } from "./fork/edit-requests.js";
import { movementRequests } from "./movement-requests.js";
import { Mover, toEnd } from "./movement.js";
import { Sources, sourceRequests } from "./sources.js";
import { stackTraceRequests } from "./stack-trace.js";
import { Stop } from "./stop.js";
import { type Why, stoppedBody } from "./stopped.js";
import { threadId, threadRequests } from "./threads.js";
import { VariableStore } from "./variable-store.js";
import { variableRequests } from "./variables.js";
import type { Walk } from "./walk.js";
import { type Disposable, type Handlers, type Reply, Wire } from "./wire.js";

/** What one launch has brought about. */
interface Running {
  readonly launch: Launch;
  readonly branches: Branches;
  /** The one that is walked. */
  branch: Branch;
  endListening: () => void;
}

/**
 * The debug adapter. Its shape is that of VS Code's `DebugAdapter`: `onDidSendMessage`, `handleMessage` and
 * `dispose` are all that a client needs.
 */
export class DebugAdapterSession implements ForkContext {
  readonly wire = new Wire();
  readonly breakpoints = new BreakpointTable();
  readonly sources: Sources;
  readonly variables: VariableStore;
  client: Client = SILENT_CLIENT;

  private readonly launcher: Launcher;
  private readonly walkListeners = new Set<(walk: Walk) => void>();
  private running: Running | null = null;
  private stopped: Stop | null = null;
  private lastLaunch: Partial<LaunchArguments> | null = null;
  private configured: () => void = () => undefined;
  private readonly configuration = new Promise<void>((resolve) => (this.configured = resolve));

  constructor(readonly host: AdapterHost) {
    this.sources = new Sources(host);
    this.variables = new VariableStore((key) => this.stop.root(key));
    this.launcher = new Launcher(host, this.wire);
    for (const handlers of [
      this.lifeRequests(),
      threadRequests,
      stackTraceRequests(this),
      variableRequests(this),
      breakpointRequests(this),
      movementRequests(this),
      evaluateRequests(this),
      completionRequests(this),
      exceptionRequests(this),
      memoryRequests(this),
      dataRequests(this),
      writeRequests(this),
      editRequests(this),
      branchRequests(this),
      sourceRequests(this),
    ]) {
      this.wire.handle(handlers);
    }
  }

  // #region the shape of a DebugAdapter

  readonly onDidSendMessage = this.wire.onDidSendMessage;

  /** Takes a message of the client, whatever it looks like. */
  handleMessage(message: unknown): void {
    this.wire.handleMessage(message);
  }

  /** Ends everything; nothing is sent any more. */
  dispose(): void {
    this.close();
    this.wire.close();
  }

  // #endregion

  // #region what others work with

  get isWalking(): boolean {
    return this.running !== null;
  }

  get walk(): Walk {
    return this.branch.walk;
  }

  get mover(): Mover {
    return this.branch.mover;
  }

  get branches(): Branches {
    return this.current.branches;
  }

  get branch(): Branch {
    return this.current.branch;
  }

  get stop(): Stop {
    const { recording, cursor } = this.walk;
    if (this.stopped === null) this.stopped = new Stop(recording, cursor.step);
    return this.stopped;
  }

  paused(): void {
    this.tellStop("pause");
  }

  resumed(): void {
    const { recording, cursor } = this.walk;
    this.wire.event("continued", {
      threadId: threadId(recording.threadAt(cursor.step)),
      allThreadsContinued: true,
    });
  }

  /** Calls the listener with each walk that begins, the one that is under way included. */
  onDidBeginWalk(listener: (walk: Walk) => void): Disposable {
    this.walkListeners.add(listener);
    if (this.running !== null) listener(this.walk);
    return { dispose: () => this.walkListeners.delete(listener) };
  }

  // #endregion

  private get current(): Running {
    if (this.running === null) {
      throw new Failure(FailureId.notRecorded, "Nothing has been recorded yet.");
    }
    return this.running;
  }

  private lifeRequests(): Handlers {
    return {
      initialize: (args: DebugProtocol.InitializeRequestArguments): Reply => {
        if (args.pathFormat !== undefined && args.pathFormat !== "path") {
          throw new Failure(FailureId.badArguments, "Paths have to be paths, not URIs.");
        }
        this.client = clientOf(args);
        return { body: CAPABILITIES, after: () => this.wire.event("initialized") };
      },
      launch: (args: Partial<LaunchArguments>, signal: AbortSignal) => this.launch(args, signal),
      attach: () => {
        throw new Failure(
          FailureId.badArguments,
          "There is nothing to attach to: use launch.",
          true,
        );
      },
      configurationDone: () => ({ after: () => this.configured() }),
      restart: (args: DebugProtocol.RestartArguments, signal: AbortSignal) =>
        this.launch((args.arguments as Partial<LaunchArguments>) ?? this.lastLaunch ?? {}, signal),
      cancel: (args: DebugProtocol.CancelArguments) => {
        if (args.progressId !== undefined) this.launcher.cancelProgress(args.progressId);
        if (args.requestId !== undefined) this.wire.cancel(args.requestId);
      },
      terminate: () => ({ after: () => this.terminate() }),
      disconnect: () => {
        this.close();
      },
    };
  }

  private async launch(args: Partial<LaunchArguments>, signal: AbortSignal): Promise<Reply> {
    const launch = readLaunch(args);
    const walk = await this.launcher.open(launch, signal, this.client.progress);
    this.lastLaunch = args;
    this.close();
    const branches = new Branches();
    const branch = this.newBranch(branches, "as the scenario says", null, walk);
    this.running = { launch, branches, branch, endListening: () => undefined };
    this.walkOn(branch);
    return { after: () => this.start(launch, branch) };
  }

  async fork(
    name: string,
    apply: (machine: Machine) => void,
    signal: AbortSignal,
  ): Promise<() => void> {
    const { branch, branches, launch } = this.current;
    const { step } = branch.walk.cursor;
    branch.mover.interrupt();
    const edit = { step, apply };
    const walk = await this.launcher.fork(launch, branch.walk, edit, signal, this.client.progress);
    if (this.running?.branch !== branch || branch.walk.cursor.step !== step) {
      throw new Failure(FailureId.cancelled, "The walk has gone elsewhere meanwhile.");
    }
    const fork = this.newBranch(branches, name, { parent: branch.id, step }, walk);
    fork.log.skipTo(step);
    this.walkOn(fork);
    return () => this.tellFork(fork);
  }

  switchTo(branch: Branch): void {
    this.mover.interrupt();
    this.walkOn(branch);
    this.tellStop("goto");
  }

  private newBranch(branches: Branches, name: string, fork: Branch["fork"], walk: Walk): Branch {
    const mover = new Mover(walk, this.breakpoints, (breakpoint, text, isError) =>
      this.sayAt(breakpoint, text, isError),
    );
    const log = new KernelLog(this.wire, walk.recording);
    const branch: Branch = { id: branches.nextId, name, fork, walk, mover, log };
    branches.add(branch);
    return branch;
  }

  /** From now on this branch is walked. */
  private walkOn(branch: Branch): void {
    const { current } = this;
    current.endListening();
    current.branch = branch;
    current.endListening = branch.walk.cursor.onDidMove(({ cause }) => this.moved(cause));
    this.stopped = null;
    this.variables.nextStop();
    for (const listener of this.walkListeners) listener(branch.walk);
  }

  /** Nothing has moved, but all that the client shows may be another. */
  private tellFork(fork: Branch): void {
    if (this.running?.branch !== fork) return;
    this.wire.event("output", {
      category: "console",
      output: `Branch ${fork.id}: ${fork.name}, from step ${fork.walk.cursor.step} on.\n`,
    });
    // One that knows that all may be another is not shown a walk that goes on and stops again.
    if (this.client.invalidation) this.wire.event("invalidated", { areas: ["all"] });
    else this.resumed();
    this.tellStop("goto");
  }

  private async start(launch: Launch, { walk, mover }: Branch): Promise<void> {
    // Breakpoints may come before the launch is answered or after it.
    await this.configuration;
    // Another launch may have been quicker.
    if (this.running?.branch.walk !== walk) return;
    const { entry } = walk.recording;
    const broken = this.breakpoints.stopsAtBroken && brokenAt(walk.recording, entry).length > 0;
    const wrong = launch.stopAtWrong ? toWrong(walk.recording) : null;
    if (!launch.noDebug) this.sayAbout(walk);
    if (launch.noDebug) this.runToEnd();
    else if (wrong !== null) mover.jump(() => wrong);
    else if (broken) walk.cursor.moveTo(entry, "broken");
    else if (launch.stopOnEntry || launch.stopAtWrong) walk.cursor.moveTo(entry, "entry");
    else await mover.run(toEnd);
  }

  private sayAbout(walk: Walk): void {
    const text = aboutWalk(walk);
    if (text !== null) this.wire.event("output", { category: "console", output: `${text}\n` });
  }

  private runToEnd(): void {
    const { walk, log } = this.branch;
    log.toEnd();
    const { end, broken } = walk.recording;
    this.wire.event("exited", { exitCode: end === "bug" ? 1 : broken.length > 0 ? 3 : 0 });
    this.terminate();
  }

  private terminate(): void {
    this.close();
    this.wire.event("terminated");
  }

  private close(): void {
    this.running?.branch.mover.interrupt();
    this.running?.endListening();
    this.running = null;
    this.stopped = null;
    this.variables.nextStop();
  }

  /** The cursor has moved, whoever moved it. */
  private moved(why: Why): void {
    const { mover, walk, log } = this.branch;
    // Somebody else has moved it while a movement was looking for its end.
    if (mover.isUnderWay) mover.interrupt();
    this.stopped = null;
    this.variables.nextStop();
    if (why === "end") log.toEnd();
    else log.upTo(walk.cursor.step);
    this.tellStop(why);
  }

  private tellStop(why: Why): void {
    const { mover, walk } = this.branch;
    const { recording, cursor } = walk;
    const hits = why === "breakpoint" ? mover.stopsAt(cursor.step) : [];
    this.wire.event(
      "stopped",
      stoppedBody(recording, cursor.step, why, hits, this.breakpoints.stopsAtBug),
    );
  }

  private sayAt(breakpoint: Breakpoint, text: string, isError: boolean): void {
    const { statement } = breakpoint;
    this.wire.event("output", {
      category: isError ? "stderr" : "console",
      output: `${text}\n`,
      ...(statement === null
        ? {}
        : {
            source: this.sources.of(statement.function.file),
            line: statement.line + this.client.lineShift,
            column: statement.column + this.client.columnShift,
          }),
    });
  }
}
