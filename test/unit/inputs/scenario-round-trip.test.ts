import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type BackendSettings,
  type BufferSegment,
  type DiskContent,
  type DiskSettings,
  type GuestSettings,
  KERNEL_CALLS,
  type PageSize,
  type RequestSettings,
  type ResponseSettings,
  type Rewrite,
  type Scenario,
  type StartSettings,
  type Walk,
  type WorkloadStep,
} from "../../../src/core/scenario.js";
import { grantPoolSize } from "../../../src/inputs/driver-limits.js";
import { layOnPages } from "../../../src/inputs/page-layout.js";
import type { Problem } from "../../../src/inputs/problem.js";
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

const bytes = fc.array(fc.nat(255), { minLength: 1, maxLength: 40 });
const mappings = fc.oneof(fc.constantFrom("all" as const, "none" as const), fc.nat(1000));
const flushes = fc.constantFrom(
  "none" as const,
  "flush" as const,
  "barrier" as const,
  "both" as const,
);
const optionally = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(arbitrary, { nil: null });

const backends: fc.Arbitrary<BackendSettings> = record<BackendSettings>({
  profile: fc.constantFrom("blkback" as const, "qdisk" as const, "tapdisk" as const),
  maxRingPages: fc.constantFrom(null, 1, 2, 4, 8, 16),
  persistent: fc.boolean(),
  maxIndirectSegments: fc.constantFrom(null, 0, 16, 256, 1024),
  segmentLimit: fc.constantFrom(0, 16, 256, 1024, 4096),
  flush: flushes,
  discard: fc.boolean(),
  discardGranularity: fc.constantFrom(512, 4096, 65536),
  discardAlignment: fc.constantFrom(0, 512),
  discardSecure: fc.constantFrom(null, true, false),
  keepsMapped: mappings,
  maxPersistentGrants: fc.constantFrom(null, 0, 352, 1056),
});

const shadowIds = fc.oneof(fc.integer({ min: -1, max: 600 }), fc.constant(Number.MAX_SAFE_INTEGER));

