/** Requests at random: those that a client may send, by command, and what becomes of them when they are damaged. */
import path from "node:path";
import fc from "fast-check";
import { VSCODE } from "./client.js";
import { model } from "./places.js";
import { bug, file, small, troubled, twoOwners } from "./programs.js";

type Arguments = fc.Arbitrary<unknown>;

/** An object of which the optional parts may be missing. */
function object(
  needed: Record<string, Arguments>,
  optional: Record<string, Arguments> = {},
): Arguments {
  const requiredKeys = Object.keys(needed);
  return fc.record({ ...needed, ...optional }, { requiredKeys });
}

function oneOf(...values: unknown[]): Arguments {
  return fc.constantFrom(...values);
}

/** One of these mostly, and now and then something that no client with sense sends. */
function mostly(...values: unknown[]): Arguments {
  return fc.oneof({ weight: 5, arbitrary: oneOf(...values) }, { weight: 1, arbitrary: odd });
}

function few(of: Arguments, maxLength = 3): Arguments {
  return fc.array(of, { maxLength });
}

const flag = fc.boolean();
const nothing = fc.constant(undefined);

/** What every object has, and a list and a function too. */
const INHERITED = ["__proto__", "constructor", "toString", "length", "prototype"];
/** What would take for ever if it were read more than once from each of its characters. */
const HUGE = [
  "x".repeat(100_000),
  " ".repeat(100_000) + "1",
  "a.".repeat(50_000),
  "{".repeat(9_999),
];

const odd = oneOf(...INHERITED, ...HUGE);

/** Fields that can be set, of every kind, on which the driver works. */
const FIELDS = [
  ...["info->is_ready", "info->shadow_free", "info->ring.rsp_cons", "info->ring.req_prod_pvt"],
  ...[
    "ring->sring",
    "info->rq",
    "info->gd",
    "info->xbdev",
    "info->connected",
    "info->nr_ring_pages",
  ],
  ...["info->shadow[0].request", "info->shadow[0].num_sg", "info->shadow[0].grants_used[0]"],
  ...["ring->sring->rsp_prod", "info->grants", "info->persistent_gnts_c", "kernel->PAGE_SIZE"],
  ...["info->grants[0]->gref", "backend->private_mem", "backend->req_cons"],
];

const EXPRESSIONS = [
  ...["info", "req", "$shadow", "info->shadow[0].grants_used", "info->grants", "PAGE_SIZE, x"],
  ...["grant_idx == 2", "info->ring.sring", "*info", "$bytes(info->ring.sring)", "nobody", "1 +"],
];

const name = mostly("", "info", "request", "is_ready", "[0]", "rsp_cons", "num_sg", "shadow_free");
const expression = mostly(...EXPRESSIONS, ...FIELDS);
const newValue = mostly("0", "1", "-1", "NULL", "7", "0xffffffff", "x y", "nobody");
const condition = mostly("1", "grant_idx % 2 == 0", "id ==", "nobody > 1");
const hitCondition = mostly("2", "% 3", ">= 4", "often", "% 0");
const logMessage = mostly("at {grant_idx}", "{nobody} \\{", "{");

const threadId = oneOf(1, 1, 1, 2, 3, 0, 99);
const thread = object({ threadId });
const step = object({ threadId }, { granularity: oneOf("statement", "line", "instruction") });
const frameId = oneOf(1001, 1001, 1002, 1002, 1003, 2001, 3001, 3002, 1000, 4001);
const handle = fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 40 }));
const format = object({}, { hex: flag });
const line = fc.integer({ min: 0, max: 400 });
const column = fc.integer({ min: 0, max: 80 });

const FILES = ["queue-rw", "grants", "completion", "interrupt", "request-fn"];
const source = fc.oneof(
  fc.constantFrom(...FILES).map((one) => {
    const below = `blkfront/patch-v2/${one}.ts`;
    return { name: below, path: path.join(model, below) };
  }),
  object({}, { name, path: name, sourceReference: oneOf(0, 1, 7, 9_999) }),
);

const reference = mostly("0x0", "0x1000", "0xfffffffffe", "0x1000000000000000", "the ring");
const offset = oneOf(0, 8, -8, -(2 ** 40));
const dataId = mostly("info.ring.req_prod_pvt", "info.shadow_free", "0x1000+4", "a b");

