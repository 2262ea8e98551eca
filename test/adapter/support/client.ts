/** A client for tests: the debug client of VS Code's test support, with a recorder on its wire. */
import assert from "node:assert/strict";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { AdapterHost } from "../../../src/adapter/host.js";
import type { LaunchArguments } from "../../../src/adapter/launch-arguments.js";
import type { Walk } from "../../../src/adapter/walk.js";
import { nodeHost } from "../../../src/cli/dap/node-host.js";
import { serve } from "../../../src/cli/dap/serve.js";
import { faults } from "./conformance.js";
import { model } from "./places.js";
import { type Message, listen } from "./recorder.js";

type Stopped = DebugProtocol.StoppedEvent["body"];

/** What VS Code says of itself. */
export const VSCODE: DebugProtocol.InitializeRequestArguments = {
  clientID: "test",
  adapterID: "blkfront",
  pathFormat: "path",
  linesStartAt1: true,
  columnsStartAt1: true,
  supportsVariableType: true,
  supportsVariablePaging: true,
  supportsMemoryReferences: true,
  supportsProgressReporting: true,
};

/** A host that reads this machine's files. */
export const HOST: AdapterHost = nodeHost(model);

export class TestClient extends DebugClient {
  readonly messages: Message[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly faults: string[] = [];

  constructor(input: Readable, output: PassThrough | Writable, tap: Readable = new PassThrough()) {
    super("node", "", "blkfront");
    listen(tap, (message) => this.saw(message));
    listen(input, (message) => this.saw(message));
    this.connect(input, output);
  }

  /** A client of an adapter in this process. */
  static inProcess(options: { host?: Partial<AdapterHost>; onWalk?: (walk: Walk) => void } = {}) {
    const [up, down] = [new PassThrough(), new PassThrough()];
    const host = { ...HOST, ...options.host };
    // The recorder has to see a message before the adapter does.
    const client = new TestClient(down, up, up);
    void serve(up, down, host, (session) => {
      if (options.onWalk) session.onDidBeginWalk(options.onWalk);
    });
    return client;
  }

  /** The events of a name, in order. */
  events<T extends DebugProtocol.Event>(name: T["event"]): T[] {
    return this.messages.filter(
      (message): message is T => message.type === "event" && (message as T).event === name,
    );
  }

  /** Waits until something is true of what has been seen. */
  async until(what: string, holds: () => boolean): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (!holds()) return;
        this.waiting.delete(check);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => reject(new Error(`no ${what} in time`)), 10_000);
      this.waiting.add(check);
    });
  }

  /** Does something that moves the walk, and gives the one stop that it ends in. */
  async move(act: () => unknown): Promise<Stopped> {
    const before = this.events("stopped").length;
    await act();
    await this.until("stop", () => this.events("stopped").length > before);
    // A second one would follow at once.
    await new Promise((resolve) => setImmediate(resolve));
    const stops = this.events<DebugProtocol.StoppedEvent>("stopped").slice(before);
    assert.equal(stops.length, 1, "one move, one stop");
    return (stops[0] as DebugProtocol.StoppedEvent).body;
  }

  /** From nothing to the first stop. */
  async begin(args: LaunchArguments, client = VSCODE): Promise<Stopped> {
    await this.initializeRequest(client);
    return this.move(async () => {
      await this.launchRequest(args);
      await this.configurationDoneRequest();
    });
  }

  /** What the debug console writes, by category. */
  output(category: string): string {
    return this.events<DebugProtocol.OutputEvent>("output")
      .filter(({ body }) => body.category === category)
      .map(({ body }) => body.output)
      .join("");
  }

  /** The failed answer to a request that must fail. */
  async failure(act: () => Promise<unknown>): Promise<string> {
    let message = "";
    await assert.rejects(act, (error: Error) => {
      message = error.message;
      return true;
    });
    return message;
  }

  /** Ends the session and tells whether every message kept to the protocol. */
  async end(): Promise<void> {
    await this.disconnectRequest();
    assert.deepEqual(this.faults, []);
  }

  private saw(message: Message): void {
    this.messages.push(message);
    this.faults.push(...faults(message));
    // Listeners of the wire itself come first.
    setImmediate(() => {
      for (const check of [...this.waiting]) check();
    });
  }
}
