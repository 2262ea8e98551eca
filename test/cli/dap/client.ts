/**
 * A client of the Debug Adapter Protocol, made from its specification alone: it shares nothing with the adapter, nor
 * with the packages that other tests speak through.
 */
import assert from "node:assert/strict";
import type { Readable, Writable } from "node:stream";
import { faults } from "../../adapter/support/conformance.js";

interface Base {
  readonly seq: number;
}
export interface Event extends Base {
  readonly type: "event";
  readonly event: string;
  readonly body?: object;
}
export interface Response extends Base {
  readonly type: "response";
  readonly request_seq: number;
  readonly command: string;
  readonly success: boolean;
  readonly message?: string;
  readonly body?: object;
}
export type Message = Event | Response;

export interface Stopped {
  readonly reason: string;
  readonly threadId: number;
  readonly text?: string;
  readonly hitBreakpointIds?: readonly number[];
}
export interface Frame {
  readonly id: number;
  readonly name: string;
  readonly line: number;
  readonly source: { readonly path: string };
}
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  readonly memoryReference?: string;
  readonly variablesReference: number;
}

/** How a client's bytes reach the adapter: as pieces, with a pause after each. */
export type Cut = (bytes: Buffer) => readonly Buffer[];

export const whole: Cut = (bytes) => [bytes];
export const byteByByte: Cut = (bytes) => Array.from(bytes, (byte) => Buffer.of(byte));

/** Milliseconds after which a test that waits in vain says for what. */
const PATIENCE = 10_000;

export class Client {
  readonly messages: Message[] = [];
  private bytes = Buffer.alloc(0);
  private seq = 0;
  private joined: Buffer[] | null = null;
  private written: Promise<void> = Promise.resolve();
  private readonly asked = new Map<number, string>();
  private readonly waiting = new Set<() => void>();
  private gone = false;

  constructor(
    input: Readable,
    private readonly output: Writable,
    private readonly cut: Cut = whole,
  ) {
    input.on("data", (bytes: Buffer) => this.take(bytes));
    input.on("close", () => {
      this.gone = true;
      this.look();
    });
    // An adapter that has gone is noticed where it is missed.
    for (const stream of [input, output]) stream.on("error", () => undefined);
  }

  /** Asks, and gives the body of the answer. @throws Error with the adapter's message where it says no */
  async request<T = Record<string, never>>(command: string, args?: object): Promise<T> {
    const seq = ++this.seq;
    this.asked.set(seq, command);
    this.write({ seq, type: "request", command, ...(args ? { arguments: args } : {}) });
    const { success, message, body } = await this.until(`answer to ${command}`, () =>
      this.messages.find(
        (one): one is Response => one.type === "response" && one.request_seq === seq,
      ),
    );
    if (!success) throw new Error(message);
    return (body ?? {}) as T;
  }

  /** Sends all that is asked for meanwhile in one piece. */
  together(ask: () => void): void {
    this.joined = [];
    ask();
    const bytes = Buffer.concat(this.joined);
    this.joined = null;
    this.send(bytes);
  }

  /** The bodies of all events of a name, in order. */
  events<T = object>(name: string): T[] {
    return this.messages
      .filter((one): one is Event => one.type === "event" && one.event === name)
      .map(({ body }) => (body ?? {}) as T);
  }

  /** Waits until there have been so many events of a name, and gives the last of these. */
  event<T = object>(name: string, count = 1): Promise<T> {
    return this.until(`event ${name}`, () => this.events<T>(name).slice(0, count)[count - 1]);
  }

  /** Does what moves the walk, and gives the one stop that it ends in. */
  async move(act: () => unknown): Promise<Stopped> {
    const before = this.events("stopped").length;
    await act();
    await this.event("stopped", before + 1);
    // A second stop would come before the answer to this.
    await this.request("threads");
    const stops = this.events<Stopped>("stopped").slice(before);
    assert.equal(stops.length, 1, "one move, one stop");
    return stops[0] as Stopped;
  }

  /** Waits until the adapter has closed its side. */
  async closed(): Promise<void> {
    await this.until("end of the connection", () => (this.gone ? true : undefined));
  }

  private async until<T>(what: string, find: () => T | undefined): Promise<T> {
    for (let found = find(); ; found = find()) {
      if (found !== undefined) return found;
      if (this.gone) throw new Error(`no ${what}: the adapter has gone`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${what} in time`)), PATIENCE);
        const look = (): void => {
          clearTimeout(timer);
          this.waiting.delete(look);
          resolve();
        };
        this.waiting.add(look);
      });
    }
  }

  private look(): void {
    for (const look of [...this.waiting]) look();
  }

  private write(message: object): void {
    const json = Buffer.from(JSON.stringify(message), "utf8");
    const bytes = Buffer.concat([Buffer.from(`Content-Length: ${json.length}\r\n\r\n`), json]);
    if (this.joined !== null) this.joined.push(bytes);
    else this.send(bytes);
  }

  private send(bytes: Buffer): void {
    this.written = this.written.then(async () => {
      for (const piece of this.cut(bytes)) {
        this.output.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }

  private take(bytes: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    for (;;) {
      const header = /^Content-Length: (\d+)\r\n\r\n/.exec(this.bytes.toString("latin1", 0, 64));
      if (header === null) break;
      const [fields, digits] = header;
      const end = fields.length + Number(digits);
      if (this.bytes.length < end) break;
      this.see(JSON.parse(this.bytes.toString("utf8", fields.length, end)) as Message);
      this.bytes = this.bytes.subarray(end);
    }
    this.look();
  }

  /** Holds a message against what the protocol promises of each. */
  private see(message: Message): void {
    assert.deepEqual(faults(message), []);
    assert.equal(message.seq, this.messages.length + 1, "messages are numbered from 1");
    if (message.type === "response") {
      assert.equal(message.command, this.asked.get(message.request_seq), "one answer to each");
      this.asked.delete(message.request_seq);
    } else {
      // Whatever a client says that it could do: nothing is ever asked of it.
      assert.equal(message.type, "event");
    }
    this.messages.push(message);
  }
}
