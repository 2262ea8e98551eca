import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type {
  BufferSegment,
  PageSize,
  RequestSettings,
  Scenario,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import { layOnPages } from "../../../src/inputs/page-layout.js";
import {
  DEFAULT_BACKEND,
  DEFAULT_DISK,
  DEFAULT_GUEST,
} from "../../../src/inputs/scenario-defaults.js";
import { parseScenario } from "../../../src/inputs/scenario-file.js";
import { serializeScenario } from "../../../src/inputs/scenario-writer.js";

/** Plain objects, as the reader makes them. */
function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const pageSizes: readonly PageSize[] = [4096, 16384, 65536];

function segmentIn(pageSize: PageSize): fc.Arbitrary<BufferSegment> {
  return record({
    page: fc.nat(0xffffff),
    from: fc.nat(pageSize / 512 - 1),
    sectors: fc.integer({ min: 1, max: pageSize / 512 }),
  }).map(({ page, from, sectors }) => ({
    page,
    offset: from * 512,
    length: Math.min(sectors * 512, pageSize - from * 512),
  }));
}

type Unnumbered = Omit<RequestSettings, "id">;

function requestOn(pageSize: PageSize): fc.Arbitrary<Unnumbered> {
  const sector = fc.nat(1 << 20);
  const flags = { fua: fc.boolean(), preflush: fc.boolean() };
  const withData = record({
    ...flags,
    op: fc.constantFrom("read" as const, "write" as const),
    sector,
    segments: fc.array(segmentIn(pageSize), { minLength: 1, maxLength: 12 }),
    physSegments: fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined }),
    line: fc.option(fc.integer({ min: 1, max: 9999 }), { nil: undefined }),
    passthrough: fc.option(fc.constant(true), { nil: undefined }),
  }).map(({ physSegments, line, passthrough, ...rest }): Unnumbered => ({
    ...rest,
    sectors: rest.segments.reduce((sum, { length }) => sum + length, 0) / 512,
    ...(physSegments === undefined ? {} : { physSegments }),
    ...(passthrough === undefined ? {} : { passthrough }),
    ...(line === undefined ? {} : { line }),
  }));
  const withoutData = record({
    ...flags,
    op: fc.constantFrom("discard" as const, "secure-discard" as const),
    sector,
    sectors: fc.integer({ min: 1, max: 4096 }),
    segments: fc.constant<BufferSegment[]>([]),
  });
  const flush = record({
    ...flags,
    op: fc.constant("flush" as const),
    sector,
    sectors: fc.constant(0),
    segments: fc.constant<BufferSegment[]>([]),
  });
  return fc.oneof<fc.Arbitrary<Unnumbered>[]>(withData, withData, withoutData, flush);
}

/** Requests in steps; some are answered in a step after, in any order. */
function workloadOn(pageSize: PageSize): fc.Arbitrary<WorkloadStep[]> {
  const batch = fc.array(requestOn(pageSize), { minLength: 1, maxLength: 4 });
  const statuses = fc.infiniteStream(fc.constantFrom("okay", "error", "unsupported", null));
  return fc.tuple(fc.array(batch, { maxLength: 5 }), statuses).map(([batches, stream]) => {
    let id = 0;
    return batches.flatMap((requests): WorkloadStep[] => {
      const submit = requests.map((request) => ({ id: (id += 3), ...request }));
      const complete = [...submit].reverse().flatMap((request) => {
        const status = stream.next().value;
        return status === null ? [] : [{ id: request.id, status }];
      });
      return complete.length > 0 ? [{ submit }, { complete }] : [{ submit }];
    });
  });
}

/** Each of these as it is. */
function constants<T extends object>(values: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  const entries = Object.entries(values).map(([key, value]) => [key, fc.constant(value)] as const);
  return Object.fromEntries(entries) as { [K in keyof T]: fc.Arbitrary<T[K]> };
}

