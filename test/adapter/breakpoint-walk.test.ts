// Every kind of breakpoint, there and back, as a client sees it.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Position } from "../../src/adapter/custom-requests.js";
import { TestClient } from "./support/client.js";
import { assertGolden } from "./support/golden.js";
import { lineOf, model } from "./support/places.js";
import { bug, small, troubled, twoOwners } from "./support/programs.js";

const thread = { threadId: 1 };
const QUEUE = "blkfront/patch-v2/queue-rw.ts";
const source = { path: path.join(model, QUEUE), name: QUEUE };
const perGrant = lineOf(QUEUE, "shadow.grants_used[grant_idx] = gnt_list_entry");

/** Sets breakpoints and names what is set. */
interface Kind {
  readonly name: string;
  readonly program: string;
  readonly set: (client: TestClient) => Promise<unknown>;
}

function onLine(name: string, more: Partial<DebugProtocol.SourceBreakpoint>): Kind {
  const breakpoints = [{ line: perGrant, ...more }];
  return {
    name,
    program: small,
    set: (client) => client.setBreakpointsRequest({ source, breakpoints }),
  };
}

function onFilter(filter: string, program: string): Kind {
  return {
    name: `the filter ${filter}`,
    program,
    set: (client) => client.setExceptionBreakpointsRequest({ filters: [filter] }),
  };
}

function onData(name: string, more: Partial<DebugProtocol.DataBreakpoint> = {}): Kind {
  const breakpoints = [{ dataId: "info.ring.req_prod_pvt", ...more }];
  return {
    name,
    program: small,
    set: (client) => client.customRequest("setDataBreakpoints", { breakpoints }),
  };
}

const KINDS: readonly Kind[] = [
  onLine("a line", {}),
  onLine("a condition", { condition: "grant_idx % 2 == 1" }),
  onLine("a hit count", { hitCondition: "% 4" }),
  onLine("a condition and a hit count", { condition: "grant_idx > 0", hitCondition: "2" }),
  onLine("a logpoint", { logMessage: "grant {grant_idx}" }),
  {
    name: "functions",
    program: small,
    set: (client) =>
      client.setFunctionBreakpointsRequest({
        breakpoints: [
          { name: "get_grant", hitCondition: ">= 8" },
          { name: "blkif_interrupt" },
          { name: "do_block_io_op" },
        ],
      }),
  },
  onData("data"),
  onData("data with a condition", { condition: "info->ring.req_prod_pvt == 2" }),
  onFilter("bug", bug),
  onFilter("invariant", twoOwners),
  onFilter("errorResponse", troubled),
  onFilter("noGrants", troubled),
];

/** Where the walk stands, and why. */
async function stopText(client: TestClient, stop: DebugProtocol.StoppedEvent["body"]) {
  const { body } = await client.customRequest("grantwalk/position");
  const { step, function: name, text } = body as Position;
  const why = [stop.reason, stop.text].filter((part) => part !== undefined).join(": ");
  return { step, text: `  ${name}: ${text}\n    ${why.replaceAll("\n", "\n    ")}` };
}

/** Goes on to the end of the recording in one direction. */
async function walk(client: TestClient, way: "continue" | "reverseContinue") {
  const stops: { step: number; text: string }[] = [];
  for (;;) {
    const stop = await client.move(() => client.customRequest(way, thread));
    const here = await stopText(client, stop);
    const last = stops[stops.length - 1];
    if (/of the recording/.test(stop.text ?? "") || here.step === last?.step) return stops;
    stops.push(here);
  }
}

test("every kind of breakpoint stops at the same steps from either side", async () => {
  const transcript: string[] = [];
  for (const { name, program, set } of KINDS) {
    const client = TestClient.inProcess();
    await client.begin({ program, checkInvariants: true });
    await client.setExceptionBreakpointsRequest({ filters: [] });
    await client.move(() => client.customRequest("grantwalk/goTo", { step: 0 }));
    await set(client);
    const there = await walk(client, "continue");
    const logged = client.output("console");
    const back = await walk(client, "reverseContinue");
    // The end of a kernel that stopped is where one comes from on the way back.
    const isEnd = (one: { text: string }): boolean => /kernel BUG/.test(one.text);
    assert.deepEqual(
      back.map(({ step }) => step).reverse(),
      there.filter((one) => !isEnd(one)).map(({ step }) => step),
      name,
    );
    const said = logged === "" ? [] : [logged.trimEnd().replace(/^/gm, "  | ")];
    transcript.push(`=== ${name}`, ...there.map(({ text }) => text), ...said, "");
    await client.end();
  }
  assertGolden("breakpoint-kinds", transcript.join("\n"));
});
