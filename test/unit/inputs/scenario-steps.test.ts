import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkloadStep } from "../../../src/core/scenario.js";
import { BACKEND_PROFILES, DEFAULT_BACKEND } from "../../../src/inputs/scenario-defaults.js";
import { parseScenario } from "../../../src/inputs/scenario-file.js";
import { testWrong, type Wrong } from "./wrong-scenarios.js";

/** Two flushes, 1 and 2, and then these steps. */
const after = (steps: string): string =>
  `{ "workload": [ { "submit": [ { "op": "flush" }, { "op": "flush" } ] }, ${steps} ] }`;

/** The steps that come after the two flushes. */
function steps(text: string): WorkloadStep[] {
  const { scenario, problems } = parseScenario(after(text));
  assert.deepEqual(problems, []);
  return scenario?.workload.slice(1) ?? [];
}

test("bios are read like requests, and are outstanding like them", () => {
  const { scenario, problems } = parseScenario(
    `{ "workload": [ { "bios": [ { "op": "read", "buffer": { "page": 1, "length": "8K" } } ] }, { "complete": "all" } ] }`,
  );
  assert.deepEqual(problems, []);
  const [bios, complete] = scenario?.workload ?? [];
  assert.ok(bios && "bios" in bios);
  assert.deepEqual(bios.bios[0]?.segments, [
    { page: 1, offset: 0, length: 4096 },
    { page: 2, offset: 0, length: 4096 },
  ]);
  assert.deepEqual(complete, { complete: [{ id: 1, status: "okay" }] });
});

test("a faulty answer is said in names or in numbers", () => {
  assert.deepEqual(
    steps(`{ "complete": [ { "id": 2, "operation": "indirect", "shadowId": "0x1f", "times": 2 },
      { "id": 1, "status": "unsupported", "operation": 200, "shadowId": -1 },
      { "id": 1, "status": -5, "times": 1 } ] }`),
    [
      {
        complete: [
          { id: 2, status: "okay", operation: 6, shadowId: 31, times: 2 },
          { id: 1, status: "unsupported", operation: 200, shadowId: -1 },
          { id: 1, status: -5, times: 1 },
        ],
      },
    ],
  );
  assert.deepEqual(
    steps(`{ "respond": [ { "shadowId": "0xffffffffffffffff", "operation": "flush" },
      { "shadowId": 7, "operation": 9, "status": -32768 },
      { "shadowId": 7, "operation": "read", "status": "unsupported" } ] }`),
    [
      {
        respond: [
          { shadowId: -1, operation: 3, status: 0 },
          { shadowId: 7, operation: 9, status: -32768 },
          { shadowId: 7, operation: 0, status: -2 },
        ],
      },
    ],
  );
});

test("an interrupt is lost beside an answer, or comes alone", () => {
  assert.deepEqual(
    steps(`{ "complete": [1], "interrupt": "lost" }, { "interrupt": "now" },
      { "overrun": 33, "interrupt": "lost" },
      { "interrupt": "lost", "respond": [ { "shadowId": 0, "operation": "read" } ] }`),
    [
      { complete: [{ id: 1, status: "okay" }], interrupt: "lost" },
      { interrupt: "now" },
      { overrun: 33, interrupt: "lost" },
      { respond: [{ shadowId: 0, operation: 0, status: 0 }], interrupt: "lost" },
    ],
  );
});

test("bytes that are written over are hexadecimal or numbers", () => {
  assert.deepEqual(
    steps(`{ "rewrite": [ { "id": 1, "where": "slot", "offset": "0x8", "bytes": "ff 00AA" },
      { "id": 2, "where": "data", "index": 3, "bytes": [1, 255] } ] }`),
    [
      {
        rewrite: [
          { id: 1, where: "slot", index: 0, offset: 8, bytes: [255, 0, 170] },
          { id: 2, where: "data", index: 3, offset: 0, bytes: [1, 255] },
        ],
      },
    ],
  );
});

test("the rest of a device's life has a step each", () => {
  assert.deepEqual(
    steps(`{ "keep": "none" }, { "keep": 4 }, { "unmap": "all" }, { "unmap": [8, "0x9"] },
      { "purge": true }, { "store": { "sectors": 4096, "feature-persistent": null, "mode": "r" } },
      { "resize": 4096 }, { "resize": "0x1000" }, { "resize": "2 MB" }, { "close": true },
      { "openDisk": true }, { "closeDisk": true }, { "remove": true }, { "takeGrants": 9 },
      { "giveGrants": 4 }, { "wait": 600 }`),
    [
      { keep: "none" },
      { keep: 4 },
      { unmap: "all" },
      { unmap: [8, 9] },
      { purge: true },
      { store: { sectors: "4096", "feature-persistent": null, mode: "r" } },
      { resize: 4096 },
      { resize: 4096 },
      { resize: 4096 },
      { close: true },
      { openDisk: true },
      { closeDisk: true },
      { remove: true },
      { takeGrants: 9 },
      { giveGrants: 4 },
      { wait: 600 },
    ],
  );
});

