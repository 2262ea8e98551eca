// Every way in which a launch can fail, and the orders in which one can succeed.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { TestClient, VSCODE } from "./support/client.js";
import { checkout } from "./support/places.js";
import { file, small } from "./support/programs.js";

async function refused(args: object): Promise<string> {
  const client = TestClient.inProcess();
  await client.initializeRequest(VSCODE);
  const message = await client.failure(() => client.launchRequest(args));
  assert.equal(client.events("stopped").length, 0);
  await client.end();
  return message;
}

test("an unknown request is answered with an error", async () => {
  const client = TestClient.inProcess();
  await client.initializeRequest(VSCODE);
  const message = await client.failure(() => client.customRequest("nonsense"));
  assert.match(message, /does not know the request "nonsense"/);
  const attach = await client.failure(() => client.attachRequest({ __restart: false } as object));
  assert.match(attach, /nothing to attach to/);
  await client.end();
});

test("a launch without a program", async () => {
  assert.match(await refused({ noDebug: false }), /"program" is missing/);
  assert.match(await refused({ program: "  " }), /"program" is missing/);
});

test("a program that does not exist", async () => {
  assert.match(
    await refused({ program: "/nowhere/a.blkfront.json" }),
    /^\/nowhere\/a\.blkfront\.json cannot be read: no such file$/,
  );
});

test("a page size that no guest has", async () => {
  assert.match(await refused({ program: small, pageSize: "8K" }), /"pageSize".*not "8K"/);
  assert.match(await refused({ program: small, pageSize: 5000 }), /"pageSize".*not 5000/);
});

test("arguments of the wrong type", async () => {
  assert.match(await refused({ program: small, stopOnEntry: "yes" }), /"stopOnEntry"/);
  assert.match(await refused({ program: small, disk: {} }), /"disk"/);
  assert.match(await refused({ program: small, checkInvariants: 1 }), /"checkInvariants"/);
});

test("a scenario that is not JSON is refused with its line", async () => {
  const program = file("broken.blkfront.json", '{\n  "title": "x",\n  "workload": [ }\n');
  assert.match(await refused({ program }), /broken\.blkfront\.json:3:\d+: /);
});

test("a scenario that breaks the schema is refused with its path", async () => {
  const program = file("schema.blkfront.json", {
    workload: [{ submit: [{ op: "scribble", sector: 0 }] }],
  });
  assert.match(
    await refused({ program }),
    /schema\.blkfront\.json:\d+:\d+: workload\[0\]\.submit\[0\]/,
  );
});

test("a disk whose file is not beside the scenario is refused where it is named", async () => {
  const program = file("image.blkfront.json", {
    disk: { content: { file: "nowhere.img" } },
    workload: [],
  });
  assert.match(
    await refused({ program }),
    /image\.blkfront\.json:\d+:\d+: disk\.content\.file: "nowhere\.img" cannot be read: no such file/,
  );
});

test("what is impossible is refused by its name", async () => {
  const request = (changes: object): object => ({
    workload: [
      {
        submit: [
          { op: "write", sector: 0, segments: [{ page: 16, offset: 0, length: 4096 }], ...changes },
        ],
      },
    ],
  });
  const cases: [string, object, RegExp][] = [
    ["beyond", request({ segments: [{ page: 16, offset: 2048, length: 4096 }] }), /segments\[0\]/],
    ["odd", request({ segments: [{ page: 16, offset: 0, length: 100 }] }), /512/],
    ["empty", request({ segments: [] }), /segments|0 bytes/],
    ["far", request({ sector: 2 ** 40 }), /sector/],
    ["pages", { guest: { pageSize: "8K" }, workload: [] }, /pageSize/],
  ];
  for (const [name, content, expected] of cases) {
    const program = file(`${name}.blkfront.json`, content);
    const message = await refused({ program });
    assert.match(message, expected);
    assert.ok(message.startsWith(`${program}:`), message);
  }
});