/** Steps that ask nothing of those before them. */
const freeSteps: fc.Arbitrary<WorkloadStep> = fc.oneof<fc.Arbitrary<WorkloadStep>[]>(
  record({
    respond: fc.array(
      record({
        shadowId: shadowIds,
        operation: fc.nat(255),
        status: fc.integer({ min: -32768, max: 32767 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  record({ overrun: fc.integer({ min: 1, max: 1024 }) }),
  record({ overrun: fc.constant(1), interrupt: fc.constant("lost" as const) }),
  record({ keep: mappings }),
  record({
    unmap: fc.oneof(
      fc.constant("all" as const),
      fc.array(fc.integer({ min: 8, max: 511 }), { minLength: 1, maxLength: 90 }),
    ),
  }),
  record({
    store: fc.dictionary(
      fc.stringMatching(/^[a-z][a-z-]{0,20}$/),
      fc.option(fc.string({ unit: "binary" }), { nil: null }),
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
  }),
  record({ resume: optionally(backends) }),
  record({ takeGrants: fc.integer({ min: 1, max: 4000 }) }),
  record({ wait: fc.integer({ min: 1, max: 600 }) }),
  fc.constantFrom<WorkloadStep>(
    { interrupt: "now" },
    { purge: true },
    { close: true },
    { openDisk: true },
    { closeDisk: true },
    { remove: true },
    { resize: 2 ** 44 },
  ),
);

interface Batch {
  key: "submit" | "bios";
  requests: Unnumbered[];
  faults: Partial<ResponseSettings>[];
  lost: boolean;
  rewrite: Omit<Rewrite, "id"> | null;
  between: WorkloadStep[];
}

function batchOn(pageSize: PageSize): fc.Arbitrary<Batch> {
  const given = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arbitrary, { nil: undefined, freq: 6 });
  const taken = fc.constant<WorkloadStep[]>([{ takeGrants: 5 }, { giveGrants: 5 }]);
  return record<Omit<Batch, "between"> & { between: WorkloadStep[][] }>({
    key: fc.constantFrom("submit" as const, "submit" as const, "bios" as const),
    requests: fc.array(requestOn(pageSize), { minLength: 1, maxLength: 4 }),
    faults: fc.array(
      record<Partial<ResponseSettings>>({
        status: fc.constantFrom<(ResponseSettings["status"] | undefined)[]>(
          ...["okay" as const, "error" as const, "unsupported" as const, 0, -5, 32767, undefined],
        ),
        operation: given(fc.nat(255)),
        shadowId: given(shadowIds),
        times: given(fc.integer({ min: 1, max: 3 })),
      }),
      { minLength: 4, maxLength: 4 },
    ),
    lost: fc.boolean(),
    rewrite: optionally(
      record<Omit<Rewrite, "id">>({
        where: fc.constantFrom("slot" as const, "indirect" as const, "data" as const),
        index: fc.constant(0),
        offset: fc.nat(60),
        bytes,
      }),
    ),
    between: fc.array(
      fc.oneof(
        freeSteps.map((step) => [step]),
        taken,
      ),
      { maxLength: 3 },
    ),
  }).map(({ between, ...batch }) => ({ ...batch, between: between.flat() }));
}

/** A record without the keys that are undefined. */
function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function stepsOf(batches: readonly Batch[]): WorkloadStep[] {
  let id = 0;
  return batches.flatMap(({ key, requests, faults, lost, rewrite, between }): WorkloadStep[] => {
    const sent = requests.map((request): RequestSettings => {
      const { physSegments: _, passthrough: __, ...bio } = request;
      return { id: (id += 3), ...(key === "bios" ? bio : request) };
    });
    const complete = sent.flatMap(({ id }, i): ResponseSettings[] => {
      const { status, ...fault } = faults[i] ?? {};
      return status === undefined ? [] : [{ id, status, ...given(fault) }];
    });
    complete.reverse();
    return [
      key === "bios" ? { bios: sent } : { submit: sent },
      ...(rewrite === null ? [] : [{ rewrite: [{ id, ...rewrite }] }]),
      ...(complete.length === 0
        ? []
        : [lost ? { complete, interrupt: "lost" as const } : { complete }]),
      ...between,
    ];
  });
}

/** Requests in steps; some are answered in a step after, in any order, and other things happen. */
function workloadOn(pageSize: PageSize): fc.Arbitrary<WorkloadStep[]> {
  return fc.array(batchOn(pageSize), { maxLength: 5 }).map(stepsOf);
}

const contents: fc.Arbitrary<DiskContent> = fc.oneof<fc.Arbitrary<DiskContent>[]>(
  record({ kind: fc.constant("pattern" as const), seed: fc.nat(0xffffffff) }),
  fc.constant<DiskContent>({ kind: "pattern", seed: 0 }),
  fc.constant<DiskContent>({ kind: "zeros" }),
  record({
    kind: fc.constant("bytes" as const),
    bytes: bytes.map((values) => Uint8Array.from(values)),
  }),
);

const grantTables = fc.constantFrom<[number, number]>(
  [512, 32768],
  [512, 512],
  [4096, 4096],
  [4096, 32768],
  [600, 600],
  [512, 1024],
);

const guests = (pageSize: PageSize): fc.Arbitrary<GuestSettings> =>
  record({
    type: fc.constantFrom("pv" as const, "hvm" as const, "hvm-emulated-disks" as const),
    pageSize: fc.constant(pageSize),
    abi: fc.constantFrom("x86_64" as const, "x86_32" as const, "arm" as const),
    ringPages: fc.constantFrom(1, 2, 4, 8, 16),
    maxIndirectSegments: fc.constantFrom(0, 11, 32, 256),
    table: grantTables,
    blockLayer: fc.constantFrom("split" as const, "bypass" as const),
    pagesLeft: optionally(fc.nat(1000)),
    failing: fc.subarray([...KERNEL_CALLS]),
  }).map(({ table: [grantTableSize, grantTableMax], ...rest }) => ({
    ...rest,
    grantTableSize,
    grantTableMax,
  }));

const disks: fc.Arbitrary<DiskSettings> = record({
  vdev: fc.constantFrom(51712, 51728, 268441856, 51713, 768, 0xffffffff),
  sectors: fc.integer({ min: 1 << 21, max: 2 ** 44 }),
  sectorSize: fc.constantFrom(512, 1024, 2048, 4096),
  physicalSectorSize: fc.constantFrom(null, 512, 4096, 65536),
  readonly: fc.boolean(),
  removable: fc.boolean(),
  cdrom: fc.boolean(),
  content: contents,
});

/** References that a start may name, as far as the settings have room for them. */
function startWith(guest: GuestSettings, backend: BackendSettings): fc.Arbitrary<StartSettings> {
  const some = fc.uniqueArray(fc.integer({ min: 8, max: 511 }), { maxLength: 40 });
  return some.chain((grefs) => {
    const live = Math.min(grefs.length >> 1, grantPoolSize(guest, backend));
    const kept = backend.persistent || backend.keepsMapped !== "none" ? live : 0;
    return record({
      ringIndex: fc.nat(0xffffffff),
      freeIds: fc.uniqueArray(fc.nat(31), { maxLength: 32 }),
      liveGrants: fc.constant(grefs.slice(0, kept)),
      freeGrefs: fc.constant(grefs.slice(live)),
    });
  });
}

const walks: fc.Arbitrary<Walk> = record({
  watch: fc.string({ unit: "binary" }),
  wrong: optionally(
    record({
      step: fc.constant(-1),
      event: fc.constantFrom("bug", "grant_released"),
      nth: fc.integer({ min: 1, max: 9 }),
    }),
  ),
});

const scenarios: fc.Arbitrary<Scenario> = fc
  .constantFrom(...pageSizes)
  .chain((pageSize) => fc.tuple(guests(pageSize), backends))
  .chain(([guest, backend]) =>
    record<Scenario>({
      title: fc.string({ unit: "binary" }),
      guest: fc.constant(guest),
      backend: fc.constant(backend),
      disk: disks,
      start: optionally(startWith(guest, backend)),
      walk: optionally(walks),
      workload: workloadOn(guest.pageSize),
    }),
  );

function errorsOf(problems: readonly Problem[]): Problem[] {
  return problems.filter(({ severity }) => severity === "error");
}

test("a scenario that is written reads back the same", () => {
  fc.assert(
    fc.property(scenarios, fc.array(fc.string({ unit: "binary" })), (scenario, comment) => {
      const text = serializeScenario(scenario, { comment, schema: "./blkfront.schema.json" });
      const { scenario: back, problems } = parseScenario(text);
      assert.deepEqual(errorsOf(problems), []);
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
    ("submit" in step ? step.submit : "bios" in step ? step.bios : []).map(({ segments }) =>
      segments.flatMap(({ page, offset, length }) =>
        Array.from({ length: length / 512 }, (_, i) => page * pageSize + offset + i * 512),
      ),
    ),
  );
}

test("on other pages every buffer keeps its bytes, and no segment leaves its page", () => {
  fc.assert(
    fc.property(scenarios, fc.constantFrom(...pageSizes), (scenario, pageSize) => {
      const laid = layOnPages(scenario, pageSize);
      assert.deepEqual(addresses(laid), addresses(scenario));
      const { scenario: back, problems } = parseScenario(serializeScenario(laid));
      assert.deepEqual(errorsOf(problems), []);
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
