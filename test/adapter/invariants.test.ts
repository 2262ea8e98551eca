// An invariant that breaks stops the walk like an exception, forwards and backwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Position } from "../../src/adapter/custom-requests.js";
import { TestClient, VSCODE } from "./support/client.js";
import { bug, limits, small, twoOwners } from "./support/programs.js";

const thread = { threadId: 1 };
const TWO_OWNERS = /^pages-accounted: Page \d+ is a spare one, but also that of grant \d+ /;

async function position(client: TestClient): Promise<Position> {
  return (await client.customRequest("grantwalk/position")).body as Position;
}

test("the walk stops where an invariant broke, forwards and backwards", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: twoOwners, checkInvariants: true });
  const stop = await client.move(() => client.continueRequest(thread));
  assert.equal(stop.reason, "exception");
  assert.equal(stop.description, "Paused on a broken invariant");
  assert.match(stop.text ?? "", TWO_OWNERS);
  const { step, thread: who } = await position(client);
  assert.equal(who, "interrupt");

  const { body } = (await client.customRequest("exceptionInfo", thread)) as {
    body: DebugProtocol.ExceptionInfoResponse["body"];
  };
  assert.equal(body.exceptionId, "pages-accounted");
  assert.match(body.description ?? "", TWO_OWNERS);
  assert.equal(body.breakMode, "always");
  assert.match(body.details?.stackTrace ?? "", /blkif_interrupt \(/);
  assert.match(
    client.output("stderr"),
    new RegExp(`^Invariant broken since step ${step}: pages-accounted: Page `, "m"),
  );

  const end = await client.move(() => client.continueRequest(thread));
  assert.equal(end.description, "End of the recording");
  await client.failure(() => client.customRequest("exceptionInfo", thread));
  const back = await client.move(() => client.reverseContinueRequest(thread));
  assert.equal(back.reason, "exception");
  assert.equal((await position(client)).step, step);
  assert.equal(client.output("stderr").match(/Invariant broken/g)?.length, 1);
  await client.end();
});

test("a step over what breaks an invariant stops inside, a step onto it there", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: twoOwners, checkInvariants: true });
  await client.move(() => client.continueRequest(thread));
  const { step } = await position(client);
  const before = await client.move(() =>
    client.customRequest("stepBack", { ...thread, granularity: "instruction" }),
  );
  assert.equal(before.reason, "step");
  const onto = await client.move(() => client.stepInRequest(thread));
  assert.equal(onto.reason, "exception");
  assert.equal((await position(client)).step, step);
  await client.end();
});

test("breakpoints on the way still stop, and the filter turns the stops off", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: twoOwners, checkInvariants: true });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "blkif_completion" }] });
  const first = await client.move(() => client.continueRequest(thread));
  assert.equal(first.reason, "function breakpoint");
  const second = await client.move(() => client.continueRequest(thread));
  assert.equal(second.reason, "exception");

  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  const { body } = await client.setExceptionBreakpointsRequest({ filters: ["bug", "other"] });
  assert.deepEqual(
    body?.breakpoints?.map(({ verified }) => verified),
    [true, false],
  );
  const start = await client.move(() => client.reverseContinueRequest(thread));
  assert.equal(start.description, "Start of the recording");
  const end = await client.move(() => client.continueRequest(thread));
  assert.equal(end.description, "End of the recording");

  await client.setExceptionBreakpointsRequest({ filters: ["invariant"] });
  const again = await client.move(() => client.reverseContinueRequest(thread));
  assert.equal(again.reason, "exception");
  await client.end();
});

test("what broke when the walk begins is told there", async () => {
  for (const stopOnEntry of [true, false]) {
    const client = TestClient.inProcess();
    const stop = await client.begin({ program: limits, checkInvariants: true, stopOnEntry });
    assert.equal(stop.reason, "exception");
    assert.match(stop.text ?? "", /^limits-fit-grants: max_segments is 32, which is 512 grants, /);
    const { step, entry } = await position(client);
    assert.equal(step, entry);
    const end = await client.move(() => client.continueRequest(thread));
    assert.equal(end.description, "End of the recording");
    await client.end();
  }
});

test("without checkInvariants, and in a driver that keeps the rules, nothing stops", async () => {
  for (const args of [{ program: twoOwners }, { program: small, checkInvariants: true }]) {
    const client = TestClient.inProcess();
    const begun = await client.begin(args);
    assert.equal(begun.reason, "entry");
    const end = await client.move(() => client.continueRequest(thread));
    assert.equal(end.description, "End of the recording");
    assert.doesNotMatch(client.output("stderr"), /Invariant broken/);
    await client.end();
  }
});

test("a kernel that stops is still a BUG", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: bug, checkInvariants: true });
  const stop = await client.move(() => client.continueRequest(thread));
  assert.equal(stop.description, "Paused on BUG");
  await client.end();
});

test("a run without a walk tells what broke, and ends with 3", async () => {
  const client = TestClient.inProcess();
  await client.initializeRequest(VSCODE);
  const args = { program: twoOwners, checkInvariants: true, noDebug: true };
  await client.launchRequest(args);
  await client.configurationDoneRequest();
  await client.until("exit", () => client.events("exited").length > 0);
  const [exited] = client.events<DebugProtocol.ExitedEvent>("exited");
  assert.equal(exited?.body.exitCode, 3);
  assert.match(client.output("stderr"), /Invariant broken since step \d+: pages-accounted: /);
  await client.end();
});
