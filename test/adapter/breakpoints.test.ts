// Breakpoints of every kind, in both directions.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Position } from "../../src/adapter/custom-requests.js";
import { TestClient, VSCODE } from "./support/client.js";
import { lineOf, model } from "./support/places.js";
import { bug, indirect, small } from "./support/programs.js";

const thread = { threadId: 1 };
const QUEUE = "blkfront/patch-v2/queue-rw.ts";
const source = { path: path.join(model, QUEUE), name: QUEUE };
const perGrant = lineOf(QUEUE, "shadow.grants_used[grant_idx] = gnt_list_entry");

async function set(
  client: TestClient,
  ...breakpoints: DebugProtocol.SourceBreakpoint[]
): Promise<DebugProtocol.Breakpoint[]> {
  const { body } = await client.setBreakpointsRequest({ source, breakpoints });
  return body.breakpoints;
}

async function value(client: TestClient, expression: string): Promise<string> {
  return (await client.evaluateRequest({ expression })).body.result;
}

/** Continues until an end of the recording; gives what an expression was at each stop. */
async function collect(
  client: TestClient,
  way: "continue" | "reverseContinue",
  expression: string,
): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const stop = await client.move(() => client.customRequest(way, thread));
    if (stop.reason !== "breakpoint") return found;
    assert.ok((stop.hitBreakpointIds ?? []).length > 0);
    found.push(await value(client, expression));
  }
}

test("a line breakpoint stops at each grant, forwards and backwards", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  const [breakpoint] = await set(client, { line: perGrant });
  assert.equal(breakpoint?.verified, true);
  assert.equal(breakpoint?.line, perGrant);
  assert.equal(breakpoint?.source?.path, source.path);
  const grants = Array.from({ length: 24 }, (_, i) => String(i));
  assert.deepEqual(await collect(client, "continue", "grant_idx"), grants);
  assert.deepEqual(await collect(client, "reverseContinue", "grant_idx"), grants.reverse());
  await client.end();
});

test("a breakpoint snaps to the next statement, and the client is told where", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const comment = lineOf(QUEUE, "The worst case: every segment is a whole page");
  const [snapped, beyond] = await set(client, { line: comment }, { line: 100_000 });
  assert.equal(snapped?.line, lineOf(QUEUE, "let max_grefs = "));
  assert.equal(beyond?.verified, false);
  assert.match(beyond?.message ?? "", /No statement/);
  // The same place keeps its number when breakpoints are set again.
  const [again] = await set(client, { line: comment });
  assert.equal(again?.id, snapped?.id);

  const elsewhere = await client.setBreakpointsRequest({
    source: { path: "/somewhere/else.c" },
    breakpoints: [{ line: 1 }],
  });
  assert.equal(elsewhere.body.breakpoints[0]?.verified, false);
  await client.end();
});

test("the places of a line are told, and a column picks one of them", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const line = lineOf(QUEUE, "if (setup.need_copy) kunmap_atomic(k, setup.bvec_data)");
  const { body } = await client.customRequest("breakpointLocations", { source, line });
  const columns = (body as DebugProtocol.BreakpointLocationsResponse["body"]).breakpoints.map(
    (place) => place.column ?? 0,
  );
  assert.equal(columns.length, 2);
  const [, second] = columns;
  const [breakpoint] = await set(client, { line, column: second as number });
  assert.equal(breakpoint?.column, second);
  await client.end();
});

test("lines and columns count from 0 for a client that counts so", async () => {
  const client = TestClient.inProcess();
  await client.begin(
    { program: small },
    { ...VSCODE, linesStartAt1: false, columnsStartAt1: false },
  );
  const [breakpoint] = await set(client, { line: perGrant - 1 });
  assert.equal(breakpoint?.line, perGrant - 1);
  await client.move(() => client.continueRequest(thread));
  const { body } = await client.stackTraceRequest(thread);
  assert.equal(body.stackFrames[0]?.line, perGrant - 1);
  assert.equal(body.stackFrames[0]?.column, breakpoint?.column);
  await client.end();
});

