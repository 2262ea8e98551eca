// Whatever is asked, the machine stays as it is; and numbers are calculated with as in C.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evaluate } from "../../src/adapter/expression/evaluate.js";
import { FUNCTIONS } from "../../src/adapter/expression/functions.js";
import { look } from "../../src/adapter/expression/look.js";
import { ExpressionError } from "../../src/adapter/expression/syntax.js";
import { TYPE_WORDS, integerType } from "../../src/adapter/expression/types.js";
import { DECIMAL, type Value } from "../../src/adapter/present/value.js";
import { Stop } from "../../src/adapter/stop.js";
import type { Walk } from "../../src/adapter/walk.js";
import type { Recording } from "../../src/replay/recording.js";
import { fingerprint } from "../unit/replay/fingerprint.js";
import { holds } from "../unit/core/random/holds.js";
import { TestClient } from "./support/client.js";
import { indirect, resuming } from "./support/programs.js";

async function walkOf(program: string): Promise<Walk> {
  const walks: Walk[] = [];
  const client = TestClient.inProcess({ onWalk: (walk) => walks.push(walk) });
  await client.begin({ program });
  await client.end();
  return walks[0] as Walk;
}

/** The step at which most functions are being run: a frame that has much in its hands. */
function deepest(recording: Recording): number {
  let found = recording.entry;
  for (let step = found; step < recording.length; step++) {
    if (recording.depthAt(step) > recording.depthAt(found)) found = step;
  }
  return found;
}

/** What there is at many stops of the walks, and what there never is. */
const STRUCTURES = [
  ...["info", "$info", "$req", "shadow", "ring", "kernel", "backend", "setup", "ring_req"],
  ...[
    "&info->ring",
    "&info->grants",
    "info->grants",
    "&info->shadow[0]",
    "info->shadow[0].request",
  ],
  ...[
    "gnt_list_entry",
    "info->shadow[0].grants_used",
    "info->shadow[0].sg",
    "info->rq->queue_head",
  ],
  ...[
    "kernel->gnttab",
    "kernel->log",
    "backend->pending",
    "RING_GET_REQUEST(ring, 0)",
    "NULL",
    "nobody",
  ],
];
const NUMBERS = [
  ...[
    "0",
    "1",
    "7",
    "012",
    "0xffffffff",
    "4095u",
    "1ul",
    "18446744073709551615",
    "PAGE_SIZE",
    "id",
  ],
  ...[
    "grant_idx",
    "info->ring.req_prod_pvt",
    "ring->rsp_cons",
    "REQ_WRITE",
    "XenbusStateClosed",
    "rp",
  ],
  ...[
    "info->connected",
    "info->gd->disk_name",
    '"a\\q"',
    '"text"',
    "info->shadow[0].req.operation",
  ],
];
const MEMBERS = [
  ...[
    "ring",
    "sring",
    "shadow",
    "grants",
    "req",
    "u",
    "rw",
    "indirect",
    "id",
    "gref",
    "page",
    "node",
  ],
  ...["grants_used", "bio", "bi_io_vec", "request", "next", "length", "xbdev", "queue_head", "log"],
];
const BINARY = ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "<", ">=", "==", "!=", "&&"];
const TYPES = [...TYPE_WORDS, "unsigned long", "struct page *", "void"];
const SUFFIXES = ["", "", ",x", ",d", ",b", ",[3]", ",[0]x", ",b,[2]", ",99999999999999999999"];

/** What parameters take that are no numbers, by their names. */
const FITTING: ReadonlyMap<string, readonly string[]> = new Map([
  ["ring", ["ring", "&info->ring", "info->ring"]],
  ["info", ["info", "*info"]],
  ["req", ["req", "info->shadow[0].request", "info->rq->queue_head[0]"]],
  ["bio", ["req->bio", "info->shadow[0].request->bio[0]"]],
  ["head", ["&info->grants", "info->indirect_pages"]],
  ["x", ["ring_req", "ring->sring"]],
  ["shadow", ["shadow", "info->shadow[1]"]],
  ["key", ['"device/vbd/51712/state"', '"nothing"']],
]);