const scenarios: fc.Arbitrary<Scenario> = fc.constantFrom(...pageSizes).chain((pageSize) =>
  record({
    title: fc.string({ unit: "binary" }),
    walk: fc.constant(null),
    guest: record({
      ...constants(DEFAULT_GUEST),
      pageSize: fc.constant(pageSize),
      abi: fc.constantFrom("x86_64" as const, "x86_32" as const, "arm" as const),
      ringPages: fc.constantFrom(1, 2, 4, 8, 16),
      maxIndirectSegments: fc.constantFrom(11, 32, 256),
      grantTableSize: fc.constantFrom(4096, 32768),
      grantTableMax: fc.constant(32768),
      blockLayer: fc.constantFrom("split" as const, "bypass" as const),
    }),
    backend: record({
      ...constants(DEFAULT_BACKEND),
      persistent: fc.constant(true),
      maxIndirectSegments: fc.constantFrom(null, 16, 256),
      flush: fc.constantFrom(
        "none" as const,
        "flush" as const,
        "barrier" as const,
        "both" as const,
      ),
      discard: fc.boolean(),
      discardSecure: fc.constantFrom(null, true, false),
      keepsMapped: fc.oneof(fc.constantFrom("all" as const, "none" as const), fc.nat(1000)),
    }),
    disk: record({
      ...constants(DEFAULT_DISK),
      vdev: fc.constantFrom(51712, 51728, 268441856),
      sectors: fc.integer({ min: 1 << 21, max: 2 ** 40 }),
    }),
    start: fc.option(
      fc.uniqueArray(fc.integer({ min: 8, max: 4000 }), { maxLength: 60 }).chain((grefs) =>
        record({
          ringIndex: fc.nat(0xffffffff),
          freeIds: fc.uniqueArray(fc.nat(31), { maxLength: 32 }),
          liveGrants: fc.constant(grefs.slice(0, grefs.length >> 1)),
          freeGrefs: fc.constant(grefs.slice(grefs.length >> 1)),
        }),
      ),
    ),
    workload: workloadOn(pageSize),
  }),
);

test("a scenario that is written reads back the same", () => {
  fc.assert(
    fc.property(scenarios, fc.array(fc.string({ unit: "binary" })), (scenario, comment) => {
      const text = serializeScenario(scenario, { comment, schema: "./blkfront.schema.json" });
      const { scenario: back, problems } = parseScenario(text);
      assert.deepEqual(problems, []);
      assert.deepEqual(back, scenario);
    }),
  );
});

test("segments stand one on a line", () => {
  const text = serializeScenario(
    parseScenario(
      `{ "workload": [ { "submit": [ { "op": "read", "buffer": { "page": 16, "length": "12K" } } ] } ] }`,
    ).scenario!,
  );
  const lines = text.split("\n").map((line) => line.trim());
  assert.ok(lines.includes(`{ "page": "0x11", "offset": 0, "length": 4096 },`), text);
  assert.ok(text.split("\n").every((line) => line.length <= 100));
});

/** Every byte of the buffers in their order: its address. */
function addresses(scenario: Scenario): number[][] {
  const { pageSize } = scenario.guest;
  return scenario.workload.flatMap((step) =>
    "submit" in step
      ? step.submit.map(({ segments }) =>
          segments.flatMap(({ page, offset, length }) =>
            Array.from({ length: length / 512 }, (_, i) => page * pageSize + offset + i * 512),
          ),
        )
      : [],
  );
}

test("on other pages every buffer keeps its bytes, and no segment leaves its page", () => {
  fc.assert(
    fc.property(scenarios, fc.constantFrom(...pageSizes), (scenario, pageSize) => {
      const laid = layOnPages(scenario, pageSize);
      assert.deepEqual(addresses(laid), addresses(scenario));
      const { scenario: back, problems } = parseScenario(serializeScenario(laid));
      assert.deepEqual(problems, []);
      assert.deepEqual(back, laid);
    }),
  );
});

test("pieces that lie side by side become one segment on a larger page", () => {
  const { scenario } = parseScenario(
    `{ "workload": [ { "submit": [ { "op": "write", "physSegments": 14, "segments": [
      { "page": "0x1e", "offset": 512, "length": 3584 },
      { "page": "0x1f", "length": 4096 },
      { "page": "0x20", "length": 4096 },
      { "page": "0x22", "length": 1024 } ] } ] } ] }`,
  );
  const step = layOnPages(scenario!, 65536).workload[0];
  assert.ok(step && "submit" in step);
  assert.deepEqual(step.submit[0], {
    id: 1,
    op: "write",
    fua: false,
    preflush: false,
    sector: 0,
    sectors: 25,
    segments: [
      { page: 1, offset: 0xe200, length: 0x1e00 },
      { page: 2, offset: 0, length: 4096 },
      { page: 2, offset: 8192, length: 1024 },
    ],
  });
});