test("conditions and hit counts mean the same in both directions", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  await set(client, { line: perGrant, condition: "grant_idx % 8 == 3" });
  assert.deepEqual(await collect(client, "continue", "grant_idx"), ["3", "11", "19"]);
  assert.deepEqual(await collect(client, "reverseContinue", "grant_idx"), ["19", "11", "3"]);

  await set(client, { line: perGrant, hitCondition: "5" });
  assert.deepEqual(await collect(client, "continue", "grant_idx"), ["4"]);
  assert.deepEqual(await collect(client, "reverseContinue", "grant_idx"), ["4"]);

  await set(client, { line: perGrant, hitCondition: "> 22" });
  assert.deepEqual(await collect(client, "continue", "grant_idx"), ["22", "23"]);

  // Of those that fulfil the condition only the second: also when one comes from behind.
  await set(client, { line: perGrant, condition: "grant_idx >= 10", hitCondition: "2" });
  assert.deepEqual(await collect(client, "reverseContinue", "grant_idx"), ["11"]);
  assert.deepEqual(await collect(client, "continue", "grant_idx"), ["11"]);
  await client.end();
});

test("a condition that cannot be read, or has no value, is told", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const [condition, hits] = await set(
    client,
    { line: perGrant, condition: "grant_idx ==" },
    { line: perGrant, hitCondition: "often" },
  );
  assert.equal(condition?.verified, false);
  assert.match(condition?.message ?? "", /not complete/);
  assert.equal(hits?.verified, false);
  assert.match(hits?.message ?? "", /often/);

  await set(client, { line: perGrant, condition: "nobody == 1" });
  assert.deepEqual(await collect(client, "continue", "grant_idx"), []);
  assert.equal(client.output("stderr").match(/no 'nobody'/g)?.length, 1, "told once");
  await client.end();
});

test("a logpoint writes and does not stop", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await set(client, { line: perGrant, logMessage: "grant {grant_idx} of \\{{len} bytes\\} {x}" });
  assert.deepEqual(await collect(client, "continue", "grant_idx"), []);
  const lines = client.output("console").trim().split("\n");
  assert.equal(lines.length, 9);
  assert.match(lines[0] ?? "", /^grant 0 of \{4096 bytes\} \{x: There is no 'x'/);
  await client.end();
});

test("a breakpoint on the way cuts a step short", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await set(client, { line: perGrant });
  let stop;
  do stop = await client.move(() => client.nextRequest(thread));
  while (stop.reason === "step");
  assert.equal(stop.reason, "breakpoint");
  assert.equal(await value(client, "grant_idx"), "0");
  // The other way round too: back over the call, from behind it.
  await set(client);
  await client.move(() => client.stepOutRequest(thread));
  await set(client, { line: perGrant });
  const back = await client.move(() => client.stepBackRequest(thread));
  assert.equal(back.reason, "breakpoint");
  await client.end();
});

test("a breakpoint on a function", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const { body } = await client.setFunctionBreakpointsRequest({
    breakpoints: [{ name: "get_grant" }, { name: "no_such_function" }],
  });
  assert.deepEqual(
    body.breakpoints.map(({ verified }) => verified),
    [true, false],
  );
  const stop = await client.move(() => client.continueRequest(thread));
  assert.equal(stop.reason, "function breakpoint");
  const at = (await client.customRequest("grantwalk/position")).body as Position;
  assert.equal(at.function, "get_grant");
  await client.end();
});

test("a BUG_ON stops as an exception, with its expression", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: bug });
  await client.setExceptionBreakpointsRequest({ filters: ["bug"] });
  const stop = await client.move(() => client.continueRequest(thread));
  assert.equal(stop.reason, "exception");
  assert.match(stop.text ?? "", /kernel BUG in blkif_queue_rw_req: BUG_ON\(/);
  const { body } = (await client.customRequest("exceptionInfo", thread)) as {
    body: DebugProtocol.ExceptionInfoResponse["body"];
  };
  assert.equal(body.exceptionId, "BUG");
  assert.match(body.details?.message ?? "", /max_indirect_segments/);
  assert.match(body.details?.stackTrace ?? "", /^blkif_queue_rw_req/);
  assert.match(client.output("stderr"), /kernel BUG/);

  // It can be left backwards, and come to again.
  await client.move(() => client.stepBackRequest(thread));
  await client.failure(() => client.customRequest("exceptionInfo", thread));
  await client.move(() => client.nextRequest(thread));
  const again = await client.move(() => client.nextRequest(thread));
  assert.equal(again.reason, "exception");

  await client.setExceptionBreakpointsRequest({ filters: [] });
  await client.move(() => client.reverseContinueRequest(thread));
  const ignored = await client.move(() => client.continueRequest(thread));
  assert.equal(ignored.reason, "step");
  assert.equal(ignored.text, "End of the recording: the kernel stopped");
  await client.end();
});
