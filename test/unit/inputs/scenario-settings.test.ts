import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  BackendSettings,
  DiskSettings,
  GuestSettings,
  Scenario,
} from "../../../src/core/scenario.js";
import {
  DEFAULT_BACKEND,
  DEFAULT_DISK,
  DEFAULT_GUEST,
} from "../../../src/inputs/scenario-defaults.js";
import { parseScenario } from "../../../src/inputs/scenario-file.js";
import { testWrong, type Wrong } from "./wrong-scenarios.js";

/** A scenario that says this of one group. */
const group = (name: string, fields: string): string =>
  `{ "${name}": { ${fields} }, "workload": [] }`;

function read(text: string): Scenario {
  const { scenario, problems } = parseScenario(text);
  assert.deepEqual(problems, []);
  assert.ok(scenario);
  return scenario;
}

const guest = (fields: string): GuestSettings => read(group("guest", fields)).guest;
const backend = (fields: string): BackendSettings => read(group("backend", fields)).backend;
const disk = (fields: string): DiskSettings => read(group("disk", fields)).disk;

test("the guest's kernel is as the file says", () => {
  assert.deepEqual(
    guest(`"type": "hvm", "abi": "arm", "pagesLeft": 12, "failing": ["alloc_disk", "bio_clone"]`),
    {
      ...DEFAULT_GUEST,
      type: "hvm",
      abi: "arm",
      pagesLeft: 12,
      failing: ["alloc_disk", "bio_clone"],
    },
  );
});

test("a grant table whose size is given does not grow unless the file says so", () => {
  const table = (fields: string): [number, number] => {
    const { grantTableSize, grantTableMax } = guest(fields);
    return [grantTableSize, grantTableMax];
  };
  assert.deepEqual(table(""), [512, 32768]);
  assert.deepEqual(table(`"grantTableSize": 100`), [100, 100]);
  assert.deepEqual(table(`"grantTableSize": 1024, "grantTableMax": 2048`), [1024, 2048]);
  assert.deepEqual(table(`"grantTableMax": 1024`), [512, 1024]);
});

test("the profile of the back end gives the defaults of all other keys", () => {
  assert.deepEqual(backend(""), DEFAULT_BACKEND);
  const qdisk = backend(`"profile": "qdisk"`);
  assert.equal(qdisk.maxRingPages, 16);
  assert.equal(qdisk.persistent, false);
  assert.equal(qdisk.maxIndirectSegments, null);
  assert.equal(qdisk.flush, "flush");
  assert.equal(qdisk.discard, true);
  const tapdisk = backend(`"profile": "tapdisk", "discard": true`);
  assert.equal(tapdisk.maxRingPages, 8);
  assert.equal(tapdisk.flush, "barrier");
  assert.equal(tapdisk.discard, true);
  assert.equal(tapdisk.keepsMapped, "none");
});

test("what the back end keeps and takes follows what it offers", () => {
  assert.equal(backend(`"persistent": false`).keepsMapped, "none");
  assert.equal(backend(`"persistent": false, "keepsMapped": 3`).keepsMapped, 3);
  assert.equal(backend(`"profile": "qdisk", "persistent": true`).keepsMapped, "all");
  assert.equal(backend(`"maxIndirectSegments": 32`).segmentLimit, 256);
  assert.equal(backend(`"maxIndirectSegments": null`).segmentLimit, 256);
  assert.equal(backend(`"maxIndirectSegments": 1024`).segmentLimit, 1024);
  assert.equal(backend(`"maxIndirectSegments": 100000`).segmentLimit, 4096);
  assert.equal(backend(`"profile": "qdisk"`).segmentLimit, 0);
  assert.equal(backend(`"profile": "qdisk", "maxIndirectSegments": 32`).segmentLimit, 32);
  assert.equal(backend(`"segmentLimit": 7`).segmentLimit, 7);
});

test("sizes of the back end and the disk are read as people write them", () => {
  const discard = backend(`"discardGranularity": "64K", "discardAlignment": "0x200"`);
  assert.deepEqual([discard.discardGranularity, discard.discardAlignment], [65536, 512]);
  assert.deepEqual(
    disk(`"vdev": "xvdc", "size": "2M", "sectorSize": "4K", "physicalSectorSize": "64KiB",
      "readonly": true, "removable": true, "cdrom": true`),
    {
      ...DEFAULT_DISK,
      vdev: 51744,
      sectors: 4096,
      sectorSize: 4096,
      physicalSectorSize: 65536,
      readonly: true,
      removable: true,
      cdrom: true,
    },
  );
});

test("the disk's content is a pattern, zeros or bytes", () => {
  const content = (text: string): unknown => disk(`"content": ${text}`).content;
  assert.deepEqual(content(`"zeros"`), { kind: "zeros" });
  assert.deepEqual(content(`{ "seed": 4294967295 }`), { kind: "pattern", seed: 0xffffffff });
  const bytes = Uint8Array.of(0x55, 0xaa);
  assert.deepEqual(content(`{ "bytes": "55 AA" }`), { kind: "bytes", bytes });
  assert.deepEqual(content(`{ "bytes": [85, 170] }`), { kind: "bytes", bytes });
});