test("a resume meets a back end like the old one, or one that differs in what is said", () => {
  const resumed = (backend: string, resume: string): unknown => {
    const { scenario, problems } = parseScenario(
      `{ "backend": { ${backend} }, "workload": [ { "resume": ${resume} } ] }`,
    );
    assert.deepEqual(problems, []);
    const [step] = scenario?.workload ?? [];
    assert.ok(step && "resume" in step);
    return step.resume;
  };
  assert.equal(resumed("", "true"), null);
  assert.deepEqual(resumed(`"discard": false`, "{}"), { ...DEFAULT_BACKEND, discard: false });
  assert.deepEqual(resumed(`"discard": false`, `{ "persistent": false }`), {
    ...DEFAULT_BACKEND,
    discard: false,
    persistent: false,
    keepsMapped: "none",
  });
  assert.deepEqual(resumed(`"discard": false`, `{ "profile": "qdisk", "flush": "none" }`), {
    ...BACKEND_PROFILES.qdisk,
    flush: "none",
  });
});

test("a resized disk takes requests up to its new end", () => {
  const grown = `{ "disk": { "sectors": 8 }, "workload": [ { "resize": 16 },
    { "submit": [ { "op": "discard", "sector": 8, "sectors": 8 } ] } ] }`;
  assert.deepEqual(parseScenario(grown).problems, []);
  assert.equal(parseScenario(grown.replace("16", "15")).scenario, null);
});

test("an answer that comes again says how often", () => {
  assert.equal(steps(`{ "complete": [1, { "id": 1, "times": 1 }] }`).length, 1);
});

test("after a resume what was not seen answered is outstanding again", () => {
  const [, , all] = steps(`{ "complete": [2] }, { "resume": true }, { "complete": "all" }`);
  assert.deepEqual(all, { complete: [{ id: 1, status: "okay" }] });
  const [, , lost] = steps(
    `{ "complete": [1], "interrupt": "lost" }, { "resume": true }, { "complete": "all" }`,
  );
  assert.deepEqual(lost, {
    complete: [
      { id: 1, status: "okay" },
      { id: 2, status: "okay" },
    ],
  });
  const [, , , seen] = steps(`{ "complete": [1], "interrupt": "lost" }, { "interrupt": "now" },
    { "resume": true }, { "complete": "all" }`);
  assert.deepEqual(seen, { complete: [{ id: 2, status: "okay" }] });
  assert.equal(steps(`{ "complete": [2] }, { "resume": true }, { "complete": [2] }`).length, 3);
});

