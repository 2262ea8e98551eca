/** The adapter as editors start it: the process `grantwalk dap`, on its standard streams or on a port. */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import path from "node:path";
import { after } from "node:test";
import { Client, type Cut, whole } from "./client.js";

const running = new Set<AdapterProcess>();
after(() => {
  for (const { child } of running) child.kill("SIGKILL");
});

export class AdapterProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** What has come out of standard error, and of standard output. */
  errors = "";
  output = "";
  private readonly exit: Promise<number | null>;

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [path.resolve("dist/cli.mjs"), "dap", ...args]);
    running.add(this);
    this.child.stderr.on("data", (text: Buffer) => (this.errors += text.toString()));
    this.child.stdout.on("data", (text: Buffer) => (this.output += text.toString()));
    this.child.stdin.on("error", () => undefined);
    this.exit = once(this.child, "close").then(([code]) => code as number | null);
    void this.exit.then(() => running.delete(this));
  }

  /** The exit code, once the process has ended; null where a signal ended it. */
  ended(): Promise<number | null> {
    return this.exit;
  }

  /** The port, once the process has said on which it listens. */
  async port(): Promise<number> {
    for (;;) {
      const port = /^Listening on 127\.0\.0\.1:(\d+)$/m.exec(this.errors)?.[1];
      if (port !== undefined) return Number(port);
      assert.ok(running.has(this), `it has ended: ${this.errors}`);
      await Promise.race([once(this.child.stderr, "data"), this.exit]);
    }
  }

  /** A connection to the port. */
  async connect(): Promise<Socket> {
    const socket = connect(await this.port(), "127.0.0.1");
    await once(socket, "connect");
    return socket;
  }
}

/** One session with an adapter. */
export interface Session {
  readonly client: Client;
  /** The client goes away without a word. */
  leave(): void;
  /** Checks that the adapter has ended the session as one that went well. */
  over(): Promise<void>;
}

/** A way to an adapter, and how to begin a session on it. */
export interface Transport {
  readonly name: string;
  open(cut?: Cut): Promise<Session>;
}

const streams: Transport = {
  name: "standard streams",
  async open(cut = whole) {
    const adapter = new AdapterProcess();
    return {
      client: new Client(adapter.child.stdout, adapter.child.stdin, cut),
      leave: () => void adapter.child.stdin.destroy(),
      over: async () => {
        assert.equal(await adapter.ended(), 0);
        assert.equal(adapter.errors, "");
      },
    };
  },
};

/** All sessions of a test file go to one process, one after another and at once. */
let listening: AdapterProcess | null = null;

const port: Transport = {
  name: "a port",
  async open(cut = whole) {
    listening ??= new AdapterProcess("--port", "0");
    const adapter = listening;
    const socket = await adapter.connect();
    const client = new Client(socket, socket, cut);
    return {
      client,
      leave: () => void socket.destroy(),
      over: async () => {
        await client.closed();
        assert.equal(adapter.output, "");
        assert.match(adapter.errors, /^Listening on 127\.0\.0\.1:\d+\n$/);
        // It goes on for the next one.
        (await adapter.connect()).destroy();
      },
    };
  },
};

export const transports: readonly Transport[] = [streams, port];