/** Calls, most of them with what the parameters take. */
function calls(argument: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const fitting = [...FUNCTIONS].map(([name, { signature }]) => {
    const given = signature.slice(name.length + 1, -1).split(", ");
    return fc
      .tuple(...given.map((parameter) => fc.constantFrom(...(FITTING.get(parameter) ?? NUMBERS))))
      .map((texts) => `${name}(${texts.join(", ")})`);
  });
  const any = fc
    .tuple(fc.constantFrom(...FUNCTIONS.keys(), "get_grant"), fc.array(argument, { maxLength: 3 }))
    .map(([name, texts]) => `${name}(${texts.join(", ")})`);
  return fc.oneof({ weight: 2, arbitrary: fc.oneof(...fitting) }, any);
}

/** Expressions that can be read, of which many mean something at one stop or another. */
const { any: expression } = fc.letrec<Record<"any" | "structure" | "number", string>>((tie) => ({
  structure: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: fc.constantFrom(...STRUCTURES) },
    fc.tuple(tie("structure"), fc.constantFrom(...MEMBERS)).map(([of, name]) => `(${of})->${name}`),
    fc.tuple(tie("structure"), tie("number")).map(([of, index]) => `(${of})[${index}]`),
    calls(tie("structure")),
    fc.tuple(fc.constantFrom("*", "&"), tie("structure")).map(([sign, of]) => `${sign}(${of})`),
  ),
  number: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: fc.constantFrom(...NUMBERS) },
    fc
      .tuple(fc.constantFrom("-", "+", "!", "~", "sizeof "), tie("number"))
      .map(([sign, of]) => `${sign}(${of})`),
    fc.tuple(fc.constantFrom(...TYPES), tie("number")).map(([type, of]) => `(${type})(${of})`),
    fc
      .tuple(tie("number"), fc.constantFrom(...BINARY), tie("number"))
      .map(([a, sign, b]) => `(${a}) ${sign} (${b})`),
    calls(tie("any")),
  ),
  any: fc.oneof(
    { maxDepth: 3 },
    tie("structure"),
    tie("number"),
    fc.tuple(tie("number"), tie("any"), tie("any")).map(([a, b, c]) => `${a} ? ${b} : ${c}`),
  ),
}));

const asked = fc
  .tuple(expression, fc.constantFrom(...SUFFIXES))
  .map(([text, suffix]) => text + suffix);

/** Reads all of a value that a client sees before it unfolds a child. */
function read(value: Value): void {
  for (const format of [DECIMAL, { hex: true }]) {
    assert.equal(typeof value.text(format), "string");
    for (const member of value.members?.() ?? []) member.value.text(format);
    if (value.items && value.items.count > 0) value.items.at(value.items.count - 1).text(format);
  }
}

test("no expression changes the machine, and each has a value or says why not", async (t) => {
  for (const program of [indirect, resuming]) {
    const { recording } = await walkOf(program);
    const last = recording.length - 1;
    const steps = [0, recording.entry, Math.floor((recording.entry + last) / 2), last];
    const stops = [...steps, deepest(recording)].map((step) => new Stop(recording, step));
    const print = ({ moment }: Stop): string =>
      fingerprint([moment.machine, moment.stack.map(({ variables }) => variables)]);
    const before = stops.map(print);
    let values = 0;
    let looked = 0;
    const property = fc.property(fc.array(asked, { minLength: 50, maxLength: 50 }), (texts) => {
      for (const text of texts) {
        for (const stop of stops) {
          looked++;
          try {
            read(look(text, stop.names()).value);
            values++;
          } catch (error) {
            assert.ok(error instanceof ExpressionError, `${text}: ${String(error)}`);
          }
        }
      }
      assert.deepEqual(stops.map(print), before);
    });
    holds(t, 20, property);
    // A grammar of nothing but errors would say nothing.
    assert.ok(values > looked / 20, `${values} values of ${looked}`);
  }
});