const programs = mostly(
  ...[
    small,
    small,
    small,
    bug,
    troubled,
    twoOwners,
    "/nowhere/at.all",
    file("fuzz.txt", "nothing"),
  ],
);
const launch = object(
  { program: programs },
  {
    noDebug: oneOf(false, false, false, true),
    pageSize: oneOf("4K", "16K", 65536, "16384", "8K"),
    stopOnEntry: flag,
    checkInvariants: flag,
    stopAt: oneOf("entry", "wrong"),
    disk: oneOf("xvda", 51712),
  },
);

const client = oneOf(
  VSCODE,
  { ...VSCODE, supportsInvalidatedEvent: true, supportsMemoryEvent: true },
  { adapterID: "blkfront", linesStartAt1: false, columnsStartAt1: false },
  { adapterID: "blkfront", pathFormat: "uri" },
);

const landmark = object({ what: oneOf("grant", "request", "interrupt", "step", "over", "out") });
const written = object({ expression }, { frameId });

/** A request of which some are sent for each that is sent of another. */
interface Kind {
  readonly arguments: Arguments;
  /** How often, 10 unless it is said. Fewer of what takes long, and of what ends everything. */
  readonly weight?: number;
}

/** Every command that the adapter answers, with arguments that the protocol allows. */
export const REQUESTS: Readonly<Record<string, Kind>> = {
  initialize: { arguments: client, weight: 1 },
  launch: { arguments: launch, weight: 15 },
  attach: { arguments: launch, weight: 1 },
  configurationDone: { arguments: nothing },
  restart: { arguments: object({}, { arguments: launch }), weight: 2 },
  disconnect: { arguments: object({}, { restart: flag }), weight: 1 },
  terminate: { arguments: object({}, { restart: flag }), weight: 1 },
  cancel: { arguments: object({}, { progressId: oneOf("recording 1", "x"), requestId: line }) },

  threads: { arguments: nothing },
  stackTrace: {
    arguments: object(
      { threadId },
      { startFrame: oneOf(0, 1, 9), levels: oneOf(0, 1, 20), format },
    ),
  },
  scopes: { arguments: object({ frameId }), weight: 20 },
  variables: {
    arguments: object(
      { variablesReference: handle },
      { filter: oneOf("indexed", "named"), start: line, count: oneOf(0, 1, 5), format },
    ),
    weight: 30,
  },
  evaluate: {
    arguments: fc.oneof(
      object({ expression }, { frameId, context: oneOf("watch", "hover", "repl", "x"), format }),
      object({
        expression: oneOf(".next grant", ".prev", ".back", ".where", ".goto 40", ".wrong", ".x"),
      }),
    ),
    weight: 30,
  },
  completions: {
    arguments: object(
      { text: fc.oneof(expression, oneOf("info->", ".ne", "a\nb")), column },
      { frameId, line },
    ),
  },
  exceptionInfo: { arguments: thread },
  source: { arguments: object({ sourceReference: oneOf(0, 1, 99) }, { source }) },
  loadedSources: { arguments: nothing },

  setBreakpoints: {
    arguments: object(
      { source },
      {
        breakpoints: few(object({ line }, { column, condition, hitCondition, logMessage })),
        lines: few(line),
      },
    ),
  },
  setFunctionBreakpoints: {
    arguments: object({
      breakpoints: few(
        object(
          { name: mostly("get_grant", "blkif_interrupt", "do_blkif_request()") },
          { condition, hitCondition },
        ),
      ),
    }),
  },
  setExceptionBreakpoints: {
    arguments: object(
      { filters: few(mostly("bug", "invariant", "errorResponse", "noGrants")) },
      { filterOptions: few(object({ filterId: oneOf("bug", "errorResponse") }, { condition })) },
    ),
  },
  breakpointLocations: {
    arguments: object({ source, line }, { column, endLine: line, endColumn: column }),
  },
  dataBreakpointInfo: {
    arguments: object(
      { name: fc.oneof(expression, reference) },
      { variablesReference: handle, frameId, asAddress: flag, bytes: oneOf(1, 8, 99_999) },
    ),
  },
  setDataBreakpoints: {
    arguments: object({
      breakpoints: few(
        object({ dataId }, { accessType: oneOf("read", "write"), condition, hitCondition }),
        2,
      ),
    }),
    weight: 2,
  },

  continue: { arguments: thread },
  reverseContinue: { arguments: thread },
  next: { arguments: step },
  stepIn: { arguments: step },
  stepOut: { arguments: step },
  stepBack: { arguments: step },
  pause: { arguments: thread },

  readMemory: {
    arguments: object({ memoryReference: reference, count: oneOf(0, 1, 64, 4096) }, { offset }),
  },
  writeMemory: {
    arguments: object({ memoryReference: reference, data: oneOf("AAAA", "", "no!") }, { offset }),
    weight: 4,
  },
  setVariable: {
    arguments: object({ variablesReference: handle, name, value: newValue }),
    weight: 5,
  },
  setExpression: {
    arguments: object({ expression: mostly(...FIELDS), value: newValue }, { frameId, format }),
    weight: 5,
  },

  "grantwalk/next": { arguments: landmark },
  "grantwalk/previous": { arguments: landmark },
  "grantwalk/goTo": { arguments: object({ step: oneOf(0, 1, 40, 300, 9_999_999) }) },
  "grantwalk/goToWrong": { arguments: nothing },
  "grantwalk/stepBackInto": { arguments: nothing },
  "grantwalk/stepBackOut": { arguments: nothing },
  "grantwalk/lastWrite": { arguments: written, weight: 2 },
  "grantwalk/nextWrite": { arguments: written, weight: 2 },
  "grantwalk/branches": { arguments: nothing },
  "grantwalk/switchBranch": { arguments: object({ branch: oneOf(0, 1, 2, 99) }) },
  "grantwalk/compareBranches": {
    arguments: object({ branch: oneOf(0, 1, 99) }, { other: oneOf(0, 1) }),
    weight: 1,
  },
  "grantwalk/injectFault": {
    arguments: object({ fault: mostly("error", "twice", "lost", "gone") }),
    weight: 1,
  },
  "grantwalk/position": { arguments: nothing },
};