test("the start is checked against the ring that both ends agree on", () => {
  const start = (backend: string): string =>
    `{ "guest": { "ringPages": 2 }, "backend": { ${backend} }, "start": { "freeIds": [63] }, "workload": [] }`;
  assert.deepEqual(parseScenario(start("")).problems, []);
  const { problems } = parseScenario(start(`"maxRingPages": 1`));
  assert.match(problems.map(({ message }) => message).join(), /ids go from 0 to 31/);
});

test("a walk says what to watch and where it goes wrong", () => {
  const walk = (text: string): unknown =>
    read(`{ "walk": ${text}, "workload": [ { "submit": [ { "op": "flush" } ] } ] }`).walk;
  assert.equal(walk("null"), null);
  assert.deepEqual(walk(`{ "watch": "the ring" }`), { watch: "the ring", wrong: null });
  assert.deepEqual(walk(`{ "watch": "x", "wrong": { "step": -1, "event": "bug" } }`), {
    watch: "x",
    wrong: { step: -1, event: "bug", nth: 1 },
  });
  assert.deepEqual(walk(`{ "watch": "x", "wrong": { "step": 0, "event": "notify", "nth": 2 } }`), {
    watch: "x",
    wrong: { step: 0, event: "notify", nth: 2 },
  });
});

