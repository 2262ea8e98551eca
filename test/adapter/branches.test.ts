// The branches of a walk as a client sees them: where each parts from the scenario's own run, and where it stops.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Comparison } from "../../src/adapter/fork/compare.js";
import type { Position } from "../../src/adapter/custom-requests.js";
import { TestClient } from "./support/client.js";
import { assertGolden } from "./support/golden.js";
import { troubled } from "./support/programs.js";

const thread = { threadId: 1 };

type Stopped = DebugProtocol.StoppedEvent["body"];

/** A stop in a line, without what changes when a line of the model moves. */
async function stopText(client: TestClient, { reason, text }: Stopped): Promise<string> {
  const at = (await client.customRequest("grantwalk/position")).body as Position;
  const [statement = ""] = at.text.split("\n");
  const said = text === undefined ? "" : ` · ${text}`;
  return `${reason}${said}\n    ${at.thread}: ${at.function}: ${statement}`;
}

/** What the walk says at either end of a recording; where the kernel stops, the recording ends. */
const END = /of the recording|^(kernel BUG|Oops|The kernel hangs)/;

/** Goes to an end and tells each stop on the way, and what it says there. */
async function goTo(client: TestClient, end: "end" | "start") {
  const stops: string[] = [];
  for (;;) {
    const stop = await client.move(() =>
      end === "end" ? client.continueRequest(thread) : client.reverseContinueRequest(thread),
    );
    const text = await stopText(client, stop);
    if (END.test(stop.text ?? "")) return { stops, last: text };
    stops.push(text);
  }
}

test("branches stop where their own runs lead, and differ as they say", async () => {
  const client = TestClient.inProcess();
  const { entry } = await client
    .begin({ program: troubled })
    .then(() => client.customRequest("grantwalk/position"))
    .then(({ body }) => body as Position);
  const transcript: string[] = [];
  for (const fault of ["twice", "lost", "gone"]) {
    await client.move(() => client.customRequest("grantwalk/switchBranch", { branch: 0 }));
    await client.move(() => client.customRequest("grantwalk/goTo", { step: entry }));
    await client.move(() => client.customRequest("grantwalk/injectFault", { fault }));
    const { body } = await client.customRequest("grantwalk/compareBranches", { branch: 0 });
    const { text, step } = body as Comparison;
    // Lines and steps move with every change of the model.
    const told = text.replaceAll(/:\d+\)/g, ")").replaceAll(/\bstep \d+/g, "step …");
    transcript.push(`=== ${fault}`, told);
    await client.move(() => client.customRequest("grantwalk/goTo", { step }));
    transcript.push(await stopText(client, { reason: "there" }));
    await client.setExceptionBreakpointsRequest({ filters: ["errorResponse", "noGrants", "bug"] });
    await client.move(() => client.customRequest("grantwalk/goTo", { step: 0 }));
    const { stops, last } = await goTo(client, "end");
    assert.deepEqual((await goTo(client, "start")).stops, stops.toReversed());
    transcript.push(...stops, last);
  }
  assertGolden("branches", `${transcript.join("\n")}\n`);
  await client.end();
});
