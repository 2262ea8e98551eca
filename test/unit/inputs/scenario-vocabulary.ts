/**
 * Scenario files for the fuzz: trees of the schema's own words with values that are right or nearly so,
 * small files that are right, and ways to damage both. Everything is small, so that thousands can be run.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: Json[];
  examples?: Json[];
  properties?: Record<string, Schema>;
  required?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  definitions?: Record<string, Schema>;
}

const schema = JSON.parse(readFileSync("schemas/blkfront.schema.json", "utf8")) as Schema;
const definitions = schema.definitions ?? {};

/** Plain objects, as a parser makes them. */
function record(fields: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<Json> {
  return fc.record(fields, { noNullPrototype: true });
}

const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, one = 100): fc.Arbitrary<T> =>
  fc.oneof({ weight: one - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });

const anything: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    null,
    true,
    false,
    -1,
    0,
    1,
    1.5,
    1e300,
    -1e-7,
    2 ** 53,
    "",
    "x",
    "0x",
    [],
  ),
  fc.constantFrom<Json[]>(
    "all",
    "none",
    "zeros",
    "lost",
    "now",
    "0xffffffffffffffff",
    "1G",
    "-1",
    {},
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<Json>,
);

/**
 * Numbers at which something changes. What makes the driver allocate is small, or beyond what is accepted.
 */
const numbers: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(16) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(31, 32, 40, 64, 108, 112, 255, 256, 511, 512, 1024, 2048, 4096),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-1, 5000, 65536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53),
  },
);

const WORDS: string[] = [
  "all",
  "none",
  "zeros",
  "okay",
  "error",
  "read",
  "write",
  "flush",
  "lost",
  "4K",
  "16K",
  "64K",
  "512",
  "0x200",
  "1 KB",
  "1M",
  "xvda",
  "xvdz",
  "disk.img",
  "55aa",
  "bug",
  "8K",
  "no such thing",
];
const strings: fc.Arbitrary<Json> = fc.constantFrom(...WORDS);

const STORE_KEYS = ["sectors", "feature-persistent", "feature-discard", "state", "x", "a b"];

/** Segments of an indirect request decide how many grants there are, and a file decides its own size. */
const BY_KEY: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  maxIndirectSegments: fc.constantFrom<Json[]>(null, 0, 1, 11, 12, 16, 32, 64, 4097, 2 ** 32),
  grantTableSize: fc.constantFrom<Json[]>(9, 20, 100, 512, 600, 1024, 4096, 2 ** 20),
  grantTableMax: fc.constantFrom<Json[]>(9, 100, 512, 1024, 4096, 32768, 2 ** 20),
  ringPages: fc.constantFrom<Json[]>(1, 1, 1, 2, 4, 16, 3),
  pageSize: fc.constantFrom<Json[]>("4K", "16K", "64K", 4096, "8K"),
  page: fc.oneof(
    fc.nat(64),
    fc.constantFrom<Json[]>("0x1000", "0xfffffff", "0xffffffff", "0x100000000"),
  ),
  length: fc.constantFrom<Json[]>(512, 1024, "4K", "12K", "48K", "64K", 700, 0, "8G"),
  sectors: fc.oneof(fc.nat(64), fc.constantFrom<Json[]>(4096, 1048576, 2 ** 40, 2 ** 44 + 1)),
  id: fc.nat(6),
};

