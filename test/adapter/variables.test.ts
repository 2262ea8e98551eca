// Scopes, variables and memory: what is shown, that it stays where it is, and that nothing is too large.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Walk } from "../../src/adapter/walk.js";
import { TestClient, VSCODE } from "./support/client.js";
import { type Variable, children, find, next, scopes } from "./support/look.js";
import { file, indirect, small } from "./support/programs.js";

test("the scopes have the same names in the same order at every stop", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const expected = ["Locals", "Request", "Shadow entry", "info", "Ring", "Constants"];
  for (let i = 0; i < 40; i++) {
    const found = await scopes(client);
    assert.deepEqual(
      found.map(({ name }) => name),
      expected,
    );
    await client.move(() => client.customRequest("grantwalk/goTo", { step: i * 50 }));
  }
  await client.end();
});

test("a path keeps its handle from stop to stop", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  await next(client);
  const path = ["Shadow entry", "grants_used", "[0]"] as const;
  const before = await find(client, ...path);
  await next(client);
  await next(client);
  const after = await find(client, ...path);
  assert.equal(after.variablesReference, before.variablesReference);

  // A handle of the last stop gives the values of this one, without the way down to it.
  await next(client);
  const shown = await children(client, before);
  assert.deepEqual(
    shown.map(({ name }) => name),
    ["gref", "page", "node", "[nr]", "[grant entry]"],
  );
  await client.end();
});

test("names are unique among siblings, and each child has an expression that gives its value", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  for (let i = 0; i < 3; i++) await next(client);
  const queue: { name: string; variablesReference: number; depth: number }[] = (
    await scopes(client)
  ).map((scope) => ({ ...scope, depth: 0 }));
  let checked = 0;
  for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
    const found = await children(client, parent, { start: 0, count: 3 });
    const names = found.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, `${parent.name}: ${names.join()}`);
    for (const child of found) {
      const expression = child.evaluateName ?? "";
      const { body } = await client.evaluateRequest({ expression });
      assert.equal(body.result, child.value, `${parent.name}.${child.name}: ${expression}`);
      assert.equal(body.memoryReference, child.memoryReference, expression);
      checked++;
      if (child.variablesReference > 0 && parent.depth < 2) {
        queue.push({ ...child, depth: parent.depth + 1 });
      }
    }
  }
  assert.ok(checked > 400, String(checked));
  await client.end();
});

test("a grant is its gref and its page, and its entry is what the back end reads", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  await next(client);
  const grant = await find(client, "Shadow entry", "grants_used", "[0]");
  const gref = await find(client, "Shadow entry", "grants_used", "[0]", "gref");
  const page = await find(client, "Shadow entry", "grants_used", "[0]", "page");
  assert.equal(grant.value, `gref ${gref.value} · page ${page.value}`);
  assert.equal(grant.type, "struct grant *");
  assert.equal(gref.type, "grant_ref_t");
  const frame = await find(client, "Shadow entry", "grants_used", "[0]", "[grant entry]", "frame");
  assert.equal(frame.value, page.value);
  await client.end();
});

test("only the member of a ring request that is in use is shown, and its bytes", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  await next(client, "interrupt");
  const { body } = await client.stackTraceRequest({ threadId: 2 });
  assert.equal(body.stackFrames[0]?.name, "blkif_interrupt");
  const req = await client.evaluateRequest({ expression: "info->shadow[0].req" });
  const [operation, union, bytes] = await children(client, req.body);
  assert.equal(operation?.value, "6 (BLKIF_OP_INDIRECT)");
  assert.equal(bytes?.indexedVariables, 112);
  const members = await children(client, union as Variable);
  assert.deepEqual(
    members.map(({ name }) => name),
    ["indirect"],
  );
  const fields = await children(client, members[0] as Variable);
  assert.deepEqual(fields.map(({ name, value }) => [name, value]).slice(0, 4), [
    ["indirect_op", "1 (BLKIF_OP_WRITE)"],
    ["nr_segments", "24"],
    ["id", "0"],
    ["sector_number", "0"],
  ]);

  const slot = await client.evaluateRequest({ expression: "info->ring.sring->ring[0]" });
  assert.match(slot.body.result, /^response id 0/);
  const [response] = await children(client, slot.body);
  assert.equal(response?.name, "rsp");
  await client.end();
});

