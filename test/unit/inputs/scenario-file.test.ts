import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseScenario } from "../../../src/inputs/scenario-file.js";
import { testWrong, type Wrong } from "./wrong-scenarios.js";

test("a small scenario gets everything else by default", () => {
  const { scenario, problems } = parseScenario(
    `{ "workload": [
      { "submit": [{ "op": "write", "segments": [{ "page": "0x1000", "length": "4K" }] }] },
      { "complete": "all" }
    ] }`,
    { title: "small" },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(scenario, {
    title: "small",
    guest: {
      type: "pv",
      pageSize: 4096,
      abi: "x86_64",
      ringPages: 1,
      maxIndirectSegments: 32,
      grantTableSize: 512,
      grantTableMax: 32768,
      blockLayer: "split",
      pagesLeft: null,
      failing: [],
    },
    backend: {
      profile: "blkback",
      maxRingPages: 16,
      persistent: true,
      maxIndirectSegments: 256,
      segmentLimit: 256,
      flush: "both",
      discard: true,
      discardGranularity: 4096,
      discardAlignment: 0,
      discardSecure: false,
      keepsMapped: "all",
      maxPersistentGrants: 1056,
    },
    disk: {
      vdev: 51712,
      sectors: 1048576,
      sectorSize: 512,
      physicalSectorSize: null,
      readonly: false,
      removable: false,
      cdrom: false,
      content: { kind: "pattern", seed: 0 },
    },
    start: null,
    walk: null,
    workload: [
      {
        submit: [
          {
            id: 1,
            op: "write",
            fua: false,
            preflush: false,
            sector: 0,
            sectors: 8,
            segments: [{ page: 4096, offset: 0, length: 4096 }],
          },
        ],
      },
      { complete: [{ id: 1, status: "okay" }] },
    ],
  });
});

test("sizes and numbers are read as people write them", () => {
  const { scenario, problems } = parseScenario(`{
    // comments, trailing commas, and both ways to say a number
    "guest": { "pageSize": "64KiB" },
    "backend": { "persistent": false, "keepsMapped": 8 },
    "disk": { "vdev": "xvdb", "size": "1G" },
    "start": { "ringIndex": "0xfffffffe" },
    "workload": [
      { "submit": [
        { "op": "read", "sector": "0x800", "segments": [{ "page": 16, "offset": "0x200", "length": "1 KB" }] },
        { "op": "discard", "sector": 0, "sectors": "16" },
        { "op": "flush" },
      ] },
      { "complete": [2, { "id": 1, "status": "error" }] },
    ],
  }`);
  assert.deepEqual(problems, []);
  assert.equal(scenario?.guest.pageSize, 65536);
  assert.equal(scenario.backend.keepsMapped, 8);
  assert.equal(scenario.disk.vdev, 51728);
  assert.equal(scenario.disk.sectors, 2097152);
  assert.equal(scenario.start?.ringIndex, 0xfffffffe);
  const [submit, complete] = scenario.workload;
  assert.ok(submit && "submit" in submit && complete && "complete" in complete);
  assert.equal(submit.submit[0]?.sector, 2048);
  assert.deepEqual(submit.submit[0]?.segments, [{ page: 16, offset: 512, length: 1024 }]);
  assert.equal(submit.submit[1]?.sectors, 16);
  assert.deepEqual(complete.complete, [
    { id: 2, status: "okay" },
    { id: 1, status: "error" },
  ]);
});

test("a back end without persistent grants keeps nothing mapped unless it is told to", () => {
  const { scenario } = parseScenario(`{ "backend": { "persistent": false }, "workload": [] }`);
  assert.equal(scenario?.backend.keepsMapped, "none");
});

test("a buffer is cut at the pages", () => {
  const { scenario, problems } = parseScenario(`{ "workload": [ { "submit": [
    { "op": "read", "buffer": [
      { "page": "0x10", "offset": 1024, "length": "8K" },
      { "page": "0x99", "length": 512 } ] } ] } ] }`);
  assert.deepEqual(problems, []);
  const step = scenario?.workload[0];
  assert.ok(step && "submit" in step);
  assert.deepEqual(step.submit[0]?.segments, [
    { page: 16, offset: 1024, length: 3072 },
    { page: 17, offset: 0, length: 4096 },
    { page: 18, offset: 0, length: 1024 },
    { page: 0x99, offset: 0, length: 512 },
  ]);
});

const request = (fields: string): string =>
  `{ "workload": [ { "submit": [ { "op": "write", ${fields} } ] } ] }`;
const segment = (fields: string, pageSize = "4K"): string =>
  `{ "guest": { "pageSize": "${pageSize}" }, "workload": [ { "submit": [ { "op": "write",
    "segments": [ { "page": 1, "length": 512 }, { ${fields} } ] } ] } ] }`;
const ofSegment = "workload[0].submit[0].segments[1]";

const wrong: Record<string, Wrong> = {
  "not JSON": {
    text: `{ "workload": [ nothing ] }`,
    code: "json",
    path: "",
    at: "nothing",
    says: /double quotes/,
  },
  "a missing brace": {
    text: `{ "workload": []`,
    code: "json",
    path: "",
    at: "",
    says: /closing brace/,
  },
  "a misspelt key": {
    text: `{ "guest": { "pagesize": "4K" }, "workload": [] }`,
    code: "schema.unknown-key",
    path: "guest.pagesize",
    at: `"pagesize"`,
    says: /Did you mean "pageSize"/,
  },
  "no workload": {
    text: `{ "title": "x" }`,
    code: "schema.missing-key",
    path: "",
    at: `{ "title": "x" }`,
    says: /"workload"/,
  },
  "an operation that does not exist": {
    text: `{ "workload": [ { "submit": [ { "op": "wirte" } ] } ] }`,
    code: "schema.value",
    path: "workload[0].submit[0].op",
    at: `"wirte"`,
    says: /Did you mean "write"/,
  },
  "a key said twice": {
    text: `{ "workload": [], "workload": [] }`,
    code: "repeated-key",
    path: "",
    at: `"workload"`,
    says: /twice/,
  },
  "both submit and complete": {
    text: `{ "workload": [ { "submit": [ { "op": "flush" } ], "complete": [] } ] }`,
    code: "step",
    path: "workload[0]",
    at: `{ "submit": [ { "op": "flush" } ], "complete": [] }`,
    says: /"submit" and "complete": make a step of each/,
  },
  "pages of 8 KB": {
    text: `{ "guest": { "pageSize": "8K" }, "workload": [] }`,
    code: "page-size",
    path: "guest.pageSize",
    at: `"8K"`,
    says: /8 KB.*"4K", "16K" or "64K"/,
  },
  "pages of 64 bytes": {
    text: `{ "guest": { "pageSize": 64 }, "workload": [] }`,
    code: "page-size",
    path: "guest.pageSize",
    at: `64`,
    says: /write "64K"/,
  },
  "a ring of 3 pages": {
    text: `{ "guest": { "ringPages": 3 }, "workload": [] }`,
    code: "ring-pages",
    path: "guest.ringPages",
    at: "3",
    says: /power of two/,
  },
  "a segment beyond its page": {
    text: segment(`"page": 2, "offset": 61440, "length": "8K"`, "64K"),
    code: "segment-beyond-page",
    path: `${ofSegment}.length`,
    at: `"8K"`,
    says: /at most 4096/,
  },
  "an offset beyond the page": {
    text: segment(`"page": 2, "offset": 4096, "length": 512`),
    code: "offset-beyond-page",
    path: `${ofSegment}.offset`,
    at: "4096",
    says: /at most 3584/,
  },
  "a length that is no multiple of 512": {
    text: segment(`"page": 2, "length": 700`),
    code: "length-not-sectors",
    path: `${ofSegment}.length`,
    at: "700",
    says: /512 or 1024/,
  },
  "0 bytes": {
    text: segment(`"page": 2, "length": 0`),
    code: "length-zero",
    path: `${ofSegment}.length`,
    at: "0",
    says: /at least 512/,
  },
  "an offset that is no multiple of 512": {
    text: segment(`"page": 2, "offset": 100, "length": 512`),
    code: "offset-not-sectors",
    path: `${ofSegment}.offset`,
    at: "100",
    says: /multiple of 512/,
  },
  "a frame number beyond 32 bits": {
    text: segment(`"page": "0x10000000", "length": 512`, "64K"),
    code: "page-number",
    path: `${ofSegment}.page`,
    at: `"0x10000000"`,
    says: /0xfffffff\b/,
  },
  "a request beyond the disk": {
    text: request(`"sector": 1048576, "segments": [{ "page": 1, "length": 512 }]`),
    code: "beyond-disk",
    path: "workload[0].submit[0].sector",
    at: "1048576",
    says: /1048575 or earlier/,
  },
  "sectors that are not those of the segments": {
    text: request(`"sectors": 9, "segments": [{ "page": 1, "length": "4K" }]`),
    code: "sector-sum",
    path: "workload[0].submit[0].sectors",
    at: "9",
    says: /8 sectors/,
  },
  "a write without a buffer": {
    text: request(`"sector": 0`),
    code: "no-buffer",
    path: "workload[0].submit[0]",
    at: `{ "op": "write", "sector": 0 }`,
    says: /"segments"/,
  },
  "a discard without a length": {
    text: `{ "workload": [ { "submit": [ { "op": "discard" } ] } ] }`,
    code: "discard-length",
    path: "workload[0].submit[0]",
    at: `{ "op": "discard" }`,
    says: /"sectors"/,
  },
  "a flush with data": {
    text: `{ "workload": [ { "submit": [ { "op": "flush", "buffer": { "page": 1, "length": 512 } } ] } ] }`,
    code: "needless-buffer",
    path: "workload[0].submit[0].buffer",
    at: `{ "page": 1, "length": 512 }`,
    says: /"preflush": true/,
  },
  "an id used twice": {
    text: `{ "workload": [ { "submit": [ { "op": "flush", "id": 7 }, { "op": "flush", "id": 7 } ] } ] }`,
    code: "duplicate-id",
    path: "workload[0].submit[1].id",
    at: "7",
    says: /workload\[0\]\.submit\[0\]/,
  },
  "an answer to nobody": {
    text: `{ "workload": [ { "submit": [ { "op": "flush" } ] }, { "complete": [2] } ] }`,
    code: "unknown-request",
    path: "workload[1].complete[0]",
    at: "2",
    says: /Outstanding here: 1/,
  },
  "an answer that comes twice": {
    text: `{ "workload": [ { "submit": [ { "op": "flush" } ] }, { "complete": [1, { "id": 1 }] } ] }`,
    code: "double-completion",
    path: "workload[1].complete[1].id",
    at: "1",
    says: /already answered at workload\[1\]\.complete\[0\].*"times"/,
  },
  "an answer before the request": {
    text: `{ "workload": [ { "complete": [1] }, { "submit": [ { "op": "flush" } ] } ] }`,
    code: "unknown-request",
    path: "workload[0].complete[0]",
    at: "1",
    says: /Nothing is outstanding/,
  },
  "an id beyond the ring": {
    text: `{ "start": { "freeIds": [32] }, "workload": [] }`,
    code: "start-id",
    path: "start.freeIds[0]",
    at: "32",
    says: /0 to 31/,
  },
  "a reserved reference": {
    text: `{ "start": { "liveGrants": [7] }, "workload": [] }`,
    code: "start-gref",
    path: "start.liveGrants[0]",
    at: "7",
    says: /reserved/,
  },
  "a reference beyond the table": {
    text: `{ "guest": { "grantTableSize": 512 }, "start": { "freeGrefs": [512] }, "workload": [] }`,
    code: "start-gref",
    path: "start.freeGrefs[0]",
    at: "512",
    says: /512 entries/,
  },
  "a reference in two places": {
    text: `{ "start": { "liveGrants": [9], "freeGrefs": [9] }, "workload": [] }`,
    code: "start-twice",
    path: "start.freeGrefs[0]",
    at: "9",
    says: /start\.liveGrants\[0\]/,
  },
  "more live grants than the pool has": {
    text: `{ "backend": { "maxIndirectSegments": 1 }, "start": { "liveGrants": [${Array.from({ length: 65 }, (_, i) => i + 9).join()}] }, "workload": [] }`,
    code: "start-pool",
    path: "start.liveGrants",
    at: `[${Array.from({ length: 65 }, (_, i) => i + 9).join()}]`,
    says: /has 64 in all/,
  },
  "more references than the table has room for": {
    text: `{ "guest": { "grantTableSize": 12 }, "start": { "liveGrants": [8, 9], "freeGrefs": [10, 11] }, "workload": [] }`,
    code: "start-table",
    path: "start",
    at: `{ "liveGrants": [8, 9], "freeGrefs": [10, 11] }`,
    says: /do not fit/,
  },
  "live grants that nobody keeps": {
    text: `{ "backend": { "persistent": false }, "start": { "liveGrants": [9] }, "workload": [] }`,
    code: "start-live",
    path: "start.liveGrants",
    at: "[9]",
    says: /backend\.persistent/,
  },
  "a number that is not exact": {
    text: `{ "workload": [ { "submit": [ { "op": "discard", "sector": "0xffffffffffffffff", "sectors": 1 } ] } ] }`,
    code: "number",
    path: "workload[0].submit[0].sector",
    at: `"0xffffffffffffffff"`,
    says: /too large/,
  },
};

testWrong(wrong);

test("one mistake is one problem", () => {
  for (const [name, { text }] of Object.entries(wrong)) {
    if (/brace|not JSON|beyond the page/.test(name)) continue;
    const { problems } = parseScenario(text);
    assert.equal(problems.length, 1, `${name}: ${JSON.stringify(problems)}`);
  }
});

test("positions count lines and characters from 0, without a byte order mark", () => {
  const { problems } = parseScenario(
    `\uFEFF{\n  "guest": {\n    "pageSize": "8K"\n  },\n  "workload": []\n}`,
  );
  assert.deepEqual(problems[0]?.range, {
    start: { line: 2, character: 16 },
    end: { line: 2, character: 20 },
  });
});

test("answering nobody with all is a warning", () => {
  const { scenario, problems } = parseScenario(`{ "workload": [ { "complete": "all" } ] }`);
  assert.ok(scenario);
  assert.deepEqual(
    problems.map(({ severity, code }) => [severity, code]),
    [["warning", "nothing-outstanding"]],
  );
});

test("a file with very many mistakes stays readable", () => {
  const steps = Array.from({ length: 5000 }, () => `{ "complete": [99] }`).join(",");
  const { problems } = parseScenario(`{ "workload": [${steps}] }`);
  assert.equal(problems.length, 200);
  assert.match(problems.at(-1)?.message ?? "", /4800 more/);
});

test("no text makes it throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((j) => `{"workload":[${j}]}`),
      ),
      (text) => {
        const { scenario, problems } = parseScenario(text);
        const errors = problems.filter(({ severity }) => severity === "error");
        assert.equal(scenario === null, errors.length > 0);
      },
    ),
  );
  assert.equal(parseScenario("[".repeat(200_000)).scenario, null);
});
