/** Speaks to an adapter message by message, so that it can send what no client's library would. */
import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { AdapterHost } from "../../../src/adapter/host.js";
import { DebugAdapterSession } from "../../../src/adapter/session.js";
import { HOST } from "./client.js";
import { faults } from "./conformance.js";

type Response = DebugProtocol.Response;

/** Milliseconds; only an adapter that does not answer takes so long. */
const PATIENCE = 30_000;

export class Peer {
  readonly session: DebugAdapterSession;
  /** How often the adapter has answered a request, by the request's number. */
  readonly answers = new Map<number, number>();
  /** What the adapter did that no adapter may do. */
  readonly wrongs: string[] = [];
  private seq = 0;
  private last = 0;
  private readonly waiting = new Map<number, (response: Response) => void>();
  private readonly events = new Map<string, number>();

  constructor(host: Partial<AdapterHost> = {}) {
    this.session = new DebugAdapterSession({ ...HOST, ...host });
    this.session.onDidSendMessage((message) => this.take(message));
  }

  /** The number that the next request gets. */
  get nextSeq(): number {
    return this.seq + 1;
  }

  /** Takes that number for a request that somebody else sends. */
  takeSeq(): number {
    return ++this.seq;
  }

  /** How often an event has come. */
  count(event: string): number {
    return this.events.get(event) ?? 0;
  }

  /** Sends anything, as it comes out of a wire. */
  send(message: unknown): void {
    this.session.handleMessage(JSON.parse(JSON.stringify(message)) as unknown);
  }

  /** Sends a request with a number of its own, which it gives back. */
  post(command: unknown, args?: unknown): number {
    const seq = ++this.seq;
    this.send({
      seq,
      type: "request",
      command,
      ...(args === undefined ? {} : { arguments: args }),
    });
    return seq;
  }

  /** Sends a request and waits for the answer. */
  async ask(command: unknown, args?: unknown): Promise<Response> {
    return this.answer(this.nextSeq, () => this.post(command, args));
  }

  /** Waits for the answer to the request of a number, which `act` sends. */
  async answer(seq: number, act: () => unknown): Promise<Response> {
    const response = new Promise<Response>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`request ${seq} has no answer`)), PATIENCE);
      this.waiting.set(seq, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
    });
    act();
    return response;
  }

  /** Waits until a request has been answered so often. */
  async until(seq: number, count: number): Promise<void> {
    while ((this.answers.get(seq) ?? 0) < count) await this.answer(seq, () => undefined);
  }

  /** The text of the error with which a request is answered. */
  async refusal(command: unknown, args?: unknown): Promise<string> {
    const { success, message } = await this.ask(command, args);
    assert.equal(success, false, `${String(command)} ${JSON.stringify(args)}`);
    return message ?? "";
  }

  private take(message: DebugProtocol.ProtocolMessage): void {
    // What goes over a wire loses what JSON does not have.
    const sent = JSON.parse(JSON.stringify(message)) as DebugProtocol.ProtocolMessage;
    if (sent.seq !== this.last + 1) this.wrongs.push(`seq ${sent.seq} after ${this.last}`);
    this.last = sent.seq;
    // A message without a number has no answer that the published schema allows: 0 is the number of none.
    const isToNone = (sent as Partial<Response>).request_seq === 0;
    this.wrongs.push(...faults(isToNone ? ({ ...sent, request_seq: 1 } as Response) : sent));
    if (sent.type === "response") this.takeResponse(sent as Response);
    else this.takeEvent(sent as DebugProtocol.Event);
  }

  private takeResponse(response: Response): void {
    const { request_seq, command, message = "" } = response;
    this.answers.set(request_seq, (this.answers.get(request_seq) ?? 0) + 1);
    if (/Internal error|Error: |\n {4}at /.test(message)) {
      this.wrongs.push(`${command} ${request_seq}: ${message}`);
    }
    this.waiting.get(request_seq)?.(response);
    this.waiting.delete(request_seq);
  }

  private takeEvent({ event, body }: DebugProtocol.Event): void {
    this.events.set(event, this.count(event) + 1);
    const text = (body as { output?: string } | undefined)?.output ?? "";
    // What fails behind an answer is told with where it was thrown.
    if (/\n {4}at /.test(text)) this.wrongs.push(text);
  }
}
