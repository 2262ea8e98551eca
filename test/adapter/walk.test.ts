// A whole walk, grant by grant, to the end and back again, as a client sees it.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { TestClient } from "./support/client.js";
import { assertGolden } from "./support/golden.js";
import { checkout } from "./support/places.js";
import { small } from "./support/programs.js";

const THREADS = ["", "submit path", "interrupt handler", "back end"];

/** The variables of a scope, or of a path below it, as `name = value` on a line. */
async function shown(
  client: TestClient,
  parent: { variablesReference: number },
  keep: (name: string) => boolean = () => true,
  args: Partial<DebugProtocol.VariablesArguments> = {},
): Promise<string> {
  const { variablesReference } = parent;
  const { body } = await client.variablesRequest({ variablesReference, ...args });
  return body.variables
    .filter(({ name }) => keep(name))
    .map(({ name, value }) => `${name} = ${value}`)
    .join(", ");
}

/** One stop: who runs, and what has become of the request, the entry, the ring and the pool. */
async function stopText(client: TestClient, threadId: number): Promise<string> {
  const { body } = await client.stackTraceRequest({ threadId });
  const frameId = body.stackFrames[0]?.id ?? 0;
  const scopes = (await client.scopesRequest({ frameId })).body.scopes;
  const scope = (name: string): DebugProtocol.Scope =>
    scopes.find((one) => one.name === name) as DebugProtocol.Scope;
  const grants = (await client.evaluateRequest({ expression: "info->grants" })).body;
  const head = { filter: "indexed", start: 0, count: 3 } as const;
  return [
    `${THREADS[threadId]}: ${body.stackFrames[0]?.name}`,
    `  Locals: ${await shown(client, scope("Locals"), (name) => !/^(k|claimed)$/.test(name))}`,
    `  Request: ${await shown(client, scope("Request"), (name) => /cmd_flags|sector|len|error/.test(name))}`,
    `  Shadow entry: ${await shown(client, scope("Shadow entry"))}`,
    `  Ring: ${await shown(client, scope("Ring"))}`,
    `  info: ${await shown(client, scope("info"), (name) => /^(grants|persistent_gnts_c|shadow_free)$/.test(name))}`,
    `  info->grants: ${await shown(client, grants, undefined, head)}`,
    "",
  ].join("\n");
}

/** Stops at each landmark of a kind, in one direction, to the end of the recording. */
async function walk(client: TestClient, way: "next" | "previous", what: string): Promise<string[]> {
  const stops: string[] = [];
  for (;;) {
    const stop = await client.move(() => client.customRequest(`grantwalk/${way}`, { what }));
    if (stop.text !== undefined) return stops;
    stops.push(await stopText(client, stop.threadId ?? 0));
  }
}

test("a walk forwards reads as it should, and backwards the same", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const transcript: string[] = [];
  for (const what of ["grant", "interrupt"]) {
    await client.move(() => client.customRequest("grantwalk/goTo", { step: 0 }));
    const there = await walk(client, "next", what);
    transcript.push(`=== every ${what}\n`, ...there);
    assert.deepEqual((await walk(client, "previous", what)).reverse(), there);
  }
  assertGolden("small-walk", transcript.join("\n"));
  await client.end();
});

test("a capture of a live guest is walked as it is, and on larger pages", async () => {
  const program = path.join(checkout, "examples", "captures", "write-48k.trace.txt");
  const values: Record<string, string[]> = {};
  for (const pageSize of ["4K", "64K"]) {
    const client = TestClient.inProcess();
    await client.begin({ program, pageSize });
    await client.setFunctionBreakpointsRequest({
      breakpoints: [
        { name: "blkif_setup_rw_req_grant", condition: "setup->ring_req->operation == 6" },
      ],
    });
    const pieces: string[] = [];
    for (;;) {
      const stop = await client.move(() => client.continueRequest({ threadId: 1 }));
      if (stop.reason !== "function breakpoint") break;
      const { body } = await client.evaluateRequest({ expression: "len" });
      pieces.push(body.result);
    }
    values[pageSize] = pieces;
    await client.end();
  }
  // 48 KB in pieces of 4 KB, whatever the guest's pages.
  assert.deepEqual(
    values["4K"],
    Array.from({ length: 12 }, () => "4096"),
  );
  assert.deepEqual(values["64K"], values["4K"]);
});
