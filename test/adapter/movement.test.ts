// Every movement, forwards and backwards, by requests, by words and by another view of the cursor.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Position } from "../../src/adapter/custom-requests.js";
import type { Walk } from "../../src/adapter/walk.js";
import { TestClient } from "./support/client.js";
import { indirect, small } from "./support/programs.js";

const thread = { threadId: 1 };

async function position(client: TestClient): Promise<Position> {
  const { body } = await client.customRequest("grantwalk/position");
  return body as Position;
}

async function depth(client: TestClient, threadId = 1): Promise<number> {
  const { body } = await client.stackTraceRequest({ threadId });
  return body.totalFrames ?? 0;
}

test("the walk begins where the driver takes the first request", async () => {
  const client = TestClient.inProcess();
  const stop = await client.begin({ program: small });
  assert.equal(stop.reason, "entry");
  assert.equal(stop.threadId, 1);
  assert.equal(stop.allThreadsStopped, true);
  const at = await position(client);
  assert.equal(at.function, "do_blkif_request");
  assert.equal(at.step, at.entry);
  await client.end();
});

test("an answer comes before the stop that it leads to", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const before = client.messages.length;
  await client.move(() => client.nextRequest(thread));
  const order = client.messages
    .slice(before)
    .map((message) =>
      message.type === "event"
        ? (message as DebugProtocol.Event).event
        : `${message.type} ${(message as DebugProtocol.Request).command}`,
    );
  assert.deepEqual(order, ["request next", "response next", "stopped"]);
  await client.end();
});

test("over, in and out, and each of them undone", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "blkif_queue_rw_req" }] });
  await client.move(() => client.continueRequest(thread));
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  const start = await position(client);
  const frames = await depth(client);

  // In, until there is a deeper frame; then back out of it again.
  while ((await depth(client)) === frames) await client.move(() => client.stepInRequest(thread));
  const inside = await position(client);
  await client.move(() => client.stepOutRequest(thread));
  assert.ok((await depth(client)) <= frames);
  await client.move(() => client.customRequest("grantwalk/goTo", { step: inside.step }));
  await client.move(() => client.customRequest("grantwalk/stepBackOut"));
  assert.equal(await depth(client), frames);

  // Over to the end of the function, then back over each of the same steps.
  await client.move(() => client.customRequest("grantwalk/goTo", { step: start.step }));
  const visited = [start.step];
  for (;;) {
    await client.move(() => client.nextRequest(thread));
    if ((await depth(client)) < frames) break;
    visited.push((await position(client)).step);
  }
  assert.ok(visited.length > 20);
  await client.move(() =>
    client.customRequest("grantwalk/goTo", { step: visited[visited.length - 1] }),
  );
  for (const step of visited.slice(0, -1).reverse()) {
    await client.move(() => client.stepBackRequest(thread));
    assert.equal((await position(client)).step, step);
    assert.equal(await depth(client), frames);
  }

  // By instruction, and by its own request, a step back is the step before.
  await client.move(() => client.customRequest("grantwalk/goTo", { step: inside.step }));
  await client.move(() => client.stepBackRequest({ ...thread, granularity: "instruction" }));
  assert.equal((await position(client)).step, inside.step - 1);
  await client.move(() => client.customRequest("grantwalk/stepBackInto"));
  assert.equal((await position(client)).step, inside.step - 2);
  await client.end();
});

test("both ends of the recording stop the walk and let it turn round", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const end = await client.move(() => client.continueRequest(thread));
  assert.equal(end.reason, "step");
  assert.equal(end.text, "End of the recording");
  const last = await position(client);
  assert.equal(last.step, last.length - 1);
  for (const act of ["next", "stepIn", "stepOut"]) {
    const stop = await client.move(() => client.customRequest(act, thread));
    assert.equal(stop.text, "End of the recording", act);
  }

  const start = await client.move(() => client.reverseContinueRequest(thread));
  assert.equal(start.text, "Start of the recording");
  assert.equal((await position(client)).step, 0);
  await client.move(() => client.stepBackRequest(thread));
  assert.equal((await position(client)).step, 0);
  await client.move(() => client.stepInRequest(thread));
  assert.equal((await position(client)).step, 1);
  await client.end();
});

