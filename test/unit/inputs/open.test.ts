import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import type { FilesBeside } from "../../../src/inputs/disk-image.js";
import { checkInput, detectKind, openInput, openWithFiles } from "../../../src/inputs/open.js";
import { serializeScenario } from "../../../src/inputs/scenario-writer.js";
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

const onImage = `{
  "disk": { "sectors": 8, "content": { "file": "images/root.img" } },
  "workload": []
}`;

/** A folder with one file. */
function folder(name: string, bytes: Uint8Array): FilesBeside & { reads: number } {
  const found = (asked: string): Promise<Uint8Array> =>
    asked === name ? Promise.resolve(bytes) : Promise.reject(new Error("no such file"));
  return {
    reads: 0,
    size: async (asked) => (await found(asked)).length,
    async read(asked) {
      this.reads++;
      return found(asked);
    },
  };
}

test("the file that a disk begins with is read from beside the scenario", async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const files = folder("images/root.img", bytes);
  const { scenario, problems } = await openWithFiles("s", onImage, files);
  assert.deepEqual(problems, []);
  assert.deepEqual(scenario?.disk.content, { kind: "bytes", bytes, name: "images/root.img" });
  const text = serializeScenario(scenario);
  assert.match(text, /"content": \{ "file": "images\/root.img" \}/);
  assert.deepEqual((await openWithFiles("s", text, files)).scenario?.disk, scenario.disk);
});

test("without its bytes there is no scenario, and it says which file it needs", () => {
  const { scenario, problems, needs } = openInput("s", onImage);
  assert.equal(scenario, null);
  assert.equal(needs?.name, "images/root.img");
  assert.match(problems[0]?.message ?? "", /images\/root\.img.*not been read/);
});

test("a file that cannot be the disk's content is an error where it is named", async () => {
  const cases: [FilesBeside, RegExp][] = [
    [folder("other.img", new Uint8Array(1)), /cannot be read: no such file.*scenario's folder/],
    [folder("images/root.img", new Uint8Array(4097)), /4097 bytes.*8 sectors.*"sectors": 9/],
    [
      { ...folder("images/root.img", new Uint8Array(1)), size: () => Promise.resolve(2 ** 28 + 1) },
      /at most 256 MB/,
    ],
    [
      { ...folder("images/root.img", new Uint8Array(4097)), size: () => Promise.resolve(1) },
      /4097 bytes/,
    ],
  ];
  for (const [files, says] of cases) {
    const { scenario, problems } = await openWithFiles("s", onImage, files);
    assert.equal(scenario, null);
    assert.equal(problems.length, 1);
    assert.match(problems[0]?.message ?? "", says);
    assert.equal(problems[0]?.path, "disk.content.file");
    assert.deepEqual(problems[0]?.range.start, { line: 1, character: 47 });
  }
});

test("a scenario is checked without reading the file, and with other mistakes it is not looked for", async () => {
  const files = folder("images/root.img", new Uint8Array(4096));
  assert.deepEqual(await checkInput("s", onImage, files), []);
  assert.match((await checkInput("s", onImage, folder("x", new Uint8Array())))[0]!.message, /such/);
  const bad = onImage.replace('"workload": []', '"workload": [ { "wait": 0 } ]');
  const { problems } = await openWithFiles("s", bad, files);
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["workload[0].wait"],
  );
  assert.equal(files.reads, 0);
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
