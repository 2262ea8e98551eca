import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestSettings, Scenario } from "../../../src/core/scenario.js";
import { importCapture } from "../../../src/inputs/capture/import-capture.js";
import { layOnPages } from "../../../src/inputs/page-layout.js";
import {
  DEFAULT_BACKEND,
  DEFAULT_DISK,
  DEFAULT_GUEST,
} from "../../../src/inputs/scenario-defaults.js";
import { parseScenario } from "../../../src/inputs/scenario-file.js";
import { serializeScenario } from "../../../src/inputs/scenario-writer.js";
import { allCaptures, capture, recorded } from "./captures.js";
import { workloadText } from "./workload-text.js";

function requestsOf(scenario: Scenario | null): RequestSettings[] {
  return scenario?.workload.flatMap((step) => ("submit" in step ? step.submit : [])) ?? [];
}

for (const { name, text } of allCaptures()) {
  test(`${name}: everything in the capture is in the scenario`, () => {
    const { scenario, problems, facts } = importCapture(text);
    assert.ok(scenario && facts);
    assert.deepEqual(
      problems.filter(({ severity }) => severity === "error"),
      [],
    );
    const count = (event: string): number => text.split(` ${event}: (`).length - 1;
    const requests = requestsOf(scenario);
    assert.equal(requests.length, count("queue_rq"));
    const segments = requests.reduce((sum, request) => sum + request.segments.length, 0);
    assert.equal(segments, count("grant"));
    const answers = scenario.workload.flatMap((step) => ("complete" in step ? step.complete : []));
    assert.equal(answers.length, requests.length);
    const sum = requests.reduce((bytes, { sectors }) => bytes + sectors * 512, 0);
    const queued = [...text.matchAll(/ queue_rq: .* bytes=(\d+)/g)];
    assert.equal(
      sum,
      queued.reduce((bytes, match) => bytes + Number(match[1]), 0),
    );
  });

  test(`${name}: the list's discipline predicts every head of the driver's list`, () => {
    const { facts } = importCapture(text);
    assert.equal(facts?.listHead.agreed, facts?.listHead.predicted);
    if (text.split(" grant: (").length > 12) assert.ok((facts?.listHead.predicted ?? 0) > 0);
  });

  test(`${name}: the scenario is a good scenario file, on pages of every size`, () => {
    const { scenario } = importCapture(text);
    for (const pageSize of [4096, 16384, 65536] as const) {
      const laid = layOnPages(scenario!, pageSize);
      const { scenario: back, problems } = parseScenario(serializeScenario(laid));
      assert.deepEqual(problems, []);
      assert.deepEqual(back, laid);
    }
  });
}

test("the 48 KB write: settings, buffer and start are the live guest's", () => {
  const { scenario, problems, facts } = importCapture(capture("w48k"));
  assert.deepEqual(problems, []);
  assert.equal(scenario?.title, "xvda: w48k (1 request)");
  assert.deepEqual(scenario.guest, { ...DEFAULT_GUEST, grantTableSize: 32768 });
  assert.deepEqual(scenario.backend, DEFAULT_BACKEND);
  assert.deepEqual(scenario.disk, { ...DEFAULT_DISK, physicalSectorSize: 512 });
  assert.deepEqual(scenario.start, {
    ringIndex: 5,
    freeIds: [0],
    liveGrants: [152, 151, 150, 149, 148, 147, 146, 145, 144, 143, 11],
    freeGrefs: [76, 75],
  });
  assert.deepEqual(scenario.workload, [
    {
      submit: [
        {
          id: 1,
          op: "write",
          fua: false,
          preflush: false,
          line: 354,
          sector: 4096,
          sectors: 96,
          segments: Array.from({ length: 12 }, (_, i) => ({
            page: 0x1fbd43 + i,
            offset: 0,
            length: 4096,
          })),
        },
      ],
    },
    { complete: [{ id: 1, status: "okay" }] },
  ]);
  assert.deepEqual(facts?.requests, [
    {
      id: 1,
      line: 354,
      shadowId: 0,
      grefs: [151, 150, 149, 148, 147, 146, 145, 144, 143, 11, 76, 75],
      frames: [152],
    },
  ]);
});

