// The adapter as other editors meet it: a process, and a client that knows no more than the specification.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { transports } from "./dap/adapter.js";
import { type Client, type Frame, type Stopped, type Variable, byteByByte } from "./dap/client.js";
import { bug, long, small } from "./dap/programs.js";

const SOURCE = path.resolve("dist/model/blkfront/patch-v2/queue-rw.ts");
const PER_GRANT = readFileSync(SOURCE, "utf8")
  .split("\n")
  .findIndex((line) => line.includes("shadow.grants_used[grant_idx] = gnt_list_entry"));

/** All that a client of version 1.71 can say of itself. */
const EVERYTHING = {
  clientID: "everything",
  clientName: "Everything",
  adapterID: "blkfront",
  locale: "en-gb",
  linesStartAt1: true,
  columnsStartAt1: true,
  pathFormat: "path",
  supportsVariableType: true,
  supportsVariablePaging: true,
  supportsRunInTerminalRequest: true,
  supportsMemoryReferences: true,
  supportsProgressReporting: true,
  supportsInvalidatedEvent: true,
  supportsMemoryEvent: true,
  supportsArgsCanBeInterpretedByShell: true,
  supportsStartDebuggingRequest: true,
  supportsANSIStyling: true,
};

const setBreakpoints = (client: Client) =>
  client.request<{ breakpoints: { id: number; verified: boolean; line: number }[] }>(
    "setBreakpoints",
    { source: { path: SOURCE }, breakpoints: [{ line: PER_GRANT + 1 }] },
  );

/**
 * As Helix begins: it launches at once, and sets its breakpoints when the adapter says that it is initialized.
 * @returns the first stop
 */
async function beginSilently(client: Client, program: string): Promise<Stopped> {
  await client.request("initialize", { adapterID: "blkfront" });
  const launched = client.request("launch", { program, cwd: path.dirname(program) });
  return client.move(async () => {
    await client.event("initialized");
    const { breakpoints } = await setBreakpoints(client);
    assert.equal(breakpoints[0]?.verified, true);
    await client.request("configurationDone");
    await launched;
  });
}

/** As clients begin that take a launch for what follows the configuration. */
async function beginAfterConfiguration(client: Client, program: string): Promise<Stopped> {
  const { supportsStepBack } = await client.request<{ supportsStepBack?: boolean }>(
    "initialize",
    EVERYTHING,
  );
  assert.equal(supportsStepBack, true);
  await client.event("initialized");
  await setBreakpoints(client);
  await client.request("setFunctionBreakpoints", { breakpoints: [{ name: "blkif_completion" }] });
  await client.request("setExceptionBreakpoints", { filters: ["bug"] });
  await client.request("configurationDone");
  return client.move(() => client.request("launch", { program }));
}

async function frames(client: Client, { threadId }: Stopped): Promise<readonly Frame[]> {
  const { stackFrames } = await client.request<{ stackFrames: Frame[] }>("stackTrace", {
    threadId,
  });
  assert.ok(stackFrames.length > 0);
  return stackFrames;
}

async function say(client: Client, expression: string): Promise<string> {
  return (await client.request<{ result: string }>("evaluate", { expression, context: "repl" }))
    .result;
}

async function step(client: Client): Promise<number> {
  return Number(/^step (\d+) of /.exec(await say(client, ".where"))?.[1]);
}

async function locals(client: Client, stop: Stopped): Promise<readonly Variable[]> {
  const [top] = await frames(client, stop);
  const { scopes } = await client.request<{
    scopes: { name: string; variablesReference: number }[];
  }>("scopes", { frameId: top?.id });
  const { variables } = await client.request<{ variables: Variable[] }>("variables", {
    variablesReference: scopes[0]?.variablesReference,
  });
  return variables;
}