test("a file that is neither a scenario nor a capture", async () => {
  assert.match(await refused({ program: file("notes.txt", "hello\n") }), /notes\.txt/);
});

test("a capture that breaks off is walked as far as it goes, and its warnings are said", async () => {
  const whole = fs.readFileSync(
    path.join(checkout, "examples", "captures", "read-1m.trace.txt"),
    "utf8",
  );
  const program = file("cut.trace.txt", whole.slice(0, Math.floor(whole.length * 0.8)));
  const client = TestClient.inProcess();
  const stop = await client.begin({ program });
  assert.equal(stop.reason, "entry");
  const warnings = client
    .events<DebugProtocol.OutputEvent>("output")
    .filter(({ body }) => body.output.startsWith("Warning: "));
  assert.ok(warnings.length > 0);
  for (const { body } of warnings) {
    assert.equal(body.category, "console");
    assert.equal(body.source?.path, program);
    assert.ok(body.output.startsWith(`Warning: ${program}:${body.line}:`), body.output);
  }
  await client.end();
});

test("a launch that failed can be repeated with another program", async () => {
  const client = TestClient.inProcess();
  await client.initializeRequest(VSCODE);
  await client.failure(() => client.launchRequest({ noDebug: false }));
  const stop = await client.move(async () => {
    await client.configurationDoneRequest();
    await client.launchRequest({ program: small } as object);
  });
  assert.equal(stop.reason, "entry");
  await client.end();
});

test("breakpoints and configurationDone may come before the launch or after it", async () => {
  for (const launchFirst of [true, false]) {
    const client = TestClient.inProcess();
    await client.initializeRequest(VSCODE);
    const stop = await client.move(async () => {
      const steps = [
        () => client.launchRequest({ program: small, stopOnEntry: false } as object),
        async () => {
          await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "get_grant" }] });
          await client.configurationDoneRequest();
        },
      ];
      if (!launchFirst) steps.reverse();
      for (const step of steps) await step();
    });
    assert.equal(stop.reason, "function breakpoint");
    await client.end();
  }
});

test("everything is answered while nothing is recorded", async () => {
  const client = TestClient.inProcess();
  await client.initializeRequest(VSCODE);
  const { body } = await client.threadsRequest();
  assert.deepEqual(
    body.threads.map(({ name }) => name),
    ["submit path", "interrupt handler", "back end"],
  );
  for (const act of [
    () => client.stackTraceRequest({ threadId: 1 }),
    () => client.continueRequest({ threadId: 1 }),
    () => client.pauseRequest({ threadId: 1 }),
    () => client.evaluateRequest({ expression: "info" }),
    () => client.variablesRequest({ variablesReference: 7 }),
  ]) {
    assert.match(await client.failure(act), /recorded yet|does not exist/);
  }
  await client.end();
});

test("without debugging the workload runs to its end and says what it printed", async () => {
  const client = TestClient.inProcess();
  await client.initializeRequest(VSCODE);
  await client.launchRequest({ program: small, noDebug: true } as object);
  await client.configurationDoneRequest();
  await client.until("end", () => client.events("terminated").length === 1);
  assert.equal(client.events("stopped").length, 0);
  assert.match(client.output("stdout"), /persistent grants/);
  await client.end();
});

test("restart records again, with new arguments where there are some", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  const pageSize = async (): Promise<string> =>
    (await client.evaluateRequest({ expression: "PAGE_SIZE" })).body.result;
  assert.equal(await pageSize(), "16384");

  const again = await client.move(() => client.customRequest("restart", {}));
  assert.equal(again.reason, "entry");
  assert.equal(await pageSize(), "16384");

  await client.move(() =>
    client.customRequest("restart", { arguments: { program: small, pageSize: "64K" } }),
  );
  assert.equal(await pageSize(), "65536");
  await client.end();
});

test("terminate ends the session, and the machine is gone", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  await client.terminateRequest();
  await client.until("end", () => client.events("terminated").length === 1);
  await client.failure(() => client.stackTraceRequest({ threadId: 1 }));
  await client.end();
});