test("grants, requests, interrupts and tracepoints are reached from both sides", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  for (const [what, count] of [
    // Five of a write, taken and given back; four of a read, copied back in between.
    ["grant", 5 * 2 + 4 * 3],
    ["request", 2],
    ["interrupt", 2],
    // Any tracepoint by its name.
    ["segment_written", 9],
    ["backend_response", 2],
  ] as const) {
    await client.move(() => client.customRequest("grantwalk/goTo", { step: 0 }));
    const there: number[] = [];
    for (;;) {
      const stop = await client.move(() => client.customRequest("grantwalk/next", { what }));
      if (stop.text !== undefined) break;
      there.push((await position(client)).step);
    }
    assert.equal(there.length, count, what);
    const back: number[] = [];
    for (;;) {
      const stop = await client.move(() => client.customRequest("grantwalk/previous", { what }));
      if (stop.text !== undefined) break;
      back.push((await position(client)).step);
    }
    assert.deepEqual(back.reverse(), there, what);
  }
  await client.end();
});

test("the thread that runs is named, and the others are idle", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await client.setFunctionBreakpointsRequest({
    breakpoints: [{ name: "blkif_interrupt" }, { name: "do_block_io_op" }],
  });
  const backend = await client.move(() => client.continueRequest(thread));
  assert.equal(backend.threadId, 3);
  const interrupt = await client.move(() => client.continueRequest(thread));
  assert.equal(interrupt.threadId, 2);
  for (const threadId of [1, 3]) {
    const { body } = await client.stackTraceRequest({ threadId });
    assert.deepEqual(
      body.stackFrames.map(({ name, presentationHint }) => [name, presentationHint]),
      [["idle", "label"]],
    );
  }
  await client.end();
});

test("steps that do not exist are refused", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const { length } = await position(client);
  const beyond = { step: length };
  const message = await client.failure(() => client.customRequest("grantwalk/goTo", beyond));
  assert.match(message, /There is no step/);
  for (const step of [-1, 1.5, "x", undefined]) {
    const refusal = await client.failure(() => client.customRequest("grantwalk/goTo", { step }));
    assert.match(refusal, /"step"/);
  }
  const what = await client.failure(() => client.customRequest("grantwalk/next", { what: "x" }));
  assert.match(what, /"what" is one of "grant", .* tracepoint/);
  await client.end();
});

test("the debug console has words for clients without buttons", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  const say = async (expression: string): Promise<string> =>
    (await client.evaluateRequest({ expression, context: "repl" })).body.result;

  assert.match(await say(".help"), /\.next WHAT/);
  assert.match(await say(".where"), /^step \d+ of \d+ · submit path · do_blkif_request/);
  await client.move(() => client.nextRequest(thread));
  assert.equal(client.events("continued").length, 0, "the request says it");
  await client.move(() => say(".next grant"));
  assert.equal(client.events("continued").length, 1, "no request says it");
  const first = await position(client);
  await client.move(() => say(".next grant"));
  await client.move(() => say(".prev grant"));
  assert.equal((await position(client)).step, first.step);
  await client.move(() => say(".back"));
  assert.ok((await position(client)).step < first.step);
  await client.move(() => say(".goto 412"));
  assert.equal((await position(client)).step, 412);
  await client.move(() => say(".continue"));
  await client.move(() => say(".reverse"));
  assert.equal((await position(client)).step, 0);
  for (const word of [
    ".nonsense",
    ".next",
    ".next nothing",
    ".goto",
    ".goto 1e9",
    ".next grant x",
  ]) {
    await client.failure(() => say(word));
  }
  // Elsewhere a word is no expression.
  await client.failure(() => client.evaluateRequest({ expression: ".where", context: "watch" }));
  await client.end();
});

test("a move by another view is one stop for the client", async () => {
  let walk: Walk | null = null;
  const client = TestClient.inProcess({ onWalk: (begun) => (walk = begun) });
  await client.begin({ program: small });
  const { cursor, recording } = walk as unknown as Walk;
  const stop = await client.move(() => cursor.moveTo(recording.entry + 7, "goto"));
  assert.equal(stop.reason, "goto");
  assert.equal((await position(client)).step, recording.entry + 7);

  // And the client's moves reach the other view.
  let seen = -1;
  cursor.onDidMove(({ step }) => (seen = step));
  await client.move(() => client.stepInRequest(thread));
  assert.equal(seen, recording.entry + 8);
  await client.end();
});

test("pause is one stop where the walk stands", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const before = await position(client);
  const stop = await client.move(() => client.pauseRequest(thread));
  assert.equal(stop.reason, "pause");
  assert.deepEqual(await position(client), before);
  await client.end();
});