for (const { name, open } of transports) {
  test(`${name}: a client that says nothing of itself gets no more than it has to`, async () => {
    const { client, over } = await open();
    const entry = await beginSilently(client, small);
    assert.equal(entry.reason, "entry");
    const stop = await client.move(() => client.request("continue", { threadId: entry.threadId }));
    assert.equal(stop.reason, "breakpoint");
    const [top] = await frames(client, stop);
    assert.deepEqual([top?.source.path, top?.line], [SOURCE, PER_GRANT + 1]);
    assert.ok(existsSync(SOURCE));
    const seen = await locals(client, stop);
    assert.equal(seen.find((one) => one.name === "grant_idx")?.value, "0");
    for (const { type, memoryReference } of seen) {
      assert.deepEqual([type, memoryReference], [undefined, undefined]);
    }
    await client.request("disconnect");
    await over();
  });

  test(`${name}: a client that says everything of itself, and launches last`, async () => {
    const { client, over } = await open();
    const entry = await beginAfterConfiguration(client, small);
    const { threadId } = entry;
    const stop = await client.move(() => client.request("continue", { threadId }));
    assert.equal(stop.reason, "breakpoint");
    const seen = await locals(client, stop);
    assert.equal(seen.find((one) => one.name === "grant_idx")?.type, "int");
    assert.ok(seen.some(({ memoryReference }) => memoryReference !== undefined));
    await client.request("terminate");
    await client.event("terminated");
    await client.request("disconnect", { restart: false, terminateDebuggee: true });
    await over();
  });

  test(`${name}: each movement goes one way, and back`, async () => {
    const { client, over } = await open();
    let stop = await beginSilently(client, small);
    const go = async (command: string, args: object = {}): Promise<number> => {
      stop = await client.move(() => client.request(command, { threadId: stop.threadId, ...args }));
      return step(client);
    };
    const entry = await step(client);

    // Over a statement, into the next and out again, as long as it takes to be in a function of the function.
    assert.ok((await go("next")) > entry);
    assert.equal(await go("stepBack"), entry);
    const outside = (await frames(client, stop)).length;
    let before = entry;
    while ((await frames(client, stop)).length === outside) {
      before = await step(client);
      assert.equal(await go("stepIn"), before + 1);
    }
    assert.equal(await go("stepBack", { granularity: "instruction" }), before);
    const inside = await go("stepIn");
    assert.ok((await go("stepOut")) > inside);
    assert.equal((await frames(client, stop)).length, outside);

    const hits: number[] = [];
    for (let i = 0; i < 7; i++) hits.push(await go("continue"));
    assert.deepEqual(
      hits,
      [...new Set(hits)].sort((a, b) => a - b),
    );
    for (const hit of hits.slice(0, -1).reverse()) {
      assert.equal(await go("reverseContinue"), hit);
      assert.equal(stop.reason, "breakpoint");
    }
    assert.equal(await go("reverseContinue"), 0);
    assert.match(stop.text ?? "", /^Start of the recording/);
    for (let i = 0; i < 11; i++) await go("continue");
    assert.match(stop.text ?? "", /^End of the recording/);
    await client.request("disconnect");
    await over();
  });

  test(`${name}: a word of the console moves the walk, and says so before the stop`, async () => {
    const { client, over } = await open();
    await beginSilently(client, small);
    const spoken = async (word: string): Promise<{ step: number; threadId: number }> => {
      const before = client.messages.length;
      const { threadId } = await client.move(() => say(client, word));
      const order = client.messages
        .slice(before)
        .map((one) => (one.type === "event" ? one.event : one.command));
      // A stop of a thread that had not been let go would be one too many for some clients.
      assert.deepEqual(order, ["evaluate", "continued", "stopped", "threads"]);
      return { step: await step(client), threadId };
    };
    const grants: { step: number; threadId: number }[] = [];
    for (let i = 0; i < 6; i++) grants.push(await spoken(".next grant"));
    assert.equal(new Set(grants.map(({ threadId }) => threadId)).size, 2, "taken, and given back");
    for (const grant of grants.slice(0, -1).reverse()) {
      assert.deepEqual(await spoken(".prev grant"), grant);
    }
    assert.equal((await spoken(".goto 100")).step, 100);
    assert.ok((await spoken(".back")).step < 100);
    assert.equal((await spoken(".reverse")).step, 0);
    await spoken(".continue");
    assert.equal(client.events<Stopped>("stopped").at(-1)?.reason, "breakpoint");
    await assert.rejects(say(client, ".goto nowhere"), /There is no step/);
    await client.request("disconnect");
    await over();
  });

  test(`${name}: messages come in pieces, and many at once`, async () => {
    const { client, over } = await open(byteByByte);
    await beginSilently(client, small);
    const missing = `${small}.ß🧩`;
    await assert.rejects(client.request("launch", { program: missing }), (error: Error) =>
      error.message.startsWith(`${missing} cannot be read`),
    );
    const answers: Promise<unknown>[] = [];
    client.together(() => {
      for (let i = 0; i < 20; i++) answers.push(client.request("threads"));
      answers.push(client.request("disconnect"));
    });
    await Promise.all(answers);
    await over();
  });

  test(`${name}: one session after another, and two at once`, async () => {
    const first = await open();
    const stop = await beginSilently(first.client, small);
    const second = await open();
    const { threadId } = await beginAfterConfiguration(second.client, bug);
    const ended = await second.client.move(() => second.client.request("continue", { threadId }));
    assert.equal(ended.reason, "exception");
    // What the kernel says is an event, and nothing beside the protocol.
    const output = second.client.events<{ category: string; output: string }>("output");
    assert.ok(output.some((one) => one.category === "stderr" && /kernel BUG/.test(one.output)));

    const entry = await step(first.client);
    await first.client.move(() => first.client.request("next", { threadId: stop.threadId }));
    assert.ok((await step(first.client)) > entry);
    for (const { client, over } of [second, first]) {
      await client.request("disconnect");
      await over();
    }
    const third = await open();
    assert.equal((await beginSilently(third.client, small)).reason, "entry");
    await third.client.request("disconnect");
    await third.over();
  });

  test(`${name}: a disconnect in the middle of a recording ends it`, async () => {
    const { client, over } = await open();
    await client.request("initialize", EVERYTHING);
    const launched = client.request("launch", { program: long });
    await client.event("progressStart");
    await client.request("disconnect");
    await assert.rejects(launched);
    await over();
  });

  test(`${name}: a client may go at any time`, async () => {
    const early = await open();
    early.leave();
    await early.over();
    const recording = await open();
    await recording.client.request("initialize", EVERYTHING);
    void recording.client.request("launch", { program: long }).catch(() => undefined);
    await recording.client.event("progressStart");
    recording.leave();
    await recording.over();
    const stopped = await open();
    await beginSilently(stopped.client, small);
    stopped.leave();
    await stopped.over();
  });
}
