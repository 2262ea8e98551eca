// The model's sources: by path where the client can open one, else as text.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { TestClient } from "./support/client.js";
import { lineOf, model } from "./support/places.js";
import { small } from "./support/programs.js";

const QUEUE = "blkfront/patch-v2/queue-rw.ts";

async function source(client: TestClient): Promise<DebugProtocol.Source> {
  await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  const { body } = await client.stackTraceRequest({ threadId: 1 });
  return body.stackFrames[0]?.source ?? {};
}

test("a frame names the file that ships with the adapter, at the very statement", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  assert.deepEqual(await source(client), { name: QUEUE, path: path.join(model, QUEUE) });
  const { body } = await client.stackTraceRequest({ threadId: 1 });
  for (const frame of body.stackFrames) {
    const text = fs.readFileSync(frame.source?.path ?? "", "utf8").split("\n");
    assert.match(text[frame.line - 1]?.slice(frame.column - 1) ?? "", /^\S/, frame.name);
  }
  const [innermost] = body.stackFrames;
  assert.equal(innermost?.name, "blkif_setup_rw_req_grant");

  const part = await client.stackTraceRequest({ threadId: 1, startFrame: 1, levels: 1 });
  assert.deepEqual(part.body.stackFrames, body.stackFrames.slice(1, 2));
  assert.equal(part.body.totalFrames, body.stackFrames.length);
  await client.end();
});

test("where no path can be opened the text is given, and breakpoints still stand", async () => {
  const client = TestClient.inProcess({ host: { sourcePath: () => null } });
  await client.begin({ program: small });
  const shown = await source(client);
  assert.equal(shown.path, undefined);
  assert.ok((shown.sourceReference ?? 0) > 0);
  const { body } = await client.customRequest("source", {
    source: shown,
    sourceReference: shown.sourceReference,
  });
  assert.equal(body.content, fs.readFileSync(path.join(model, QUEUE), "utf8"));

  const line = lineOf(QUEUE, "shadow.grants_used[grant_idx] = gnt_list_entry");
  const set = await client.setBreakpointsRequest({ source: shown, breakpoints: [{ line }] });
  assert.equal(set.body.breakpoints[0]?.verified, true);
  assert.equal(
    (await client.move(() => client.continueRequest({ threadId: 1 }))).reason,
    "breakpoint",
  );

  await client.failure(() => client.customRequest("source", { sourceReference: 10_000 }));
  await client.end();
});

test("all sources are listed", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: small });
  const { body } = await client.customRequest("loadedSources");
  const names = (body.sources as DebugProtocol.Source[]).map(({ name }) => name);
  assert.ok(names.includes(QUEUE));
  assert.equal(new Set(names).size, names.length);
  await client.end();
});