const wrong: Record<string, Wrong> = {
  "a step that does nothing": {
    text: after("{}"),
    code: "schema.step",
    path: "workload[1]",
    at: "{}",
    says: /one of submit, bios, complete/,
  },
  "a step that does two things": {
    text: after(`{ "purge": true, "close": true }`),
    code: "step",
    path: "workload[1]",
    at: `{ "purge": true, "close": true }`,
    says: /"purge" and "close": make a step of each/,
  },
  "a misspelt step": {
    text: after(`{ "rewite": [] }`),
    code: "schema.unknown-key",
    path: "workload[1].rewite",
    at: `"rewite"`,
    says: /Did you mean "rewrite"/,
  },
  "a lost interrupt alone": {
    text: after(`{ "interrupt": "lost" }`),
    code: "step-interrupt",
    path: "workload[1].interrupt",
    at: `"lost"`,
    says: /beside complete, respond or overrun/,
  },
  "a lost interrupt where none follows": {
    text: after(`{ "purge": true, "interrupt": "lost" }`),
    code: "step-interrupt",
    path: "workload[1].interrupt",
    at: `"lost"`,
    says: /No interrupt follows "purge"/,
  },
  "an interrupt now beside an answer": {
    text: after(`{ "complete": [1], "interrupt": "now" }`),
    code: "step-interrupt",
    path: "workload[1].interrupt",
    at: `"now"`,
    says: /a step of its own/,
  },
  "a bio that passes the block layer by": {
    text: after(`{ "bios": [ { "op": "flush", "passthrough": true } ] }`),
    code: "needless-key",
    path: "workload[1].bios[0].passthrough",
    at: "true",
    says: /use "submit"/,
  },
  "no bio": {
    text: after(`{ "bios": [] }`),
    code: "schema.empty",
    path: "workload[1].bios",
    at: "[]",
    says: /at least one request/,
  },
  "an operation that has no name": {
    text: after(`{ "complete": [ { "id": 1, "operation": "erase" } ] }`),
    code: "schema.value",
    path: "workload[1].complete[0].operation",
    at: `"erase"`,
    says: /read, write, barrier, flush, discard, indirect, or a number from 0 to 255/,
  },
  "an operation of more than a byte": {
    text: after(`{ "complete": [ { "id": 1, "operation": 256 } ] }`),
    code: "schema.value",
    path: "workload[1].complete[0].operation",
    at: "256",
    says: /at most 255/,
  },
  "a shadow id that is not exact": {
    text: after(`{ "complete": [ { "id": 1, "shadowId": "0xfffffffffffffffe" } ] }`),
    code: "number",
    path: "workload[1].complete[0].shadowId",
    at: `"0xfffffffffffffffe"`,
    says: /-1 for the largest/,
  },
  "an answer with a status that there is not": {
    text: after(`{ "complete": [ { "id": 1, "status": "EIO" } ] }`),
    code: "schema.value",
    path: "workload[1].complete[0].status",
    at: `"EIO"`,
    says: /okay, error, unsupported, or a number/,
  },
  "an answer that comes no time": {
    text: after(`{ "complete": [ { "id": 1, "times": 0 } ] }`),
    code: "schema.value",
    path: "workload[1].complete[0].times",
    at: "0",
    says: /at least 1/,
  },
  "a made-up response for nobody": {
    text: after(`{ "respond": [ { "operation": "read" } ] }`),
    code: "schema.missing-key",
    path: "workload[1].respond[0]",
    at: `{ "operation": "read" }`,
    says: /needs "shadowId"/,
  },
  "a status of more than 16 bits": {
    text: after(`{ "respond": [ { "shadowId": 0, "operation": 0, "status": 32768 } ] }`),
    code: "schema.value",
    path: "workload[1].respond[0].status",
    at: "32768",
    says: /at most 32767/,
  },
  "a status that has no name": {
    text: after(`{ "respond": [ { "shadowId": 0, "operation": 0, "status": "ok" } ] }`),
    code: "schema.value",
    path: "workload[1].respond[0].status",
    at: `"ok"`,
    says: /okay, error, unsupported/,
  },
  "an overrun by nothing": {
    text: after(`{ "overrun": 0 }`),
    code: "schema.value",
    path: "workload[1].overrun",
    at: "0",
    says: /at least 1/,
  },
  "bytes over a request that nobody sent": {
    text: after(`{ "rewrite": [ { "id": 3, "where": "slot", "bytes": "00" } ] }`),
    code: "unknown-request",
    path: "workload[1].rewrite[0].id",
    at: "3",
    says: /Outstanding here: 1, 2/,
  },
  "bytes over a request that is answered": {
    text: after(
      `{ "complete": [1] }, { "rewrite": [ { "id": 1, "where": "slot", "bytes": "00" } ] }`,
    ),
    severity: "warning",
    code: "answered-request",
    path: "workload[2].rewrite[0].id",
    at: "1",
    says: /answered at workload\[1\]\.complete\[0\]/,
  },
  "bytes that begin beyond the slot": {
    text: after(`{ "rewrite": [ { "id": 1, "where": "slot", "offset": 112, "bytes": "00" } ] }`),
    code: "rewrite-beyond",
    path: "workload[1].rewrite[0].offset",
    at: "112",
    says: /at most 111/,
  },
  "bytes that end beyond the frame": {
    text: after(`{ "rewrite": [ { "id": 1, "where": "data", "offset": 4095, "bytes": "0000" } ] }`),
    code: "rewrite-beyond",
    path: "workload[1].rewrite[0].bytes",
    at: `"0000"`,
    says: /at most 1\b/,
  },
  "the second slot of a request": {
    text: after(`{ "rewrite": [ { "id": 1, "where": "slot", "index": 1, "bytes": "00" } ] }`),
    code: "rewrite-index",
    path: "workload[1].rewrite[0].index",
    at: "1",
    says: /leave the index out/,
  },
  "the ninth indirect frame": {
    text: after(`{ "rewrite": [ { "id": 1, "where": "indirect", "index": 8, "bytes": "00" } ] }`),
    code: "rewrite-index",
    path: "workload[1].rewrite[0].index",
    at: "8",
    says: /from 0 to 7/,
  },
  "half a byte": {
    text: after(`{ "rewrite": [ { "id": 1, "where": "slot", "bytes": "fff" } ] }`),
    code: "schema.value",
    path: "workload[1].rewrite[0].bytes",
    at: `"fff"`,
    says: /two digits each/,
  },
  "a mapping policy that does not exist": {
    text: after(`{ "keep": "most" }`),
    code: "schema.value",
    path: "workload[1].keep",
    at: `"most"`,
    says: /"all", "none" or a number/,
  },
  "a reference beyond the table to unmap": {
    text: `{ "guest": { "grantTableSize": 512 }, "workload": [ { "unmap": [512] } ] }`,
    code: "gref",
    path: "workload[0].unmap[0]",
    at: "512",
    says: /from 8 to 511/,
  },
  "a purge that does not run": {
    text: after(`{ "purge": false }`),
    code: "schema.value",
    path: "workload[1].purge",
    at: "false",
    says: /has to be true/,
  },
  "no key of the store": {
    text: after(`{ "store": {} }`),
    code: "schema.step",
    path: "workload[1].store",
    at: "{}",
    says: /at least one/,
  },
  "a key that xenstore refuses": {
    text: after(`{ "store": { "feature persistent": 1 } }`),
    code: "schema.store-key",
    path: `workload[1].store["feature persistent"]`,
    at: `"feature persistent"`,
    says: /letters, digits/,
  },
  "a key of the store that is nearly one": {
    text: after(`{ "store": { "feature-persistant": 1 } }`),
    severity: "warning",
    code: "store-key",
    path: `workload[1].store["feature-persistant"]`,
    at: "1",
    says: /Did you mean "feature-persistent"/,
  },
  "an offer in the store that makes too large a pool": {
    text: `{ "guest": { "maxIndirectSegments": 100000 }, "workload": [ { "store": { "feature-max-indirect-segments": 100000 } } ] }`,
    code: "pool",
    path: `workload[0].store["feature-max-indirect-segments"]`,
    at: "100000",
    says: /at most 2101248/,
  },
  "a list in the store": {
    text: after(`{ "store": { "sectors": [1] } }`),
    code: "schema.type",
    path: "workload[1].store.sectors",
    at: "[1]",
    says: /a string or a whole number or null/,
  },
  "a size that is no whole number of sectors": {
    text: after(`{ "resize": "1000 B" }`),
    code: "disk-size",
    path: "workload[1].resize",
    at: `"1000 B"`,
    says: /multiple of 512/,
  },
  "a size that is none": {
    text: after(`{ "resize": "big" }`),
    code: "schema.value",
    path: "workload[1].resize",
    at: `"big"`,
    says: /sectors of 512 bytes, or a size such as "1G"/,
  },
  "a resume that does not come": {
    text: after(`{ "resume": false }`),
    code: "schema.value",
    path: "workload[1].resume",
    at: "false",
    says: /has to be true/,
  },
  "a resume that is a number": {
    text: after(`{ "resume": 1 }`),
    code: "schema.type",
    path: "workload[1].resume",
    at: "1",
    says: /true or false or an object/,
  },
  "a misspelt setting of a resume": {
    text: after(`{ "resume": { "persistant": true } }`),
    code: "schema.unknown-key",
    path: "workload[1].resume.persistant",
    at: `"persistant"`,
    says: /Did you mean "persistent"/,
  },
  "a back end with 3 ring pages after a resume": {
    text: after(`{ "resume": { "maxRingPages": 3 } }`),
    code: "ring-pages",
    path: "workload[1].resume.maxRingPages",
    at: "3",
    says: /power of two/,
  },
  "references that were not taken": {
    text: after(`{ "takeGrants": 2 }, { "giveGrants": 3 }`),
    code: "give-grants",
    path: "workload[2].giveGrants",
    at: "3",
    says: /Only 2 references are taken/,
  },
  "references that nobody took": {
    text: after(`{ "giveGrants": 1 }`),
    code: "give-grants",
    path: "workload[1].giveGrants",
    at: "1",
    says: /"takeGrants"/,
  },
  "a wait of an hour": {
    text: after(`{ "wait": 3600 }`),
    code: "schema.value",
    path: "workload[1].wait",
    at: "3600",
    says: /at most 600/,
  },
};

testWrong(wrong);

test("one mistake is one problem", () => {
  for (const [name, { text }] of Object.entries(wrong)) {
    const { problems } = parseScenario(text);
    assert.equal(problems.length, 1, `${name}: ${JSON.stringify(problems)}`);
  }
});
