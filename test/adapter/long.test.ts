// A long recording: progress, cancellation, and a search that others can break into.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { TestClient, VSCODE } from "./support/client.js";
import { file } from "./support/programs.js";

/** Many requests of 1 MB: millions of steps. */
const program = file("long.blkfront.json", {
  title: "long",
  guest: { maxIndirectSegments: 256 },
  disk: { sectors: 4_194_304 },
  workload: Array.from({ length: 100 }, (_, i) => [
    {
      submit: [
        {
          op: i % 2 ? "read" : "write",
          sector: i * 2048,
          segments: Array.from({ length: 256 }, (_, n) => ({
            page: 0x10000 + n,
            offset: 0,
            length: 4096,
          })),
        },
      ],
    },
    { complete: "all" },
  ]).flat(),
});

function progressId(client: TestClient): string | undefined {
  const [start] = client.events<DebugProtocol.ProgressStartEvent>("progressStart");
  return start?.body.progressId;
}

test("a long recording shows its progress and can be cut short", async () => {
  const client = TestClient.inProcess({ host: { progressAfter: 0 } });
  await client.initializeRequest(VSCODE);
  const launched = client.launchRequest({ program } as object);
  await client.until("progress", () => progressId(client) !== undefined);
  await client.customRequest("cancel", { progressId: progressId(client) });
  await launched;
  await client.move(() => client.configurationDoneRequest());
  assert.equal(client.events("progressEnd").length, 1);
  const end = await client.move(() => client.continueRequest({ threadId: 1 }));
  assert.equal(end.text, "End of the recording: it was cancelled here");
  await client.end();
});

test("a launch that is cancelled is answered so, and nothing runs", async () => {
  const client = TestClient.inProcess();
  await client.initializeRequest(VSCODE);
  const launched = client.failure(() => client.launchRequest({ program } as object));
  const request = (): DebugProtocol.Request | undefined =>
    client.messages.find(
      (message): message is DebugProtocol.Request =>
        message.type === "request" && (message as DebugProtocol.Request).command === "launch",
    );
  await client.until("launch", () => request() !== undefined);
  await client.customRequest("cancel", { requestId: request()?.seq });
  assert.equal(await launched, "cancelled");
  await client.failure(() => client.stackTraceRequest({ threadId: 1 }));
  await client.end();
});

test("pause breaks into a search, and the walk has not moved", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program });
  await client.setFunctionBreakpointsRequest({
    breakpoints: [{ name: "get_grant", condition: "gfn == 1" }],
  });
  const before = await client.customRequest("grantwalk/position");
  await client.continueRequest({ threadId: 1 });
  const stop = await client.move(() => client.pauseRequest({ threadId: 1 }));
  assert.equal(stop.reason, "pause");
  assert.deepEqual((await client.customRequest("grantwalk/position")).body, before.body);
  await client.end();
});
