// The adapter as other editors start it: a process, with the protocol on its standard streams.
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { TestClient } from "./support/client.js";
import { checkout } from "./support/places.js";
import { bug, small } from "./support/programs.js";

const folder = path.join(checkout, "out", "test", "adapter-cli");
const cli = path.join(folder, "cli.mjs");

before(async () => {
  const { stepping } = await import(
    pathToFileURL(path.join(checkout, "scripts", "stepping", "plugin.mjs")).href
  );
  await esbuild.build({
    entryPoints: [path.join(checkout, "src", "cli", "main.ts")],
    outfile: cli,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    logLevel: "warning",
    plugins: [stepping()],
  });
  fs.cpSync(path.join(checkout, "src", "core"), path.join(folder, "model"), { recursive: true });
});

function start(): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [cli, "dap"]);
}

async function exitCode(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

test("a walk over standard input and output; the process ends with the session", async () => {
  const child = start();
  const client = new TestClient(child.stdout, child.stdin);
  const stop = await client.begin({ program: small });
  assert.equal(stop.reason, "entry");
  await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  const { body } = await client.stackTraceRequest({ threadId: 1 });
  const source = body.stackFrames[0]?.source?.path ?? "";
  assert.ok(fs.existsSync(source), source);
  assert.equal((await client.evaluateRequest({ expression: "grant_idx" })).body.result, "0");
  await client.end();
  assert.equal(await exitCode(child), 0);
});

test("the kernel's last words do not reach standard output but as events", async () => {
  const child = start();
  const client = new TestClient(child.stdout, child.stdin);
  await client.begin({ program: bug });
  await client.move(() => client.continueRequest({ threadId: 1 }));
  assert.match(client.output("stderr"), /kernel BUG/);
  await client.end();
  await exitCode(child);
});

test("a client that goes away takes the process with it", async () => {
  const child = start();
  const client = new TestClient(child.stdout, child.stdin);
  await client.begin({ program: small });
  child.stdin.end();
  assert.equal(await exitCode(child), 0);
});

test("what is no protocol ends the process", async () => {
  const child = start();
  child.stdin.write("Content-Length: 3\r\n\r\n{x}");
  assert.equal(await exitCode(child), 0);
});