const numbers = fc.oneof(
  fc.integer({ min: -0x8000_0000, max: 0xffff_ffff }),
  fc.constantFrom(0, 1, -1, 0x7fff_ffff, -0x8000_0000, 0x8000_0000, 0xffff_ffff),
);

/** What C makes of two numbers of a type; undefined where the language does not say. */
function calculated(sign: string, a: bigint, b: bigint): bigint | boolean | undefined {
  switch (sign) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0n ? undefined : a / b;
    case "%":
      return b === 0n ? undefined : a % b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "<<":
      return b < 0n || b > 31n ? undefined : a << b;
    case ">>":
      return b < 0n || b > 31n ? undefined : a >> b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case "==":
      return a === b;
    default:
      return undefined;
  }
}

test("numbers of 32 bits are calculated with as in C", async (t) => {
  const { recording } = await walkOf(indirect);
  const names = new Stop(recording, 0).names();
  const signs = ["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "<", "<=", "=="];
  const of = (type: string) => (type === "int" ? BigInt.asIntN : BigInt.asUintN);
  const types = fc.constantFrom("int", "unsigned int");
  const property = fc.property(
    ...([numbers, numbers, types, types, fc.constantFrom(...signs)] as const),
    (a, b, left, right, sign) => {
      const [x, y] = [of(left)(32, BigInt(a)), of(right)(32, BigInt(b))];
      const shifts = sign === "<<" || sign === ">>";
      const type = shifts || left === right ? left : "unsigned int";
      const expected = calculated(sign, of(type)(32, x), shifts ? y : of(type)(32, y));
      const text = `(${left})${a} ${sign} (${right})${b}`;
      if (expected === undefined) return;
      const { raw, type: shown } = evaluate(text, names);
      if (typeof expected === "boolean") return assert.equal(raw, expected, text);
      // What does not fit into an int is undefined in C, and exact here.
      const wanted = type === "int" ? BigInt.asIntN(64, expected) : BigInt.asUintN(32, expected);
      assert.equal(BigInt(raw as number | bigint), wanted, text);
      const fits = BigInt.asIntN(32, wanted) === wanted;
      assert.equal(shown, type === "int" && !fits ? "long" : type, text);
    },
  );
  holds(t, 3000, property);
});

test("numbers of 64 bits are calculated with exactly", async (t) => {
  const { recording } = await walkOf(indirect);
  const names = new Stop(recording, 0).names();
  const wide = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
  const property = fc.property(
    wide,
    wide,
    fc.constantFrom("+", "-", "*", "&", "^"),
    (a, b, sign) => {
      const literal = (n: bigint): string => (n < 0n ? `-${-n}ul` : `${n}ul`);
      const exact = calculated(sign, a, b) as bigint;
      for (const [type, wrap] of [
        ["u64", BigInt.asUintN],
        ["s64", BigInt.asIntN],
      ] as const) {
        const text = `(${type})(${literal(a)} ${sign} ${literal(b)})`;
        assert.equal(evaluate(text, names).text(DECIMAL), String(wrap(64, exact)), text);
      }
    },
  );
  holds(t, 500, property);
});

test("a cast keeps the lower bits, and the type says their sign", async (t) => {
  const { recording } = await walkOf(indirect);
  const names = new Stop(recording, 0).names();
  const property = fc.property(fc.constantFrom(...TYPE_WORDS), numbers, (type, n) => {
    const { bits, signed } = integerType(type) ?? assert.fail(type);
    const { raw } = evaluate(`(${type})${n}`, names);
    if (bits === 1) return assert.equal(raw, n !== 0);
    const wrap = signed ? BigInt.asIntN : BigInt.asUintN;
    assert.equal(BigInt(raw as number | bigint), wrap(bits, BigInt(n)), `(${type})${n}`);
  });
  holds(t, 1000, property);
});
