// The command line as a process: what it prints, what it writes, and how it ends.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(path.join(tmpdir(), "grantwalk-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const CAPTURE = path.resolve("examples/captures/write-48k.trace.txt");

/** Runs `grantwalk` in the temporary folder. */
function grantwalk(...args: string[]) {
  const cli = path.resolve("dist/cli.mjs");
  const run = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

function file(name: string, content: unknown): string {
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 1);
  writeFileSync(path.join(folder, name), text);
  return name;
}

const write = (segment: object, more: object = {}) => ({
  ...more,
  workload: [{ submit: [{ op: "write", sector: 0, segments: [segment] }] }, { complete: "all" }],
});

test("help names every command", () => {
  const { code, out } = grantwalk("--help");
  assert.equal(code, 0);
  for (const command of ["run", "import", "matrix", "golden", "dap"])
    assert.match(out, new RegExp(command));
});

test("a call that makes no sense ends with 2 and a hint", () => {
  for (const args of [["frobnicate"], ["run"], ["run", "x", "--page-size", "8K"]]) {
    const { code, err } = grantwalk(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, /error: /);
    assert.match(err, /--help/);
    assert.doesNotMatch(err, /at .*\.js:\d+/);
  }
});

test("run lists what became of each request, without colours into a pipe", () => {
  const { code, out } = grantwalk("run", CAPTURE);
  assert.equal(code, 0);
  assert.match(out, /1 +write +4096 +49152 +INDIRECT WRITE +0 +5 +12 \(2 new\) +49152 +13 +ok/);
  assert.ok(!out.includes("\x1b"));
});

const gallery = (name: string): string => path.resolve("examples/gallery", `${name}.blkfront.json`);

test("run tells requests that a resume took the bios of from those that it made", () => {
  const { out } = grantwalk("run", gallery("paths/resume-with-requests-in-flight"));
  assert.match(out, /^1\.0 +write +0 +65536 .* set aside$/m);
  assert.match(out, /^1\.1 +write +0 +65536 .* ok$/m);
  assert.match(out, /^3\.1 +flush +0 +FLUSH_DISKCACHE .* ok$/m);
  assert.match(out, /\n\nAll 4 requests ended well\.\n$/);
});

test("run names all that was merged into a request", () => {
  const { out } = grantwalk("run", gallery("paths/bios-merged"));
  assert.match(out, /^2\+1\+3\+4 +write +64 +49152 /m);
});

test("run says what the back end said, after the kernel, and how each request ended", () => {
  const { out } = grantwalk("run", gallery("paths/purge-of-persistent-grants"));
  assert.match(
    out,
    /\n\nThe kernel said:\n(  .*\n)+\nThe back end said:\n  the guest is using the maximum .*\n/,
  );
  const cut = grantwalk("run", gallery("defects/resume-cuts-a-bio-wrongly")).out;
  assert.match(
    cut,
    /How the requests ended:\n  1 write: ended well, though only 512 of its 2048 sectors were moved\n$/,
  );
  const of = (id: number) => ({
    id,
    op: "write",
    sector: 8 * id,
    buffer: { page: 256 * id, length: "4K" },
  });
  const mixed = file("mixed.blkfront.json", {
    workload: [
      { submit: [of(1), of(2), of(3)] },
      { complete: [{ id: 1 }, { id: 2, status: "error" }] },
      { remove: true },
      { submit: [of(4)] },
    ],
  });
  const { out: ended, code } = grantwalk("run", mixed);
  assert.equal(code, 1);
  assert.match(
    ended,
    /How the requests ended:\n  2 write: ended with -EIO\n  3 write: never ended\n  4 write: was not submitted\n  the other one: well\n$/,
  );
});

test("run writes every tracepoint as a line of JSON", () => {
  const { code } = grantwalk("run", CAPTURE, "--events", "events.jsonl");
  assert.equal(code, 0);
  const lines = readFileSync(path.join(folder, "events.jsonl"), "utf8").trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as { kind: string; gref?: number });
  const taken = events.filter(({ kind }) => kind === "grant_taken").map(({ gref }) => gref);
  assert.deepEqual(taken, [151, 150, 149, 148, 147, 146, 145, 144, 143, 11, 76, 75]);
});

