// Whatever a client sends, in whatever order, it has its answers, and the adapter goes on. GRANTWALK_SEED gives
// a run again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { requestSchemas } from "../../scripts/request-schemas.mjs";
import { VSCODE } from "./support/client.js";
import { Peer } from "./support/peer.js";
import { small } from "./support/programs.js";
import { REQUESTS, type Sent, sent } from "./support/random-requests.js";

const MESSAGES = 20_000;
const SESSIONS = 50;

/** Whether the protocol allows the arguments of a request, by a library that knows the same schemas. */
async function protocol(): Promise<(command: string, args: unknown) => boolean> {
  const { definitions, argumentsOf } = await requestSchemas();
  const ajv = new Ajv({ strict: false });
  ajv.addSchema({ definitions: bounded(definitions) }, "requests");
  return (command, args) => {
    const given = withoutNulls(args) ?? {};
    const isObject = typeof given === "object" && !Array.isArray(given);
    const name = argumentsOf[command];
    if (name === undefined || !isObject) return isObject;
    return ajv.validate(`requests#/definitions/${name}`, given) === true;
  };
}

/** What is null in an object counts as not given. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item));
  if (typeof value !== "object" || value === null) return value;
  const given = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(given.map(([name, child]) => [name, withoutNulls(child)]));
}

/** A schema with the bounds of what JavaScript can count to, which an adapter has beside those of the protocol. */
function bounded(schema: unknown): unknown {
  const { MIN_SAFE_INTEGER: minimum, MAX_SAFE_INTEGER: maximum } = Number;
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    const isInteger = (value as { type?: unknown } | null)?.type === "integer";
    return isInteger ? { minimum, ...(value as object), maximum } : value;
  });
}

/** Sends messages as they come, and counts what has to be answered. */
class Sender {
  readonly expected = new Map<number, number>();
  private last: object = { seq: 0, type: "request", command: "threads" };

  constructor(
    private readonly peer: Peer,
    private readonly allows: (command: string, args: unknown) => boolean,
  ) {}

  async send({ move, then }: Sent): Promise<void> {
    const { peer } = this;
    switch (move.kind) {
      case "other":
        return this.deliver(move.message as object, then);
      case "repeat":
        return this.deliver(this.last, then);
      case "cancel": {
        const requestId = Math.max(0, peer.nextSeq - 1 - move.back);
        return this.request("cancel", { requestId }, then);
      }
      case "request":
        return this.request(move.command, move.arguments, then);
    }
  }

  private async request(command: string, args: unknown, then: Sent["then"]): Promise<void> {
    const { peer } = this;
    const seq = peer.takeSeq();
    this.last = { seq, type: "request", command, arguments: args };
    const isWrong = Object.hasOwn(REQUESTS, command) && !this.allows(command, args);
    if (!isWrong) return this.deliver(this.last, then);
    this.expect(seq);
    const { success, message, body } = await peer.answer(seq, () => peer.send(this.last));
    const id = (body as { error?: { id?: number } } | undefined)?.error?.id;
    if (success || id !== 1003) {
      peer.wrongs.push(`${command} is let through: ${success} ${message} ${short(args)}`);
    }
  }

  private async deliver(message: object, then: Sent["then"]): Promise<void> {
    const { peer } = this;
    const { type, seq } = (message ?? {}) as { type?: unknown; seq?: unknown };
    // An adapter that asks nothing has no use for answers, and a client has no events.
    const hasAnswer = type !== "response" && type !== "event";
    const number = typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0 ? seq : 0;
    if (hasAnswer) this.expect(number);
    if (hasAnswer && then === "after the answer") {
      await peer.answer(number, () => peer.send(message));
    } else {
      peer.send(message);
      if (then === "after a turn") await turn();
    }
  }

  private expect(seq: number): void {
    this.expected.set(seq, (this.expected.get(seq) ?? 0) + 1);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function short(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 300);
}

/** From nothing to the first stop. */
async function begin(peer: Peer): Promise<void> {
  await peer.ask("initialize", VSCODE);
  await peer.ask("launch", { program: small });
  await peer.ask("configurationDone");
  await turn();
}

/** Sends all messages to one adapter, and looks at what it has answered. */
async function speak(
  messages: readonly Sent[],
  isBegun: boolean,
  allows: (command: string, args: unknown) => boolean,
): Promise<void> {
  const peer = new Peer();
  if (isBegun) await begin(peer);
  const before = new Map(peer.answers);
  const sender = new Sender(peer, allows);
  for (const [n, message] of messages.entries()) {
    await sender.send(message);
    assert.deepEqual(
      peer.wrongs.map((text) => text.slice(0, 2_000)),
      [],
      `after message ${n}, ${short(message)}`,
    );
  }
  for (const [seq, count] of sender.expected) {
    await peer.until(seq, (before.get(seq) ?? 0) + count);
  }
  const threads = await peer.ask("threads");
  assert.equal(threads.body.threads.length, 3);
  await turn();
  assert.deepEqual(peer.wrongs, []);
  for (const [seq, count] of sender.expected) {
    assert.equal(peer.answers.get(seq), (before.get(seq) ?? 0) + count, `answers to ${seq}`);
  }
  peer.session.dispose();
}

test("every request is answered once, whatever came before it", async (t) => {
  const seed = Number(process.env["GRANTWALK_SEED"] ?? Math.floor(Math.random() * 0x7fffffff));
  t.diagnostic(`${MESSAGES} messages, GRANTWALK_SEED=${seed}`);
  const messages = fc.sample(sent, { seed, numRuns: MESSAGES });
  const allows = await protocol();
  const each = MESSAGES / SESSIONS;
  for (let n = 0; n < SESSIONS; n++) {
    // One in four begins with what is no beginning.
    await speak(messages.slice(n * each, (n + 1) * each), n % 4 !== 0, allows);
  }
  const fresh = new Peer();
  await begin(fresh);
  assert.equal(fresh.count("stopped"), 1);
  assert.deepEqual(fresh.wrongs, []);
  fresh.session.dispose();
});

test("the fuzz knows every request that the adapter answers", () => {
  const { session } = new Peer();
  assert.deepEqual(Object.keys(REQUESTS).sort(), [...session.wire["handlers"].keys()].sort());
});
