// `grantwalk dap` as a process: its port, its signals, and bytes that are not the protocol.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { AdapterProcess } from "./dap/adapter.js";
import { Client } from "./dap/client.js";
import { long } from "./dap/programs.js";

/** What is not the protocol, and what is said of it. The client holds the line, and waits. */
const GARBAGE: [string, string | Buffer, RegExp][] = [
  ["words without an end", "hello", /"hello" is no header/],
  ["a line", "hello\n", /"hello\\n" is no header/],
  ["a request of a browser", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", /is no header/],
  ["bytes of no text", Buffer.of(0, 255, 27, 155, 200), /is no header/],
  ["a header of bare line feeds", "Content-Length: 2\n\n{}", /is no header/],
  ["a header without end", `Content-Length: ${"1".repeat(300)}`, /is no header/],
  ["a header without length", "Content-Type: text\r\n\r\n{}", /has no Content-Length/],
  ["a length of no number", "Content-Length: -1\r\n\r\n{}", /"Content-Length: -1" is no length/],
  ["a length of no message", "Content-Length: 99999999999\r\n\r\n", /no message has 99999999999/],
  ["a message of no JSON", "Content-Length: 3\r\n\r\n{x}", /"\{x\}" is no JSON/],
  ["a message of no object", "Content-Length: 4\r\n\r\nnull", /"null" is no message/],
];

for (const [name, bytes, reason] of GARBAGE) {
  test(`${name} on standard input: one line that says so, and exit code 2`, async () => {
    const adapter = new AdapterProcess();
    adapter.child.stdin.write(bytes);
    assert.equal(await adapter.ended(), 2);
    assert.match(adapter.errors, /^error: .*not the Debug Adapter Protocol: .*\n$/);
    assert.match(adapter.errors, reason);
    assert.equal(adapter.output, "");
  });
}

test("garbage after a good beginning ends the session all the same", async () => {
  const adapter = new AdapterProcess();
  const { stdin, stdout } = adapter.child;
  const client = new Client(stdout, stdin);
  await client.request("initialize", { adapterID: "blkfront" });
  stdin.write("nonsense");
  assert.equal(await adapter.ended(), 2);
});

test("garbage on a connection closes that one; the others go on", async () => {
  const adapter = new AdapterProcess("--port", "0");
  const good = await adapter.connect();
  const client = new Client(good, good);
  await client.request("initialize", { adapterID: "blkfront" });
  for (const [, bytes] of GARBAGE) {
    const socket = await adapter.connect();
    socket.on("error", () => undefined);
    socket.resume().write(bytes);
    await once(socket, "close");
  }
  await client.request("threads");
  await client.request("disconnect");
  adapter.child.kill("SIGTERM");
  assert.equal(await adapter.ended(), 0);
  const [first, ...rest] = adapter.errors.trimEnd().split("\n");
  assert.match(first ?? "", /^Listening/);
  assert.equal(rest.length, GARBAGE.length);
  for (const [i, line] of rest.entries()) {
    assert.match(line, /^not the Debug Adapter Protocol: 127\.0\.0\.1:\d+: /);
    assert.match(line, GARBAGE[i]?.[2] ?? /^$/);
  }
  assert.equal(adapter.output, "");
});

test("a port that is asked for is the port that is had", async () => {
  const first = new AdapterProcess("--port", "0");
  const port = await first.port();
  const second = new AdapterProcess("--port", String(port));
  assert.equal(await second.ended(), 2);
  assert.match(second.errors, new RegExp(`^error: port ${port} is in use; .*--port 0.*\\n$`));
  first.child.kill("SIGTERM");
  assert.equal(await first.ended(), 0);

  const third = new AdapterProcess("--port", String(port));
  assert.equal(await third.port(), port);
  third.child.kill("SIGTERM");
  assert.equal(await third.ended(), 0);
});

for (const port of ["65536", "-1", "1e3", "http", "", "80.5"]) {
  test(`a port that is none: "${port}"`, async () => {
    const adapter = new AdapterProcess(`--port=${port}`);
    assert.equal(await adapter.ended(), 2);
    assert.match(adapter.errors, /error: .*--port <n>/);
    assert.match(adapter.errors, /up to 65535/);
    assert.doesNotMatch(adapter.errors, /at .*\.js:\d+/);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends it, whatever its clients are about`, async () => {
    const adapter = new AdapterProcess("--port", "0");
    const idle = await adapter.connect();
    const socket = await adapter.connect();
    const client = new Client(socket, socket);
    await client.request("initialize", { adapterID: "x", supportsProgressReporting: true });
    const launched = client.request("launch", { program: long });
    await client.event("progressStart");
    adapter.child.kill(signal);
    await assert.rejects(launched, /the adapter has gone/);
    assert.equal(await adapter.ended(), 0);
    assert.match(adapter.errors, /^Listening on 127\.0\.0\.1:\d+\n$/);
    idle.destroy();
  });
}
