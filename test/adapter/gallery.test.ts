// The gallery in the debugger: what the console says at the beginning, and the way to where it goes wrong.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { Position } from "../../src/adapter/custom-requests.js";
import type { Walk } from "../../src/adapter/walk.js";
import type { EventKind } from "../../src/replay/trace-log.js";
import { TestClient, VSCODE } from "./support/client.js";
import { checkout } from "./support/places.js";
import { file, small } from "./support/programs.js";

const gallery = path.join(checkout, "examples", "gallery");
const defect = (name: string): string => path.join(gallery, "defects", `${name}.blkfront.json`);
const healthy = path.join(gallery, "paths", "direct-read.blkfront.json");

async function position(client: TestClient): Promise<Position> {
  const { body } = await client.customRequest("grantwalk/position");
  return body as Position;
}

const goToStart = (client: TestClient): Promise<unknown> =>
  client.move(() => client.customRequest("grantwalk/goTo", { step: 0 }));

for (const name of fs.readdirSync(path.join(gallery, "defects"))) {
  test(`${name}: a walk to where it goes wrong`, async () => {
    const program = path.join(gallery, "defects", name);
    let walk: Walk | undefined;
    const client = TestClient.inProcess({ onWalk: (begun) => (walk = begun) });
    const stop = await client.begin({ program, stopAt: "wrong" });
    assert.ok(walk !== undefined);
    const { scenario, recording } = walk;
    const wrong = scenario.walk?.wrong;
    assert.ok(scenario.walk && wrong);
    const said = client.output("console");
    assert.ok(said.includes(`${scenario.title}\nWatch: ${scenario.walk.watch}\n`));
    assert.match(said, /"\.wrong" goes there/);

    const { step } = await position(client);
    const stopsHere = recording.end === "bug" && step >= recording.length - 1;
    assert.equal(stop.reason, stopsHere ? "exception" : "step");
    // What it tells of has just become true.
    const kinds = recording.tracepoints.between(step, step + 2).map(({ event }) => event.kind);
    assert.ok(kinds.includes(wrong.event as EventKind), `${wrong.event} at step ${step}`);
    const task = recording.tasks.at(step);
    assert.ok(wrong.step >= 0 || task.kind === "connect");

    await goToStart(client);
    await client.move(() => client.evaluateRequest({ expression: ".wrong", context: "repl" }));
    assert.equal((await position(client)).step, step);
    await goToStart(client);
    await client.move(() => client.customRequest("grantwalk/goToWrong"));
    assert.equal((await position(client)).step, step);
    await client.end();
  });
}

test("the nth event of the step is meant", async () => {
  const grants: number[] = [];
  for (const [step, nth] of [
    [0, 1],
    [0, 2],
    [2, 1],
  ] as const) {
    const read = { op: "read", sector: 8, buffer: { page: "0x1000", length: "8K" } };
    const program = file(`landmark-${step}-${nth}.blkfront.json`, {
      walk: { watch: "Nothing.", wrong: { step, event: "grant_taken", nth } },
      workload: [{ submit: [read] }, { complete: "all" }, { submit: [read] }],
    });
    const client = TestClient.inProcess();
    await client.begin({ program, stopAt: "wrong" });
    const { body } = await client.evaluateRequest({ expression: "grant_idx" });
    grants.push(Number(body.result));
    await client.end();
  }
  assert.deepEqual(grants, [0, 1, 0]);
});

test("where nothing goes wrong there is no way to it", async () => {
  const client = TestClient.inProcess();
  const stop = await client.begin({ program: healthy, stopAt: "wrong" });
  assert.equal(stop.reason, "entry");
  const said = client.output("console");
  assert.match(said, /^A direct read of two pages\nWatch: /);
  assert.doesNotMatch(said, /goes wrong/);
  const before = await position(client);
  for (const act of [
    () => client.customRequest("grantwalk/goToWrong"),
    () => client.evaluateRequest({ expression: ".wrong", context: "repl" }),
  ]) {
    assert.match(await client.failure(act), /Nothing goes wrong in this walk/);
  }
  assert.deepEqual(await position(client), before);
  await client.end();
});

test("what does not happen on other pages is said", async () => {
  const client = TestClient.inProcess();
  const program = defect("no-indirect-on-64k-pages");
  const stop = await client.begin({ program, pageSize: "4K", stopAt: "wrong" });
  assert.equal(stop.reason, "entry");
  const missing = /while it connects does not happen in this run/;
  assert.match(client.output("console"), missing);
  const act = (): Promise<unknown> => client.customRequest("grantwalk/goToWrong");
  assert.match(await client.failure(act), missing);
  await client.end();
});

test("without being asked a walk begins at its first request, and not at what goes wrong", async () => {
  for (const stopAt of [undefined, "entry"] as const) {
    const client = TestClient.inProcess();
    const program = defect("resume-raises-the-queue-limit");
    const stop = await client.begin({ program, ...(stopAt === undefined ? {} : { stopAt }) });
    assert.equal(stop.reason, "entry");
    const { step, entry } = await position(client);
    assert.equal(step, entry);
    // Its first requests come as bios.
    assert.ok(entry > 0);
    await client.end();
  }
});

test("a scenario without a walk says nothing, and a wrong stopAt is refused", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  assert.equal(client.output("console"), "");
  await client.end();

  const other = TestClient.inProcess();
  await other.initializeRequest(VSCODE);
  const launch = (): Promise<unknown> =>
    other.launchRequest({ program: small, stopAt: "end" } as object);
  assert.match(await other.failure(launch), /"stopAt" is "entry" or "wrong"/);
  await other.end();
});

test("a list that is corrupt is shown as it is, up to the node that was deleted", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: defect("duplicated-response"), stopAt: "wrong" });
  const grants = async (): Promise<string> =>
    (await client.evaluateRequest({ expression: "info->grants" })).body.result;
  assert.equal(await grants(), "1 entry, then in a circle from [0] on");
  const stop = await client.move(() => client.continueRequest({ threadId: 1 }));
  assert.equal(stop.reason, "exception");
  assert.match(stop.text ?? "", /^Oops in get_free_grant: LIST_POISON1/);
  assert.equal(await grants(), "1 entry, the last of which was deleted");
  await client.end();
});

test("a BUG() without a condition is told as one", async () => {
  const client = TestClient.inProcess();
  const program = defect("answer-with-an-unknown-operation");
  const stop = await client.begin({ program, stopAt: "wrong" });
  assert.equal(stop.text, "kernel BUG in blkif_interrupt: BUG()");
  await client.end();
});