function valueOf(node: Schema, key: string, depth: number): fc.Arbitrary<Json> {
  if (node.$ref !== undefined) {
    return valueOf(definitions[node.$ref.replace("#/definitions/", "")] ?? {}, key, depth);
  }
  const kinds = [node.type ?? []].flat();
  const own = BY_KEY[key];
  const choices: fc.Arbitrary<Json>[] = [];
  if (own !== undefined) choices.push(own);
  else if (node.enum) choices.push(fc.constantFrom(...node.enum));
  else {
    if (node.examples?.length) choices.push(fc.constantFrom(...node.examples));
    const { minimum = -Infinity, maximum = Infinity, pattern = "" } = node;
    const fits = (one: Json): boolean => Number(one) >= minimum && Number(one) <= maximum;
    if (kinds.includes("integer")) choices.push(numbers.filter(fits));
    const words = WORDS.filter((word) => new RegExp(pattern).test(word));
    if (kinds.includes("string") && words.length > 0) choices.push(fc.constantFrom(...words));
  }
  if (kinds.includes("boolean")) choices.push(fc.boolean());
  if (kinds.includes("null")) choices.push(fc.constant(null));
  if (kinds.includes("array") && depth > 0) {
    const most = key === "workload" ? 8 : 3;
    const list = fc.array(valueOf(node.items ?? {}, "", depth - 1), {
      minLength: 1,
      maxLength: most,
    });
    choices.push(rarely(list, fc.constant([])));
  }
  if (kinds.includes("object") && depth > 0) choices.push(objectOf(node, key, depth));
  return choices.length === 0 ? anything : rarely(fc.oneof(...choices), anything);
}

/** An object with some of its keys, the required ones nearly always. */
function objectOf(node: Schema, key: string, depth: number): fc.Arbitrary<Json> {
  const { properties } = key === "resume" ? (definitions["backend"] ?? {}) : node;
  const keys = Object.keys(properties ?? {});
  if (keys.length === 0)
    return fc.dictionary(fc.constantFrom(...STORE_KEYS), anything, { maxKeys: 2 });
  const values = Object.fromEntries(
    keys.map((one) => [one, valueOf(properties?.[one] ?? {}, one, depth - 1)]),
  );
  const isStep = node === definitions["step"];
  const some = isStep
    ? fc.subarray(keys, { minLength: 1, maxLength: 1 })
    : fc.subarray(keys, { maxLength: Math.min(4, keys.length) });
  return rarely(some, fc.subarray(keys), 40).chain((chosen) => {
    const named = [...new Set([...(node.required ?? []), ...chosen])];
    return rarely(fc.constant(named), fc.constant(chosen), 60).chain((kept) =>
      record(Object.fromEntries(kept.map((one) => [one, values[one] ?? anything]))),
    );
  });
}

/** A tree of the schema's words. */
export const trees: fc.Arbitrary<Json> = valueOf(schema, "", 9);

/** A text with a piece of it gone, doubled or replaced. */
export function damaged(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.nat(text.length),
      fc.nat(12),
      fc.oneof(
        fc.constantFrom("", "{", "}", "[", "]", ",", ":", '"', "//", "/*", "\\", "0x", "-"),
        fc.string(),
      ),
      fc.constantFrom("put", "replace", "double", "cut"),
    )
    .map(([at, length, piece, how]) => {
      const before = text.slice(0, at);
      if (how === "put") return before + piece + text.slice(at);
      if (how === "replace") return before + piece + text.slice(at + length);
      if (how === "double") return before + text.slice(at, at + length) + text.slice(at);
      return before;
    });
}

