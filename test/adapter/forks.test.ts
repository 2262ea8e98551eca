// What is changed by hand: it runs the future again, in a branch of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { BranchList, Position } from "../../src/adapter/custom-requests.js";
import { TestClient, VSCODE } from "./support/client.js";
import { small, troubled } from "./support/programs.js";

const thread = { threadId: 1 };

async function position(client: TestClient): Promise<Position> {
  return (await client.customRequest("grantwalk/position")).body as Position;
}

async function goTo(client: TestClient, step: number): Promise<void> {
  await client.move(() => client.customRequest("grantwalk/goTo", { step }));
}

async function value(client: TestClient, expression: string): Promise<string> {
  return (await client.evaluateRequest({ expression, context: "watch" })).body.result;
}

async function say(client: TestClient, expression: string): Promise<string> {
  return (await client.evaluateRequest({ expression, context: "repl" })).body.result;
}

async function branches(client: TestClient): Promise<BranchList> {
  return (await client.customRequest("grantwalk/branches")).body as BranchList;
}

/** Sets an expression, and waits for the stop of the new branch. */
async function set(client: TestClient, expression: string, to: string) {
  let answer: DebugProtocol.SetExpressionResponse | undefined;
  await client.move(async () => {
    answer = (await client.customRequest("setExpression", {
      expression,
      value: to,
    })) as DebugProtocol.SetExpressionResponse;
  });
  return answer as DebugProtocol.SetExpressionResponse;
}

const KNOWING = { ...VSCODE, supportsInvalidatedEvent: true, supportsMemoryEvent: true };

test("a field that is set runs the future again, and the old one stays", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  const before = await position(client);
  const answer = await set(client, "info->is_ready", "0");
  assert.equal(answer.body.value, "false");
  assert.equal(client.events("invalidated").length, 1);
  assert.equal(client.events("continued").length, 0);
  assert.equal((await position(client)).step, before.step);
  assert.equal(await value(client, "info->is_ready"), "false");

  await goTo(client, before.step - 1);
  assert.equal(await value(client, "info->is_ready"), "true");
  const { branches: list, current } = await branches(client);
  assert.equal(current, 1);
  assert.deepEqual(list[1]?.fork, { parent: 0, step: before.step });
  assert.equal(list[1]?.name, "info->is_ready = 0");

  await client.move(() => client.customRequest("grantwalk/switchBranch", { branch: 0 }));
  assert.equal((await position(client)).step, before.step);
  assert.equal(await value(client, "info->is_ready"), "true");
  await client.move(() => client.customRequest("grantwalk/switchBranch", { branch: 1 }));
  // Each branch keeps its own cursor.
  assert.equal((await position(client)).step, before.step - 1);
  await client.end();
});

test("a client that does not know of invalidation is told that the walk goes on", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await set(client, "info->is_ready", "0");
  assert.equal(client.events("invalidated").length, 0);
  assert.equal(client.events("continued").length, 1);
  assert.equal(client.events<DebugProtocol.StoppedEvent>("stopped").at(-1)?.body.reason, "goto");
  await client.end();
});

test("a variable of the view is set where it stands, and what is unfolded stays unfolded", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  const frame = (await client.stackTraceRequest(thread)).body.stackFrames[0]?.id ?? 0;
  const scopes = (await client.scopesRequest({ frameId: frame })).body.scopes;
  const info = scopes.find(({ name }) => name === "info")?.variablesReference ?? 0;
  const child = (name: string) =>
    client
      .variablesRequest({ variablesReference: info })
      .then(({ body }) => body.variables.find((one) => one.name === name));
  const shadow = (await child("shadow"))?.variablesReference;
  await client.move(async () => {
    const { body } = await client.setVariableRequest({
      variablesReference: info,
      name: "persistent_gnts_c",
      value: "0x10 + 1",
    });
    assert.equal(body.value, "17");
  });
  assert.equal((await child("persistent_gnts_c"))?.value, "17");
  assert.equal((await child("shadow"))?.variablesReference, shadow);
  await client.end();
});

test("the view says which variables can be set", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  const rows = async (expression: string) => {
    const { variablesReference } = (await client.evaluateRequest({ expression })).body;
    const { body } = await client.variablesRequest({ variablesReference });
    const isSet = ({ presentationHint }: DebugProtocol.Variable) =>
      presentationHint?.attributes === undefined;
    return new Map(body.variables.map((one) => [one.name, isSet(one)]));
  };
  const ring = await rows("info->ring");
  assert.equal(ring.get("req_prod_pvt"), true);
  assert.equal(ring.get("[RING_FULL]"), false);
  const info = await rows("info");
  assert.equal(info.get("ring"), false);
  assert.equal(info.get("rq"), true);
  assert.equal((await rows("$entry(8)")).get("flags"), true);
  const hint = async (expression: string) =>
    (await client.evaluateRequest({ expression })).body.presentationHint?.attributes;
  assert.equal(await hint("info->ring.req_prod_pvt"), undefined);
  assert.deepEqual(await hint("info->ring.req_prod_pvt + 1"), ["readOnly"]);
  await client.end();
});

