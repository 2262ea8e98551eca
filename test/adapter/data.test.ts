// Breakpoints on data and on what the driver goes through, in both directions.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Position } from "../../src/adapter/custom-requests.js";
import type { LaunchArguments } from "../../src/adapter/launch-arguments.js";
import { TestClient, VSCODE } from "./support/client.js";
import { indirect, small, troubled } from "./support/programs.js";

const thread = { threadId: 1 };

type Info = DebugProtocol.DataBreakpointInfoResponse["body"];

async function info(client: TestClient, args: object): Promise<Info> {
  return ((await client.customRequest("dataBreakpointInfo", args)) as { body: Info }).body;
}

async function step(client: TestClient): Promise<number> {
  const { body } = await client.customRequest("grantwalk/position");
  return (body as Position).step;
}

async function watch(client: TestClient, breakpoints: DebugProtocol.DataBreakpoint[]) {
  const { body } = (await client.customRequest("setDataBreakpoints", {
    breakpoints,
  })) as DebugProtocol.SetDataBreakpointsResponse;
  return body.breakpoints;
}

async function value(client: TestClient, expression: string): Promise<string> {
  return (await client.evaluateRequest({ expression, context: "watch" })).body.result;
}

/** Runs until the end of the recording and tells the stops on the way. */
async function stops(client: TestClient, direction: "continue" | "reverseContinue") {
  const found: { step: number; reason: string; text: string | undefined }[] = [];
  for (;;) {
    const { reason, text } = await client.move(() =>
      direction === "continue"
        ? client.continueRequest(thread)
        : client.reverseContinueRequest(thread),
    );
    const at = await step(client);
    if (/of the recording/.test(text ?? "")) return found;
    found.push({ step: at, reason, text });
  }
}

async function toStart(client: TestClient): Promise<void> {
  await client.move(() => client.customRequest("grantwalk/goTo", { step: 0 }));
}

/** Sets one on an expression, goes both ways, and tells the stops. */
async function bothWays(
  client: TestClient,
  more: Partial<DebugProtocol.DataBreakpoint>,
  args: object,
) {
  const { entry } = (await client.customRequest("grantwalk/position")).body as Position;
  await client.move(() => client.customRequest("grantwalk/goTo", { step: entry }));
  const { dataId } = await info(client, args);
  assert.ok(dataId !== null);
  const [set] = await watch(client, [{ dataId, ...more }]);
  assert.equal(set?.verified, true);
  await toStart(client);
  const forwards = await stops(client, "continue");
  const backwards = await stops(client, "reverseContinue");
  assert.deepEqual(
    backwards.map((one) => one.step),
    forwards.map((one) => one.step).reverse(),
  );
  return forwards;
}

test("a field stops the walk right after each write that changes it, in both directions", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const found = await bothWays(client, {}, { name: "info->ring.req_prod_pvt" });
  assert.ok(found.length > 1);
  for (const { reason, text } of found) {
    assert.equal(reason, "data breakpoint");
    assert.match(text ?? "", /^info\.ring\.req_prod_pvt: \d+ → \d+$/);
  }
  await client.move(() => client.customRequest("grantwalk/goTo", { step: found[0]?.step }));
  const after = await value(client, "info->ring.req_prod_pvt");
  await client.move(() => client.stepBackRequest({ ...thread, granularity: "instruction" }));
  assert.notEqual(await value(client, "info->ring.req_prod_pvt"), after);
  await client.end();
});

test("an entry of the variables view can be watched by its name there", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  const frame = (await client.stackTraceRequest(thread)).body.stackFrames[0]?.id ?? 0;
  const scopes = (await client.scopesRequest({ frameId: frame })).body.scopes;
  const ring = scopes.find(({ name }) => name === "Ring")?.variablesReference;
  const byName = await info(client, { variablesReference: ring, name: "rsp_cons" });
  assert.equal(byName.dataId, "info.ring.rsp_cons");
  assert.deepEqual(byName.accessTypes, ["write"]);
  assert.equal(byName.canPersist, true);
  await client.end();
});

