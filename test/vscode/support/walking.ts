// A debug session as a user has it: VS Code drives it, and a tracker listens on the wire.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Position } from "../../../src/adapter/custom-requests.js";
import { closeEditors } from "./files";
import { until } from "./until";

const isEvent = (message: DebugProtocol.ProtocolMessage, name: string): boolean =>
  message.type === "event" && (message as DebugProtocol.Event).event === name;

const isResponse = (message: DebugProtocol.ProtocolMessage, command: string): boolean =>
  message.type === "response" && (message as DebugProtocol.Response).command === command;

export class Walking {
  /** What VS Code and the adapter have sent, in order. */
  readonly messages: DebugProtocol.ProtocolMessage[] = [];
  hasEnded = false;

  constructor(readonly session: vscode.DebugSession) {}

  get stops(): DebugProtocol.StoppedEvent["body"][] {
    return this.messages
      .filter((message) => isEvent(message, "stopped"))
      .map((message) => (message as DebugProtocol.StoppedEvent).body);
  }

  get launchResponse(): DebugProtocol.Response | undefined {
    return this.messages.find((message) => isResponse(message, "launch")) as
      DebugProtocol.Response | undefined;
  }

  /** What the user was told when the launch was refused. */
  get refusal(): string {
    const response = this.launchResponse as DebugProtocol.ErrorResponse | undefined;
    if (response === undefined || response.success) return "";
    const { format = "", variables = {} } = response.body.error ?? {};
    return format.replace(/\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole);
  }

  /** What was written into the debug console. */
  get output(): string {
    return this.messages
      .filter((message) => isEvent(message, "output"))
      .map((message) => (message as DebugProtocol.OutputEvent).body.output)
      .join("");
  }

  async position(): Promise<Position> {
    return (await this.session.customRequest("grantwalk/position")) as Position;
  }

  /** Waits until VS Code has been told of so many stops and has gone to the frame of the last one. */
  async stopped(count: number): Promise<void> {
    await until(
      () => `stop ${count} of ${this.session.name}, after ${this.stops.length}`,
      () => this.stops.length >= count,
    );
    await until(`VS Code to show the frame of stop ${count}`, () => {
      const item = vscode.debug.activeStackItem;
      return (
        item instanceof vscode.DebugStackFrame &&
        item.session.id === this.session.id &&
        this.topFrames().includes(item.frameId)
      );
    });
  }

  /** Does what moves the walk; there has to be exactly one stop, and the position there is given. */
  async move(cause: string | (() => Thenable<unknown>)): Promise<Position> {
    const before = this.stops.length;
    await (typeof cause === "string" ? vscode.commands.executeCommand(cause) : cause());
    await this.stopped(before + 1);
    const position = await this.position();
    assert.equal(this.stops.length, before + 1, `one stop for ${String(cause)}`);
    return position;
  }

  async end(): Promise<void> {
    await vscode.debug.stopDebugging(this.session);
    await until(`the end of ${this.session.name}`, () => this.hasEnded);
  }

  /**
   * The frame at which the last stop is, in every answer that VS Code was given. It also asks for the other
   * frames, and for those of the stop before, as late as it likes.
   */
  private topFrames(): number[] {
    const last = this.messages.findLastIndex((message) => isEvent(message, "stopped"));
    const since = this.messages.slice(last);
    const asked = since
      .filter((message) => message.type === "request")
      .map((message) => message as DebugProtocol.StackTraceRequest)
      .filter((request) => request.command === "stackTrace" && !request.arguments.startFrame)
      .map(({ seq }) => seq);
    return since
      .filter((message) => isResponse(message, "stackTrace"))
      .map((message) => message as DebugProtocol.StackTraceResponse)
      .filter((answer) => answer.success && asked.includes(answer.request_seq))
      .flatMap(({ body }) => body.stackFrames[0]?.id ?? []);
  }
}

const sessions: Walking[] = [];
const subscriptions: vscode.Disposable[] = [];

/** Listens to all sessions; for `before`. */
export function listen(): void {
  const find = ({ id }: vscode.DebugSession) => sessions.find(({ session }) => session.id === id);
  subscriptions.push(
    vscode.debug.registerDebugAdapterTrackerFactory("blkfront", {
      createDebugAdapterTracker: (session) => {
        // A restart of the session itself asks for a tracker again.
        const walking = find(session) ?? new Walking(session);
        if (!sessions.includes(walking)) sessions.push(walking);
        const keep = (message: DebugProtocol.ProtocolMessage) =>
          void walking.messages.push(message);
        return { onWillReceiveMessage: keep, onDidSendMessage: keep };
      },
    }),
    vscode.debug.onDidTerminateDebugSession((session) => {
      const walking = find(session);
      if (walking !== undefined) walking.hasEnded = true;
    }),
  );
}

/** Listens no more; for `after`. */
export function listenNoMore(): void {
  for (const one of subscriptions.splice(0)) one.dispose();
  sessions.length = 0;
}

/** Ends what a test has begun; for `afterEach`. */
export async function endEverything(): Promise<void> {
  for (const walking of sessions) if (!walking.hasEnded) await walking.end();
  vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  await closeEditors();
}

/** Starts a session and gives it, as soon as there is one. */
export async function begin(start: () => Thenable<unknown>): Promise<Walking> {
  const before = sessions.length;
  let failure: unknown;
  // VS Code resolves this late, and rejects it when it would show a dialog.
  Promise.resolve(start()).then(undefined, (error: unknown) => (failure = error));
  return until("a session to begin", () => {
    const begun = sessions[before];
    if (begun === undefined && failure !== undefined) throw failure as Error;
    return begun;
  });
}

/** Starts a session and waits until it stands at the first request. */
export async function walk(
  configuration: vscode.DebugConfiguration | string | (() => Thenable<unknown>),
  folder = vscode.workspace.workspaceFolders?.[0],
): Promise<Walking> {
  const walking = await begin(
    typeof configuration === "function"
      ? configuration
      : () => vscode.debug.startDebugging(folder, configuration),
  );
  await until(`the launch of ${walking.session.name}`, () => walking.launchResponse);
  assert.equal(walking.refusal, "");
  await walking.stopped(1);
  assert.equal(walking.stops[0]?.reason, "entry");
  return walking;
}

/** Starts a session that is refused, and gives what the user is told. */
export async function refused(configuration: vscode.DebugConfiguration): Promise<string> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const walking = await begin(() => vscode.debug.startDebugging(folder, configuration));
  await until(`the refusal of ${walking.session.name}`, () => walking.launchResponse);
  assert.notEqual(walking.refusal, "", "the launch has to be refused");
  return walking.refusal;
}

/** A configuration for a file. */
export function launchOf(program: vscode.Uri, more: object = {}): vscode.DebugConfiguration {
  return {
    type: "blkfront",
    request: "launch",
    name: `Walk ${program.path.split("/").at(-1)}`,
    program: program.fsPath,
    ...more,
  };
}