const wrong: Record<string, Wrong> = {
  "a kind of guest that does not exist": {
    text: group("guest", `"type": "hmv"`),
    code: "schema.value",
    path: "guest.type",
    at: `"hmv"`,
    says: /Did you mean "hvm"/,
  },
  "a table that would shrink": {
    text: group("guest", `"grantTableSize": 1024, "grantTableMax": 512`),
    code: "grant-table",
    path: "guest.grantTableMax",
    at: "512",
    says: /at least 1024/,
  },
  "a table that grows by less than a frame": {
    text: group("guest", `"grantTableMax": 600`),
    code: "grant-table",
    path: "guest.grantTableMax",
    at: "600",
    says: /frames of 512.*write 1024/,
  },
  "a call that cannot be made to fail": {
    text: group("guest", `"failing": ["alloc_disc"]`),
    code: "schema.value",
    path: "guest.failing[0]",
    at: `"alloc_disc"`,
    says: /Did you mean "alloc_disk"/,
  },
  "a call that fails twice": {
    text: group("guest", `"failing": ["alloc_disk", "bio_clone", "alloc_disk"]`),
    code: "failing-twice",
    path: "guest.failing[2]",
    at: `"alloc_disk"`,
    says: /guest\.failing\[0\]/,
  },
  "less than no page": {
    text: group("guest", `"pagesLeft": -1`),
    code: "schema.value",
    path: "guest.pagesLeft",
    at: "-1",
    says: /at least 0/,
  },
  "a ring that the back end does not offer": {
    text: `{ "guest": { "ringPages": 16 }, "backend": { "profile": "tapdisk" }, "workload": [] }`,
    severity: "warning",
    code: "ring-pages",
    path: "guest.ringPages",
    at: "16",
    says: /offers 8 .*the ring has 8 pages/,
  },
  "several pages where the back end knows one": {
    text: `{ "guest": { "ringPages": 2 }, "backend": { "maxRingPages": null }, "workload": [] }`,
    severity: "warning",
    code: "ring-pages",
    path: "guest.ringPages",
    at: "2",
    says: /maxRingPages is null.*the ring has 1 page\./,
  },
  "a profile that does not exist": {
    text: group("backend", `"profile": "blktap"`),
    code: "schema.value",
    path: "backend.profile",
    at: `"blktap"`,
    says: /"blkback", "qdisk", "tapdisk"/,
  },
  "an offer of 3 ring pages": {
    text: group("backend", `"maxRingPages": 3`),
    code: "ring-pages",
    path: "backend.maxRingPages",
    at: "3",
    says: /power of two.*or null/,
  },
  "more segments than a request can name": {
    text: group("backend", `"segmentLimit": 4097`),
    code: "schema.value",
    path: "backend.segmentLimit",
    at: "4097",
    says: /at most 4096/,
  },
  "more segments than a request can name, agreed on": {
    text: `{ "guest": { "maxIndirectSegments": 5000 }, "backend": { "maxIndirectSegments": 5000 }, "workload": [] }`,
    severity: "warning",
    code: "indirect-segments",
    path: "guest.maxIndirectSegments",
    at: "5000",
    says: /4096 in all.*agree on 5000.*ninth frame/,
  },
  "a pool that no machine has room for": {
    text: `{ "guest": { "maxIndirectSegments": 4294967295 }, "backend": { "maxIndirectSegments": 100000 }, "workload": [] }`,
    code: "pool",
    path: "guest.maxIndirectSegments",
    at: "4294967295",
    says: /100000 segments .* a ring of 1 page .* 3206272 grants.*at most 2101248/,
  },
  "a granularity that is no size": {
    text: group("backend", `"discardGranularity": "4 pages"`),
    code: "schema.value",
    path: "backend.discardGranularity",
    at: `"4 pages"`,
    says: /number of bytes/,
  },
  "an alignment beyond 32 bits": {
    text: group("backend", `"discardAlignment": "4G"`),
    code: "number",
    path: "backend.discardAlignment",
    at: `"4G"`,
    says: /32 bits/,
  },
  "grants that are neither kept nor not": {
    text: group("backend", `"keepsMapped": "some"`),
    code: "schema.value",
    path: "backend.keepsMapped",
    at: `"some"`,
    says: /"all", "none" or a number/,
  },
  "a limit of persistent grants that is no number": {
    text: group("backend", `"maxPersistentGrants": "many"`),
    code: "schema.type",
    path: "backend.maxPersistentGrants",
    at: `"many"`,
    says: /a whole number or null/,
  },
  "blocks of 520 bytes": {
    text: group("disk", `"sectorSize": 520`),
    code: "sector-size",
    path: "disk.sectorSize",
    at: "520",
    says: /512, 1024, 2048 or 4096/,
  },
  "physical blocks of 3 KB": {
    text: group("disk", `"physicalSectorSize": "3K"`),
    code: "sector-size",
    path: "disk.physicalSectorSize",
    at: `"3K"`,
    says: /power of two/,
  },
  "a disk that cannot be counted": {
    text: group("disk", `"sectors": 17592186044417`),
    code: "disk-size",
    path: "disk.sectors",
    at: "17592186044417",
    says: /at most 17592186044416/,
  },
  "content that is neither": {
    text: group("disk", `"content": "ones"`),
    code: "schema.value",
    path: "disk.content",
    at: `"ones"`,
    says: /"zeros" or an object with "seed", "file" or "bytes"/,
  },
  "content that is two things": {
    text: group("disk", `"content": { "seed": 1, "bytes": "00" }`),
    code: "schema.step",
    path: "disk.content",
    at: `{ "seed": 1, "bytes": "00" }`,
    says: /one of "seed", "file" and "bytes"/,
  },
  "a file by its whole path": {
    text: group("disk", `"content": { "file": "/root.img" }`),
    code: "schema.value",
    path: "disk.content.file",
    at: `"/root.img"`,
    says: /from the folder of the scenario/,
  },
  "a file with a drive": {
    text: group("disk", `"content": { "file": "C:\\\\root.img" }`),
    code: "schema.value",
    path: "disk.content.file",
    at: `"C:\\\\root.img"`,
    says: /with \/ between folders/,
  },
  "a file that nobody has read": {
    text: group("disk", `"content": { "file": "root.img" }`),
    code: "disk-file-unread",
    path: "disk.content.file",
    at: `"root.img"`,
    says: /has not been read/,
  },
  "more bytes than the disk has": {
    text: group("disk", `"sectors": 1, "content": { "bytes": [${Array(513).fill(0).join()}] }`),
    code: "disk-content",
    path: "disk.content.bytes",
    at: `[${Array(513).fill(0).join()}]`,
    says: /513 bytes.*1 sector of/,
  },
  "a request that is not aligned to the disk's blocks": {
    text: `{ "disk": { "sectorSize": "4K" }, "workload": [ { "submit": [ { "op": "discard", "sector": 4, "sectors": 8 } ] } ] }`,
    severity: "warning",
    code: "misaligned",
    path: "workload[0].submit[0]",
    at: `{ "op": "discard", "sector": 4, "sectors": 8 }`,
    says: /blocks of 4 KB.*multiple of 8/,
  },
  "a request beyond the disk, past the block layer": {
    text: `{ "guest": { "blockLayer": "bypass" }, "disk": { "sectors": 8 }, "workload": [ { "submit": [ { "op": "discard", "sector": 4, "sectors": 8 } ] } ] }`,
    severity: "warning",
    code: "beyond-disk",
    path: "workload[0].submit[0].sector",
    at: "4",
    says: /ends at sector 12/,
  },
  "a walk without a word": {
    text: group("walk", `"wrong": null`),
    code: "schema.missing-key",
    path: "walk",
    at: `{ "wrong": null }`,
    says: /needs "watch"/,
  },
  "a landmark in a step that does not exist": {
    text: group("walk", `"watch": "x", "wrong": { "step": 0, "event": "bug" }`),
    code: "walk-step",
    path: "walk.wrong.step",
    at: "0",
    says: /empty, and -1 is the connection/,
  },
  "an event that is no name": {
    text: group("walk", `"watch": "x", "wrong": { "step": -1, "event": "A bug" }`),
    code: "schema.value",
    path: "walk.wrong.event",
    at: `"A bug"`,
    says: /such as grant_released/,
  },
  "a misspelt key of a landmark": {
    text: group("walk", `"watch": "x", "wrong": { "step": -1, "event": "bug", "nht": 1 }`),
    code: "schema.unknown-key",
    path: "walk.wrong.nht",
    at: `"nht"`,
    says: /Did you mean "nth"/,
  },
};

testWrong(wrong);

test("one mistake is one problem", () => {
  for (const [name, { text }] of Object.entries(wrong)) {
    const { problems } = parseScenario(text);
    assert.equal(problems.length, 1, `${name}: ${JSON.stringify(problems)}`);
  }
});