test("a list link, an entry of an array, a pointer, bytes of a page and a slot of the ring are data too", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  for (const name of [
    "info->grants",
    "info->shadow[0].request",
    "info->shadow[0].req",
    "info->shadow_free",
    "ring->sring->req_prod",
  ]) {
    assert.ok((await bothWays(client, {}, { name })).length > 0, name);
  }
  const { entry } = (await client.customRequest("grantwalk/position")).body as Position;
  await client.move(() => client.customRequest("grantwalk/goTo", { step: entry }));
  const sring = (await client.evaluateRequest({ expression: "ring->sring" })).body.memoryReference;
  const bytes = await bothWays(client, {}, { name: sring, asAddress: true, bytes: 4 });
  const field = await bothWays(client, {}, { name: "ring->sring->req_prod" });
  assert.deepEqual(
    bytes.map((one) => one.step),
    field.map((one) => one.step),
  );
  await client.end();
});

test("conditions and hit counts hold, and see the new value", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const name = "info->ring.req_prod_pvt";
  const all = await bothWays(client, {}, { name });
  const second = await bothWays(client, { hitCondition: "2" }, { name });
  assert.deepEqual(second, [all[1]]);
  const one = await bothWays(client, { condition: `${name} == 1` }, { name });
  assert.deepEqual(one, [all[0]]);
  await client.end();
});

test("what lies nowhere cannot be watched, and is told so", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  for (const [name, reason] of [
    ["info->ring.nr_ents + 1", /lies nowhere/],
    ["nothing", /no 'nothing'/],
    ["PAGE_SIZE", /lies nowhere/],
  ] as const) {
    const { dataId, description } = await info(client, { name });
    assert.equal(dataId, null);
    assert.match(description, reason);
  }
  const message = await client.failure(() => info(client, { name: "here", asAddress: true }));
  assert.match(message, /'here' is no address/);
  const [no, large, read] = await watch(client, [
    { dataId: "constructor.prototype" },
    { dataId: "0x0+1048576" },
    { dataId: "info.ring.rsp_cons", accessType: "read" },
  ]);
  assert.equal(no?.verified, false);
  assert.match(large?.message ?? "", /1 to 4096 bytes/);
  assert.match(read?.message ?? "", /Only writes/);
  await client.end();
});

test("it is known to another session by the same name, before anything is recorded", async () => {
  const client = TestClient.inProcess();
  await client.initializeRequest(VSCODE);
  const [set] = await watch(client, [{ dataId: "info.ring.rsp_cons" }]);
  assert.equal(set?.verified, true);
  await client.move(async () => {
    await client.launchRequest({ program: small } as LaunchArguments);
    await client.configurationDoneRequest();
  });
  await toStart(client);
  assert.ok((await stops(client, "continue")).length > 0);
  await client.end();
});

test("an error response and a want of grants stop the walk, and say what happened", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: troubled });
  const { body } = await client.setExceptionBreakpointsRequest({
    filters: ["errorResponse"],
    filterOptions: [{ filterId: "noGrants" }, { filterId: "none" }],
  });
  assert.deepEqual(
    body?.breakpoints?.map(({ verified }) => verified),
    [true, true, false],
  );
  await toStart(client);
  const forwards = await stops(client, "continue");
  assert.deepEqual(
    forwards.map(({ reason }) => reason),
    ["exception", "exception"],
  );
  assert.match(forwards[0]?.text ?? "", /^Error response: .*WRITE, id \d+: BLKIF_RSP_ERROR/);
  assert.match(forwards[1]?.text ?? "", /^Out of grants: .* has to wait/);
  const backwards = await stops(client, "reverseContinue");
  assert.deepEqual(backwards, forwards.toReversed());

  await client.move(() => client.customRequest("grantwalk/goTo", { step: forwards[0]?.step }));
  const told = (await client.customRequest("exceptionInfo", thread)) as {
    body: DebugProtocol.ExceptionInfoResponse["body"];
  };
  assert.equal(told.body.exceptionId, "Error response");
  await client.setExceptionBreakpointsRequest({
    filters: [],
    filterOptions: [{ filterId: "errorResponse", condition: "info->ring.req_prod_pvt > 100" }],
  });
  await toStart(client);
  assert.deepEqual(await stops(client, "continue"), []);
  await client.end();
});