/** What may stand in the place of anything. */
const damage = oneOf(
  ...[null, true, -1, 0, 1.5, 1e99, -1e99, 2 ** 53, "x", "", "1", [], {}, [null], [[]]],
  ...[{ toString: 1, valueOf: 1 }, { length: -1 }, JSON.parse('{"__proto__":{"line":1}}')],
  ...INHERITED,
  ...HUGE,
);

/** Everything inside of a value, and the value itself, as paths. */
function places(value: unknown): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[]];
  const below = Object.entries(value).flatMap(([key, child]) =>
    places(child).map((place) => [key, ...place]),
  );
  return [[], ...below];
}

function replaced(value: unknown, [key, ...place]: (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const parts = copy as Record<string | number, unknown>;
  parts[key] = replaced(parts[key], place, by);
  return copy;
}

/** A value that is another in one place, or lacks what stood there. */
function damaged(of: Arguments): Arguments {
  return fc
    .tuple(of, fc.nat(), fc.option(damage, { nil: undefined, freq: 6 }))
    .map(([value, place, by]) => {
      const all = places(value);
      return replaced(value, all[place % all.length] as (string | number)[], by);
    });
}

/** One message to an adapter. */
export type Move =
  | { readonly kind: "request"; readonly command: string; readonly arguments: unknown }
  /** Cancels one of the last requests. */
  | { readonly kind: "cancel"; readonly back: number }
  /** Sends the last request once more, under its own number. */
  | { readonly kind: "repeat" }
  /** What is no request. */
  | { readonly kind: "other"; readonly message: unknown };

/** How a client goes on after a message: at once, when others had their turn, or when it has been answered. */
export type Then = "at once" | "after a turn" | "after the answer";

export interface Sent {
  readonly move: Move;
  readonly then: Then;
}

const commands = Object.entries(REQUESTS).map(([command, kind]) => ({
  weight: kind.weight ?? 10,
  arbitrary: fc
    .oneof(
      { weight: 5, arbitrary: kind.arguments },
      { weight: 1, arbitrary: damaged(kind.arguments) },
    )
    .map((args): Move => ({ kind: "request", command, arguments: args })),
}));

const unknown = oneOf("nonsense", "grantwalk/", "goto", "", ...INHERITED, ...HUGE).map(
  (command): Move => ({ kind: "request", command: command as string, arguments: {} }),
);

const other = damaged(
  object({ type: oneOf("request"), seq: oneOf(1), command: oneOf("threads") }),
).map((message): Move => ({ kind: "other", message: message ?? null }));

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 30, arbitrary: fc.oneof(...commands) },
  { weight: 1, arbitrary: unknown },
  { weight: 1, arbitrary: other },
  { weight: 1, arbitrary: fc.nat(4).map((back): Move => ({ kind: "cancel", back })) },
  { weight: 1, arbitrary: fc.constant<Move>({ kind: "repeat" }) },
);

const then = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Then>("at once") },
  { weight: 1, arbitrary: fc.constant<Then>("after a turn") },
  { weight: 2, arbitrary: fc.constant<Then>("after the answer") },
);

/** Messages in any order. */
export const sent: fc.Arbitrary<Sent> = fc.record({ move, then });