const segments = fc.array(
  record({
    page: fc.integer({ min: 0x1000, max: 0x1010 }),
    offset: fc.constantFrom(0, 512, 2048),
    length: fc.constantFrom<Json[]>(512, 1024, "2K"),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Up to 40 KB, which is indirect on small pages. */
const buffers = record({
  page: fc.integer({ min: 0x2000, max: 0x2010 }),
  offset: fc.constantFrom<Json[]>(0, 512, "3K"),
  length: fc.constantFrom<Json[]>("4K", "12K", "24K", "48K"),
});

const flags = { fua: fc.boolean(), preflush: fc.boolean() };
const sector = fc.nat(500);
const requests: fc.Arbitrary<Json> = fc.oneof(
  record({ op: fc.constantFrom("read", "write"), sector, segments, ...flags }),
  record({ op: fc.constantFrom("read", "write"), sector, buffer: buffers }),
  record({
    op: fc.constantFrom("discard", "secure-discard"),
    sector,
    sectors: fc.integer({ min: 1, max: 64 }),
  }),
  record({ op: fc.constant("flush") }),
);

const operations = fc.constantFrom<Json[]>(
  "read",
  "write",
  "barrier",
  "flush",
  "discard",
  "indirect",
  9,
);

const responses = record({
  shadowId: fc.constantFrom<Json[]>(0, 1, 31, 32, -1, "0x0fffffff"),
  operation: operations,
  status: fc.constantFrom<Json[]>("okay", "error", "unsupported", -77),
});

const profiles = fc.constantFrom("blkback", "qdisk", "tapdisk");

const backends: fc.Arbitrary<Json> = fc.oneof(
  record({ profile: profiles }),
  record({
    persistent: fc.boolean(),
    maxIndirectSegments: fc.constantFrom<Json[]>(null, 0, 12, 32),
    maxRingPages: fc.constantFrom<Json[]>(null, 1, 2, 4),
  }),
  record({
    persistent: fc.boolean(),
    keepsMapped: fc.constantFrom<Json[]>("all", "none", 3),
    segmentLimit: fc.constantFrom(0, 12, 256),
    flush: fc.constantFrom("none", "flush", "barrier", "both"),
    discard: fc.boolean(),
    maxPersistentGrants: fc.constantFrom<Json[]>(null, 0, 5),
  }),
);

/** Steps that may come at any time. */
const events: fc.Arbitrary<Json> = fc.oneof(
  record({ complete: fc.constant("all") }),
  record({ complete: fc.constant("all"), interrupt: fc.constant("lost") }),
  record({ respond: fc.array(responses, { minLength: 1, maxLength: 2 }) }),
  record({ overrun: fc.integer({ min: 1, max: 40 }) }),
  record({ keep: fc.constantFrom<Json[]>("all", "none", 2) }),
  record({ unmap: fc.constantFrom<Json[]>("all", [8, 9, "0x0a"]) }),
  record({ resume: fc.oneof(fc.constant<Json>(true), backends) }),
  record({ resize: fc.constantFrom<Json[]>(600, 4096, "1M") }),
  record({ takeGrants: fc.constantFrom(1, 100, 500) }),
  record({ wait: fc.constantFrom(1, 60) }),
  fc.constantFrom<Json[]>(
    { interrupt: "now" },
    { purge: true },
    { close: true },
    { openDisk: true },
    { closeDisk: true },
    { remove: true },
    { store: { "feature-persistent": 0, sectors: 100 } },
    { store: { "feature-max-indirect-segments": null } },
    { store: { state: 5 } },
  ),
);

/** What is done with the requests of a batch, by their ids. */
function afterwards(first: number, count: number): fc.Arbitrary<Json[]> {
  const ids = Array.from({ length: count }, (_, i) => first + i);
  const answer = (id: number): fc.Arbitrary<Json> =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Json>(id) },
      {
        weight: 1,
        arbitrary: record({ id: fc.constant(id), status: fc.constantFrom("error", "unsupported") }),
      },
      {
        weight: 1,
        arbitrary: record({
          id: fc.constant(id),
          times: fc.integer({ min: 1, max: 3 }),
          operation: operations,
          shadowId: fc.constantFrom(0, 1, 33),
        }),
      },
    );
  const rewrite = record({
    id: fc.constantFrom(...ids),
    where: fc.constantFrom("slot", "indirect", "data"),
    offset: fc.nat(90),
    bytes: fc.constantFrom<Json[]>("ff", "00 00 00 00", [255, 255, 255, 255, 255, 255, 255, 255]),
  });
  const rewrites = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Json[]>([]) },
    { weight: 1, arbitrary: rewrite.map((one): Json[] => [{ rewrite: [one] }]) },
  );
  const answers = fc
    .shuffledSubarray(ids)
    .chain((some) => fc.tuple(...some.map(answer)))
    .map((complete): Json[] => (complete.length === 0 ? [] : [{ complete }]));
  return fc.tuple(rewrites, answers).map((parts) => parts.flat());
}