test("run ends with 1 and the kernel's words where it stops", () => {
  const segments = [4096, 4097, 4098].map((page) => ({ page, offset: 0, length: 512 }));
  const name = file("bug.blkfront.json", {
    guest: { pageSize: "64K", blockLayer: "bypass" },
    workload: [{ submit: [{ op: "read", sector: 0, segments }] }],
  });
  const { code, err } = grantwalk("run", name);
  assert.equal(code, 1);
  assert.match(err, /kernel BUG in blkif_queue_rw_req: info->max_indirect_segments && /);
});

/** The back end unmaps an indirect frame, whose page then has two owners; a resume falls over that. */
const twoOwners = (...more: object[]) => ({
  guest: { pageSize: "64K" },
  backend: { keepsMapped: "none" },
  workload: [
    { submit: [{ op: "read", sector: 0, segments: [{ page: 4096, offset: 0, length: "64K" }] }] },
    { complete: "all" },
    ...more,
  ],
});

test("run --check ends with 0 where a live guest's requests keep every rule", () => {
  const { code, out } = grantwalk("run", CAPTURE, "--check");
  assert.equal(code, 0);
  assert.match(out, /\nAll 12 invariants hold\.\n$/);
});

test("run --check ends with 3 and says which rule broke, where, and since which event", () => {
  const name = file("owners.blkfront.json", twoOwners());
  assert.equal(grantwalk("run", name).code, 0);
  const { code, out } = grantwalk("run", name, "--check", "--events", "owners.jsonl");
  assert.equal(code, 3);
  const found =
    /\n1 of 12 invariants broken:\n {2}pages-accounted: task 3 \(interrupt of workload\[1\]\), request 1, event (\d+) id_recycled\n {4}Page \d+ is a spare one, but also that of grant \d+ \(no reference\)\.\n$/.exec(
      out,
    );
  assert.ok(found, out);
  const lines = readFileSync(path.join(folder, "owners.jsonl"), "utf8").split("\n");
  assert.match(lines[Number(found[1])] ?? "", /^\{"kind":"id_recycled","task":3,/);
});

test("run --check ends with 1 where the kernel stops over what was broken before", () => {
  const { code, out, err } = grantwalk(
    "run",
    file("stops.blkfront.json", twoOwners({ resume: {} })),
    "--check",
  );
  assert.equal(code, 1);
  assert.match(out, /pages-accounted: task 3 /);
  assert.match(err, /kernel BUG in blkif_free: info->feature_persistent/);
});

const page = { page: 4096, offset: 0 };
const BAD: [string, unknown, RegExp][] = [
  ["text.blkfront.json", '{ "workload": [', /^text\.blkfront\.json:1:\d+: error: /],
  [
    "operation.blkfront.json",
    { workload: [{ submit: [{ op: "wirte", sector: 0, segments: [] }] }] },
    /workload\[0\]\.submit\[0\]\.op: .*"write"/,
  ],
  [
    "beyond.blkfront.json",
    write({ page: 4096, offset: 512, length: 4096 }, { guest: { pageSize: "4K" } }),
    /^beyond\.blkfront\.json:\d+:\d+: error: workload\[0\]\.submit\[0\]\.segments\[0\]\.length: .*3584/,
  ],
  ["odd.blkfront.json", write({ ...page, length: 1000 }), /length: 1000 bytes .*512 or 1024/],
  ["zero.blkfront.json", write({ ...page, length: 0 }), /length: 0 bytes .*at least 512/],
  [
    "disk.blkfront.json",
    { ...write({ ...page, length: 8192 }), disk: { sectors: 8 } },
    /sector: .*8 sectors/,
  ],
  [
    "eight.blkfront.json",
    write({ ...page, length: 4096 }, { guest: { pageSize: "8K" } }),
    /guest\.pageSize: .*"4K", "16K" or "64K"/,
  ],
  ["empty.txt", "", /empty\.txt:1:1: error: The file is empty/],
  ["rubbish.txt", "\x00\x01\x02", /binary/],
];

for (const [name, content, expected] of BAD) {
  test(`run ends with 2 and says where and what: ${name}`, () => {
    const { code, err } = grantwalk("run", file(name, content));
    assert.equal(code, 2);
    assert.match(err, expected);
  });
}

const onImage = (name: string, sectors = 16) =>
  write({ ...page, length: 4096 }, { disk: { sectors, content: { file: name } } });

test("run reads the file that the disk begins with", () => {
  mkdirSync(path.join(folder, "images"), { recursive: true });
  writeFileSync(path.join(folder, "images", "root.img"), new Uint8Array(8192));
  const name = file("images.blkfront.json", onImage("images/root.img"));
  assert.deepEqual(grantwalk("run", name).err, "");
  const other = path.join(folder, "images", "copy.blkfront.json");
  assert.equal(grantwalk("import", name, "-o", other).code, 0);
  assert.match(readFileSync(other, "utf8"), /"file": "root\.img"/);
  assert.equal(grantwalk("run", other).code, 0);
});

test("run says at its place what is wrong with the disk's file", () => {
  writeFileSync(path.join(folder, "long.img"), new Uint8Array(8193));
  writeFileSync(path.join(folder, "huge.img"), "");
  truncateSync(path.join(folder, "huge.img"), 256 * 1024 ** 2 + 1);
  const cases: [string, RegExp][] = [
    ["nowhere.img", /disk\.content\.file: "nowhere\.img" cannot be read: no such file/],
    [".", /disk\.content\.file: "\." cannot be read: it is no file/],
    ["long.img", /"long\.img" has 8193 bytes, but the disk has 16 sectors.*"sectors": 17/],
    ["huge.img", /"huge\.img" has 268435457 bytes.*at most 256 MB/],
    ["/etc/passwd", /disk\.content\.file: file is .* a path from the folder of the scenario/],
  ];
  for (const [name, says] of cases) {
    const { code, err } = grantwalk("run", file("image.blkfront.json", onImage(name)));
    assert.equal(code, 2, name);
    assert.match(err, says);
    assert.match(err, /^image\.blkfront\.json:\d+:\d+: error: /);
  }
});

test("run ends with 2 for a file that is not there", () => {
  const { code, err } = grantwalk("run", "nowhere.txt");
  assert.equal(code, 2);
  assert.match(err, /^nowhere\.txt: error: no such file/);
});

test("a truncated capture is run as far as it goes, with the line in a warning", () => {
  const text = readFileSync(CAPTURE, "utf8");
  const cut = text.slice(0, text.lastIndexOf("end_gref_ret"));
  const { code, out, err } = grantwalk("run", file("cut.trace.txt", cut));
  assert.equal(code, 0);
  assert.match(err, /^cut\.trace\.txt:\d+:1: warning: /);
  assert.match(out, /INDIRECT WRITE/);
});

test("import writes a scenario that runs as the capture does", () => {
  const imported = grantwalk("import", CAPTURE, "-o", "out.blkfront.json");
  assert.equal(imported.code, 0);
  assert.equal(grantwalk("run", "out.blkfront.json").out, grantwalk("run", CAPTURE).out);
});

test("import lays the same buffers on larger pages", () => {
  const { code, out } = grantwalk("import", CAPTURE, "-o", "-", "--page-size", "64K");
  assert.equal(code, 0);
  assert.match(out, /"pageSize": "64K"/);
  assert.match(out, /\{ "page": "0x1fbd4", "offset": 12288, "length": 49152 \}/);
});

test("golden says where there is nothing to compare", () => {
  const { code, err } = grantwalk("golden", ".");
  // The scenarios of the other tests are JSON files, but no recorded cases.
  assert.notEqual(code, 0);
  assert.equal(grantwalk("golden", "nowhere").code, 2);
  assert.doesNotMatch(err, /at .*\.js:\d+/);
});

test("dap ends by itself when its client has gone", () => {
  const { code, out } = grantwalk("dap");
  assert.equal(code, 0);
  assert.equal(out, "");
});