test("a long list is paged, and can be asked for an entry by its place", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const list = await find(client, "info", "grants");
  const count = list.indexedVariables ?? 0;
  assert.ok(count > 300, String(count));
  const page = await children(client, list, { filter: "indexed", start: 100, count: 100 });
  assert.deepEqual(
    page.map(({ name }) => name),
    Array.from({ length: 100 }, (_, i) => `[${i + 100}]`),
  );
  const last = await children(client, list, { filter: "indexed", start: count - 1, count: 100 });
  assert.equal(last.length, 1);
  assert.deepEqual(await children(client, list, { filter: "named" }), []);
  await client.end();
});

test("a client that cannot page is not given a hundred thousand rows", async () => {
  const client = TestClient.inProcess();
  const program = file("large.blkfront.json", {
    guest: { ringPages: 16, maxIndirectSegments: 256, grantTableSize: 200_000 },
    workload: [
      { submit: [{ op: "read", sector: 0, segments: [{ page: 16, offset: 0, length: 4096 }] }] },
    ],
  });
  await client.begin({ program }, { ...VSCODE, supportsVariablePaging: false });
  const list = await find(client, "info", "grants");
  assert.ok((list.indexedVariables ?? 0) > 100_000, String(list.indexedVariables));
  const rows = await children(client, list);
  assert.equal(rows.length, 1001);
  assert.equal(rows[1000]?.name, "…");
  await client.end();
});

test("a corrupted list is shown as far as it goes", async () => {
  let walk: Walk | null = null;
  const client = TestClient.inProcess({ onWalk: (begun) => (walk = begun) });
  await client.begin({ program: small });
  const { grants } = (walk as unknown as Walk).cursor.moment.machine.info;
  // As a second list_add of the same entry would leave it.
  const [first, second] = [grants.next, grants.next.next];
  second.next = first;
  first.prev = second;
  const list = await find(client, "info", "grants");
  assert.equal(list.value, "2 entries, then in a circle from [0] on");
  assert.equal((await children(client, list)).length, 2);
  await client.end();
});

test("numbers are hexadecimal for a client that wants them so", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await next(client);
  const evaluate = async (expression: string, hex = false): Promise<string> =>
    (await client.evaluateRequest({ expression, format: { hex } })).body.result;
  assert.equal(await evaluate("len"), "4096");
  assert.equal(await evaluate("len", true), "0x1000");
  assert.equal(await evaluate("len,x"), "0x1000");
  assert.equal(await evaluate("len,d", true), "4096");
  const locals = (await scopes(client))[0] as DebugProtocol.Scope;
  const rows = await children(client, locals, { format: { hex: true } });
  assert.equal(rows.find(({ name }) => name === "len")?.value, "0x1000");
  await client.end();
});

test("types and memory references are for clients that have asked for them", async () => {
  const client = TestClient.inProcess();
  await client.begin(
    { program: small },
    { ...VSCODE, supportsVariableType: false, supportsMemoryReferences: false },
  );
  const sring = await find(client, "Ring", "sring");
  assert.equal(sring.type, undefined);
  assert.equal(sring.memoryReference, undefined);
  await client.end();
});

test("the request in hand is known in every thread", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const request = async (): Promise<string> =>
    (await client.evaluateRequest({ expression: "$req" })).body.result;
  assert.match(await request(), /NULL|write/);
  await next(client);
  assert.equal(await request(), "write 19968 bytes at sector 8");
  await client.setFunctionBreakpointsRequest({
    breakpoints: [{ name: "do_block_io_op" }, { name: "blkif_completion" }],
  });
  for (const thread of [3, 2]) {
    const stop = await client.move(() => client.continueRequest({ threadId: 1 }));
    assert.equal(stop.threadId, thread);
    assert.match(await request(), /^write/);
  }
  await client.end();
});