const batches: fc.Arbitrary<{ key: string; sent: Json[]; events: Json[] }> = fc.record({
  key: fc.constantFrom("submit", "submit", "bios"),
  sent: fc.array(requests, { minLength: 1, maxLength: 4 }),
  events: fc.array(events, { maxLength: 2 }),
});

function stepsOf(
  parts: readonly { key: string; sent: Json[]; events: Json[] }[],
): fc.Arbitrary<Json[]> {
  let id = 1;
  const steps = parts.map(({ key, sent, events }) => {
    const first = id;
    id += sent.length;
    const numbered = sent.map((one, i) => ({ id: first + i, ...(one as object) }));
    const ends = events.some((step) => JSON.stringify(step).includes('"all"'));
    const after = ends ? fc.constant<Json[]>([]) : afterwards(first, sent.length);
    return after.map((answers): Json[] => [{ [key]: numbered }, ...answers, ...events]);
  });
  return fc.tuple(...steps).map((all) => all.flat());
}

/** A small scenario file that is right. */
export const files: fc.Arbitrary<Json> = fc
  .tuple(
    record({
      type: fc.constantFrom("pv", "hvm"),
      pageSize: fc.constantFrom("4K", "16K", "64K"),
      abi: fc.constantFrom("x86_64", "x86_32", "arm"),
      ringPages: fc.constantFrom(1, 1, 2),
      maxIndirectSegments: fc.constantFrom(0, 12, 32),
      grantTableSize: fc.constantFrom(512, 1024),
      blockLayer: fc.constantFrom("split", "split", "bypass"),
      pagesLeft: fc.constantFrom<Json[]>(null, null, null, 0, 900),
      failing: fc.constantFrom<Json[]>(
        [],
        [],
        ["kzalloc split_bio"],
        ["alloc_disk"],
        ["__get_free_pages"],
      ),
    }),
    backends,
    record({
      vdev: fc.constantFrom<Json[]>("xvda", "xvdz", 768, 51713),
      size: fc.constantFrom<Json[]>("512K", "1M"),
      readonly: fc.constantFrom(false, false, true),
      content: fc.constantFrom<Json[]>(
        "zeros",
        { seed: 3 },
        { file: "disk.img" },
        { bytes: "55aa" },
      ),
    }),
    fc.option(
      record({
        ringIndex: fc.constantFrom<Json[]>(0, "0xfffffffe", 77),
        freeIds: fc.constant([3, 1]),
        freeGrefs: fc.constant([40, 50]),
      }),
    ),
    fc.option(record({ watch: fc.string(), wrong: fc.constant({ step: -1, event: "bug" }) })),
    fc.array(batches, { maxLength: 4 }).chain(stepsOf),
  )
  .map(([guest, backend, disk, start, walk, workload]) => ({
    guest,
    backend,
    disk,
    start,
    walk,
    workload,
  }));

/** Every place in a tree. */
function placesOf(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, one]) => placesOf(one, [...path, key]));
  return [path, ...inner];
}

/** The tree with something else at a place; undefined takes it away. */
function changed(value: Json, path: readonly (string | number)[], to: Json | undefined): Json {
  const copy = structuredClone({ root: value }) as Record<string, Json>;
  let holder = copy;
  const places = ["root", ...path].map(String);
  for (const key of places.slice(0, -1)) holder = holder[key] as Record<string, Json>;
  const last = places[places.length - 1] ?? "root";
  if (to !== undefined) holder[last] = to;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy["root"] ?? null;
}

/** The tree with one field damaged. */
export function withOneDamaged(value: Json): fc.Arbitrary<Json> {
  return fc
    .tuple(
      fc.constantFrom(...placesOf(value)),
      fc.oneof(anything, numbers, strings, fc.constant(undefined)),
    )
    .map(([path, to]) => changed(value, path, to));
}