test("bytes are written, and the client hears of them", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  const at = (await client.evaluateRequest({ expression: "ring->sring" })).body.memoryReference;
  const old = await value(client, "ring->sring->req_event");
  await client.move(async () => {
    const answer = (await client.customRequest("writeMemory", {
      memoryReference: at,
      offset: 4,
      data: Buffer.from([0x11, 0x22, 0, 0]).toString("base64"),
    })) as DebugProtocol.WriteMemoryResponse;
    assert.equal(answer.body?.bytesWritten, 4);
  });
  const told = client.events<DebugProtocol.MemoryEvent>("memory")[0]?.body;
  assert.equal(told?.count, 4);
  assert.equal(await value(client, "ring->sring->req_event"), String(0x2211));
  await client.move(() => client.customRequest("grantwalk/switchBranch", { branch: 0 }));
  assert.equal(await value(client, "ring->sring->req_event"), old);
  await client.end();
});

test("every kind of place can be set: a flag, a pointer, a field of a slot, a byte, an enumerator", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  for (const [expression, to, shown] of [
    ["info->feature_persistent", "false", "false"],
    ["info->connected", "BLKIF_STATE_SUSPENDED", "BLKIF_STATE_SUSPENDED"],
    ["info->shadow[0].request", "NULL", "NULL"],
    ["info->shadow[0].req.operation", "3", "3"],
    ["info->shadow[0].grants_used[0]->gref", "7", "7"],
    ["$entry(8).flags", "0", "0"],
    ["$bytes(ring->sring)[1]", "0xff", "0xff"],
  ] as const) {
    await set(client, expression, to);
    const now = await value(client, expression);
    assert.ok(now.includes(shown), `${expression}: ${now}`);
  }
  assert.equal((await branches(client)).branches.length, 8);
  await client.end();
});

test("what cannot be set says why", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  for (const [expression, to, message] of [
    ["info->ring.nr_ents + 1", "1", /is computed/],
    ["PAGE_SIZE", "1", /is computed/],
    ["info->ring", "1", /whole structure/],
    ["info->ring.nr_ents", '"x"', /does not take/],
    ["info->ring.nr_ents", "nothing", /no 'nothing'/],
    ["info->shadow[0].request", "5", /takes NULL, or another struct request \*/],
    ["info->shadow[0].grants_used", "NULL", /whole array/],
    ["info->grants[0]->gref", "0x7fffffff", /no such reference/],
    ["kernel->PAGE_SIZE", "0", /the same for the whole run/],
    ["backend->private_mem", "NULL", /the same for the whole run/],
  ] as const) {
    const refused = () => client.customRequest("setExpression", { expression, value: to });
    assert.match(await client.failure(refused), message, expression);
  }
  assert.match(
    await client.failure(() =>
      client.customRequest("writeMemory", { memoryReference: "0x1000", data: "?" }),
    ),
    /not in base64/,
  );
  assert.equal((await branches(client)).branches.length, 1);
  await client.end();
});

/** The run is searched for writes to its end, wherever that is. */
async function watched(client: TestClient): Promise<void> {
  const breakpoints = [{ dataId: "info.ring.req_prod_pvt" }];
  const { body } = await client.customRequest("setDataBreakpoints", { breakpoints });
  assert.equal((body as DebugProtocol.SetDataBreakpointsResponse["body"]).breakpoints.length, 1);
}

test("a pointer that the driver follows to nowhere is an oops of the guest", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  await set(client, "ring->sring", "NULL");
  const stop = await client.move(() => client.continueRequest(thread));
  assert.equal(stop.reason, "exception");
  assert.match(
    stop.text ?? "",
    /^Oops in blkif_queue_rw_req: a value that was set by hand leads nowhere$/,
  );
  const { step, length } = await position(client);
  assert.equal(step, length - 1);
  await watched(client);
  await client.end();
});

test("a driver that has lost its disk can still be walked, and its back end be made to fail", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  await set(client, "info->gd", "NULL");
  await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  assert.equal(await value(client, "info->gd"), "NULL");
  assert.notEqual(await value(client, "info->rq"), "NULL");
  await client.customRequest("grantwalk/injectFault", { fault: "error" });
  await client.end();
});

