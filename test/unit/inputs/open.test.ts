import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { detectKind, openInput } from "../../../src/inputs/open.js";
import { capture } from "./captures.js";

const small = `{ "workload": [ { "submit": [ { "op": "flush" } ] } ] }`;

test("the content decides what a file is, not its name", () => {
  assert.equal(openInput("trace.txt", small).kind, "scenario");
  assert.equal(openInput("x.blkfront.json", capture("r4k")).kind, "capture");
  assert.equal(detectKind(`// a comment\n /* more */ ${small}`), "scenario");
  assert.equal(detectKind("hello"), null);
  assert.equal(detectKind(""), null);
});

test("bytes and text give the same", () => {
  const text = capture("u512");
  assert.deepEqual(
    openInput("t", new TextEncoder().encode(text)).scenario,
    openInput("t", text).scenario,
  );
  const utf16 = new Uint8Array(Buffer.from(`\uFEFF${small}`, "utf16le"));
  assert.ok(openInput("x.blkfront.json", utf16).scenario);
  const marked = new Uint8Array(Buffer.from(`\uFEFF${small}`, "utf8"));
  assert.ok(openInput("x.blkfront.json", marked).scenario);
});

test("a scenario without a title has the file's name", () => {
  assert.equal(openInput("/a/b/first.blkfront.json", small).scenario?.title, "first");
  assert.equal(openInput("C:\\b\\second.json", small).scenario?.title, "second");
});

test("the page size is one option, for scenarios and captures", () => {
  const opened = openInput("trace.txt", capture("w48k"), { pageSize: "64K" });
  assert.equal(opened.scenario?.guest.pageSize, 65536);
  assert.equal(openInput("s", small, { pageSize: 16384 }).scenario?.guest.pageSize, 16384);
  const refused = openInput("s", small, { pageSize: "8K" });
  assert.equal(refused.scenario, null);
  assert.match(refused.problems[0]?.message ?? "", /"4K", "16K" or "64K"/);
});

test("what is neither is refused with what was expected", () => {
  const cases: [string, Uint8Array | string, RegExp][] = [
    ["empty.txt", "", /empty/],
    ["empty.blkfront.json", "", /empty/],
    ["x", "hello", /neither a scenario/],
    ["notes.txt", "hello\nworld\n", /no capture.*expected/],
    ["blk.0", Uint8Array.from([7, 0x74, 0x61, 0x65, 0, 0, 0, 0]), /blktrace/],
    ["trace.txt.gz", gzipSync(capture("r4k")), /gzip/],
    ["disk.img", new Uint8Array(1024), /binary/],
    ["t.txt", "# tracer: nop\n#\n", /no events/],
    ["t.txt", "#== xenblk-capture 1\n# start: x\n", /ends within its header/],
  ];
  for (const [name, content, says] of cases) {
    const { scenario, problems } = openInput(name, content);
    assert.equal(scenario, null, name);
    assert.match(problems.map(({ message }) => message).join(" "), says, name);
  }
});

test("no bytes make it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, name) => {
      const { scenario, problems } = openInput(name, bytes);
      assert.equal(scenario, null);
      assert.ok(problems.length > 0);
    }),
  );
  const text = capture("w48k");
  fc.assert(
    fc.property(fc.nat(text.length), fc.uint8Array({ maxLength: 40 }), (at, bytes) => {
      const noise = String.fromCharCode(...bytes);
      openInput("t", text.slice(0, at) + noise + text.slice(at + noise.length));
    }),
    { numRuns: 60 },
  );
});

test("every example opens without a complaint", () => {
  const root = path.resolve("examples");
  const files = [
    ...readdirSync(root),
    ...readdirSync(path.join(root, "captures")).map((f) => `captures/${f}`),
  ];
  const inputs = files.filter((file) => /\.blkfront\.json$|\.trace\.txt$/.test(file));
  assert.equal(inputs.length, 5);
  for (const file of inputs) {
    for (const pageSize of [4096, 16384, 65536] as const) {
      const opened = openInput(file, readFileSync(path.join(root, file)), { pageSize });
      assert.deepEqual(opened.problems, [], file);
      assert.ok(opened.scenario);
    }
  }
});