test("the 1 MB read: answers that came together stay together", () => {
  const { scenario, problems } = importCapture(capture("r1m"));
  assert.deepEqual(problems, []);
  assert.equal(workloadText(scenario), "S1 C1 S2 S3 S4 S5 C2,3,4,5 S6 S7 S8 C6,7,8");
  // The sweep before the first request shows the whole list.
  assert.equal(scenario?.start?.liveGrants.length, 165);
  assert.deepEqual(scenario.start.liveGrants.slice(0, 4), [133, 134, 135, 136]);
  assert.deepEqual(scenario.start.liveGrants.slice(-3), [51, 52, 53]);
  assert.equal(scenario.start.ringIndex, 16);
  assert.deepEqual(scenario.start.freeIds, [4, 3, 0, 2]);
});

test("the 1 MB write: an interrupt between queue_rq and the grants comes before the request", () => {
  const { scenario } = importCapture(capture("w1m"));
  const steps = "S1 S2 S3 S4 S5 C1 S6 C2 C3 C4 S7 C5 S8 C6 C7 C8";
  assert.equal(workloadText(scenario), steps);
});

test("an unaligned write keeps its two pieces", () => {
  const { scenario } = importCapture(capture("u5632"));
  assert.deepEqual(requestsOf(scenario)[0]?.segments, [
    { page: 0x1f407f, offset: 0, length: 4096 },
    { page: 0x1fcf00, offset: 0, length: 1536 },
  ]);
  assert.deepEqual(scenario?.start?.liveGrants, [152]);
  assert.deepEqual(scenario?.start?.freeGrefs, [75]);
});

test("a flush has neither sectors nor segments, and one answer", () => {
  const { scenario, problems } = importCapture(capture("flush_only"));
  assert.deepEqual(problems, []);
  assert.deepEqual(scenario?.workload, [
    {
      submit: [
        {
          id: 1,
          op: "flush",
          fua: false,
          preflush: false,
          line: 351,
          sector: -1,
          sectors: 0,
          segments: [],
        },
      ],
    },
    { complete: [{ id: 1, status: "okay" }] },
  ]);
  assert.equal(scenario.start?.ringIndex, 43);
});

test("discards have their length and no buffer", () => {
  const { scenario } = importCapture(capture("trim"));
  assert.equal(workloadText(scenario), "S1 C1 S2 C2 S3 C3 S4 C4");
  assert.deepEqual(
    requestsOf(scenario).map(({ op, sector, sectors, segments }) => [
      op,
      sector,
      sectors,
      segments,
    ]),
    [32768, 32896, 33024, 33152].map((sector) => ["discard", sector, 128, []]),
  );
});

test("a guest without persistent grants: nothing is live, references come from the free list", () => {
  const { scenario, problems } = importCapture(capture("nopersist"));
  assert.equal(scenario?.backend.persistent, false);
  assert.equal(scenario.backend.keepsMapped, "none");
  assert.deepEqual(scenario.start?.liveGrants, []);
  assert.deepEqual(scenario.start?.freeGrefs.slice(0, 4), [241, 273, 272, 271]);
  // One interrupt came while a probe was being handled, so that its own event was missed.
  assert.deepEqual(
    problems.map(({ severity, code, line }) => [severity, code, line]),
    [["warning", "capture.gap-interrupt", 2788]],
  );
  assert.match(workloadText(scenario), /S15 S16 C15 S17 C16 C17/);
});