test("a loop that a value makes endless comes to an end", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  const before = await position(client);
  await set(client, "info->ring.rsp_cons", "7");
  const { length, end } = await position(client);
  assert.equal(end, "limit");
  assert.ok(length - before.length <= 1_000_000);
  const stop = await client.move(() => client.continueRequest(thread));
  assert.match(stop.text ?? "", /as many steps as it may have/);
  await watched(client);
  await client.end();
});

test("a fault of the back end can be injected anywhere, if anything of the kind is to come", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const { entry, length } = await position(client);
  for (const fault of ["error", "unsupported", "twice", "never", "lost", "gone"]) {
    await client.move(() => client.customRequest("grantwalk/switchBranch", { branch: 0 }));
    await goTo(client, entry);
    await client.move(() => client.customRequest("grantwalk/injectFault", { fault }));
    const { text } = (await client.customRequest("grantwalk/compareBranches", { branch: 0 }))
      .body as { text: string };
    assert.match(text, /^From step \d+ on branch \d and branch 0 differ\./, fault);
  }
  await client.move(() => client.customRequest("grantwalk/switchBranch", { branch: 0 }));
  await goTo(client, length - 1);
  const none = () => client.customRequest("grantwalk/injectFault", { fault: "error" });
  assert.match(await client.failure(none), /nothing of the kind follows/);
  const unknown = () => client.customRequest("grantwalk/injectFault", { fault: "x" });
  assert.match(await client.failure(unknown), /one of error, unsupported/);
  await client.end();
});

test("a back end can be made to keep what it has mapped", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: troubled });
  await client.move(() => client.customRequest("grantwalk/injectFault", { fault: "kept" }));
  assert.equal(await value(client, "backend->settings.keepsMapped"), '"all"');
  await client.end();
});

test("an error that is injected reaches the one who asked", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await client.move(() => client.customRequest("grantwalk/injectFault", { fault: "error" }));
  await client.setExceptionBreakpointsRequest({ filters: ["errorResponse"] });
  const stop = await client.move(() => client.continueRequest(thread));
  assert.match(stop.text ?? "", /Error response/);
  await client.end();
});

test("a fork of a fork keeps what was done before it, and nothing that was done after", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  const { entry } = await position(client);
  await set(client, "$info->persistent_gnts_c", "50");
  await goTo(client, entry + 2);
  await set(client, "$info->handle", "9");
  await goTo(client, entry + 1);
  await set(client, "$info->vdevice", "77");
  await goTo(client, entry + 3);
  assert.equal(await value(client, "$info->persistent_gnts_c"), "50");
  assert.notEqual(await value(client, "$info->handle"), "9");
  assert.equal(await value(client, "$info->vdevice"), "77");
  await client.end();
});

test("the last and the next write of a value are the statements that change it", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const expression = "info->ring.req_prod_pvt";
  await client.move(() => client.customRequest("grantwalk/nextWrite", { expression }));
  const writer = await position(client);
  const old = await value(client, expression);
  await client.move(() => client.stepInRequest(thread));
  assert.notEqual(await value(client, expression), old);
  await client.move(() => client.customRequest("grantwalk/lastWrite", { expression }));
  assert.equal((await position(client)).step, writer.step);
  await goTo(client, 0);
  const none = () => client.customRequest("grantwalk/lastWrite", { expression });
  assert.match(await client.failure(none), /Nothing changes info->ring.req_prod_pvt before/);
  const local = () => client.customRequest("grantwalk/lastWrite", { expression: "1 + 1" });
  assert.match(await client.failure(local), /lies nowhere/);
  await client.end();
});

test("the debug console has a word for each of them", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await client.move(() => say(client, ".coming info->ring.req_prod_pvt"));
  await client.move(() => client.stepInRequest(thread));
  await client.move(() => say(client, ".last info->ring.req_prod_pvt"));
  await client.move(() => say(client, ".set info->is_ready = 0"));
  await client.move(() => say(client, ".inject lost"));
  assert.match(await say(client, ".branches"), /\* 2 {2}The next event of the back end is lost/);
  assert.match(await say(client, ".compare 0"), /differ/);
  await client.move(() => say(client, ".branch 0"));
  assert.match(await say(client, ".branches"), /^\* 0/);
  assert.match(await client.failure(() => say(client, ".branch 9")), /branches are 0 to 2/);
  assert.match(await client.failure(() => say(client, ".set x")), /\.set A = B/);
  await client.end();
});

test("a restart begins with the scenario's own run", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small }, KNOWING);
  await set(client, "info->is_ready", "0");
  await client.move(() => client.customRequest("restart", {}));
  assert.equal((await branches(client)).branches.length, 1);
  assert.equal(await value(client, "info->is_ready"), "true");
  await client.end();
});