test("a ring of 16 pages, and the names of several workloads", () => {
  const { scenario, facts } = importCapture(capture("ringorder4"));
  assert.equal(scenario?.guest.ringPages, 16);
  assert.equal(scenario.title, "xvda: r4k, w44k, w48k, r48k, w1m, r1m, u5632m (21 requests)");
  assert.deepEqual(
    facts?.workloads.map(({ name, requestIds }) => [name, requestIds.length]),
    [
      ["r4k", 1],
      ["w44k", 1],
      ["w48k", 1],
      ["r48k", 1],
      ["w1m", 8],
      ["r1m", 8],
      ["u5632m", 1],
    ],
  );
});

test("references and ids are those that the driver's own structures had", () => {
  const { facts } = importCapture(capture("raw-ring"));
  const lines = recorded("raw-ring.bpftrace.txt").split("\n");
  const queued: { id: number; grefs: number[]; frames: number[] }[] = [];
  let open = { grefs: [] as number[], frames: [] as number[] };
  for (const line of lines) {
    const grant = / G id=\d+ idx=(\d+) op=(\d+) gref=(\d+) ind_gref=(\d+)/.exec(line);
    if (grant) {
      open.grefs.push(Number(grant[3]));
      if (grant[2] === "6" && Number(grant[1]) % 512 === 0) open.frames.push(Number(grant[4]));
    }
    const queue = / Q id=(\d+) sts=0/.exec(line);
    if (queue) {
      queued.push({ id: Number(queue[1]), ...open });
      open = { grefs: [], frames: [] };
    }
  }
  // It shows reads and writes only.
  assert.equal(queued.length, 5);
  assert.deepEqual(
    facts?.requests
      .filter(({ grefs }) => grefs.length > 0)
      .map(({ shadowId, grefs, frames }) => ({ id: shadowId, grefs, frames })),
    queued,
  );
});

test("one buffer of 48 KB on pages of 64 KB", () => {
  const { scenario } = importCapture(capture("w48k"));
  const laid = layOnPages(scenario!, 65536);
  assert.deepEqual(requestsOf(laid)[0]?.segments, [
    { page: 0x1fbd4, offset: 0x3000, length: 49152 },
  ]);
  assert.deepEqual(laid.start, scenario?.start);
});

/** A capture whose xenstore says something else. */
function withStore(name: string, changes: readonly (readonly [RegExp, string])[]): Scenario | null {
  const text = changes.reduce((all, [what, by]) => all.replace(what, by), capture(name));
  return importCapture(text).scenario;
}

test("the back end's kind and its offers are those of the xenstore", () => {
  const back = "(51712/";
  const scenario = withStore("r4k", [
    [/\/backend\/vbd\//g, "/backend/qdisk/"],
    [new RegExp(`${back}max-ring-page-order = )"4"`), '$1"1"'],
    [new RegExp(`${back}discard-granularity = )"4096"`), '$1"65536"'],
    [new RegExp(`${back}feature-barrier = )"1"`), '$1"0"'],
    [new RegExp(`${back}feature-max-indirect-segments = )"256"`), '$1"16"'],
    [new RegExp(`${back}sector-size = )"512"`), '$1"4096"'],
    [new RegExp(`${back}info = )"0"`), '$1"6"'],
    [/guest_type: PV/, "guest_type: PVH"],
  ]);
  assert.equal(scenario?.guest.type, "hvm");
  const { backend, disk } = scenario;
  assert.equal(backend.profile, "qdisk");
  assert.equal(backend.maxRingPages, 2);
  assert.equal(backend.discardGranularity, 65536);
  assert.equal(backend.flush, "flush");
  assert.equal(backend.segmentLimit, 16);
  assert.equal(backend.maxPersistentGrants, null);
  assert.deepEqual([disk.sectorSize, disk.readonly, disk.removable], [4096, true, true]);
  assert.equal(disk.cdrom, false);
});

test("a ring that is larger than the offer was offered by another back end", () => {
  const scenario = withStore("ringorder4", [[/(51712\/max-ring-page-order = )"4"/, '$1"2"']]);
  assert.deepEqual([scenario?.guest.ringPages, scenario?.backend.maxRingPages], [16, 16]);
});
