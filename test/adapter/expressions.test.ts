// The C programmer's expressions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../src/adapter/expression/parse.js";
import { splitSuffix } from "../../src/adapter/expression/suffix.js";
import { ExpressionError } from "../../src/adapter/expression/syntax.js";
import { parseHitCondition } from "../../src/adapter/breakpoints/hit-condition.js";
import { parseLogMessage } from "../../src/adapter/breakpoints/log-message.js";
import { TestClient } from "./support/client.js";
import { indirect } from "./support/programs.js";

test("expressions at a grant", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  for (let i = 0; i < 3; i++) {
    await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  }
  const value = async (expression: string): Promise<string> =>
    (await client.evaluateRequest({ expression })).body.result;

  const table: [string, string][] = [
    ["1 + 2 * 3", "7"],
    ["(1 + 2) * 3", "9"],
    ["-7 / 2", "-3"],
    ["-7 % 2", "-1"],
    ["0x10 | 1", "17"],
    ["1 << 40", "1099511627776"],
    ["~0", "-1"],
    ["10 - 3 - 2", "5"],
    ["1 ? 2 : 3", "2"],
    ["0 ? 2 : 0 ? 3 : 4", "4"],
    ["3 > 2 && 2 > 3", "false"],
    ["!0 || 1 / 0", "true"],
    ["grant_idx", "2"],
    ["grant_idx == setup->grant_idx", "true"],
    ["setup.grant_idx + 1", "3"],
    ["shadow->grants_used[grant_idx]->gref == gnt_list_entry->gref", "true"],
    ["info->shadow[setup->id].grants_used[2] == gnt_list_entry", "true"],
    ["info.shadow[0].request == $req", "true"],
    ["shadow->grants_used[3] == NULL", "true"],
    ["!shadow->grants_used[3]", "true"],
    ["req->cmd_flags & REQ_WRITE", "1"],
    ["ring_req->operation == BLKIF_OP_INDIRECT", "true"],
    ["24 * XEN_PAGES_PER_SEGMENT", "24"],
    ["INDIRECT_GREFS(513)", "2"],
    ["PAGE_SIZE", "4096"],
    ["ring->req_prod_pvt - ring->rsp_cons", "0"],
    ["info->grants.length > 100", "true"],
    ['info->gd->disk_name == "xvda"', "true"],
    ["*gnt_list_entry == gnt_list_entry", "true"],
    ["010", "8"],
    ["0xffffffff + 1", "0"],
    ["4294967295 + 1", "4294967296"],
    ["0x7fffffff + 1", "2147483648"],
    ["-1 < 0u", "false"],
    ["~0ul", "18446744073709551615"],
    ["~0ul,x", "0xffffffffffffffff"],
    ["9007199254740993 + 1", "9007199254740994"],
    ["(uint8_t)300", "44"],
    ["(s8)200", "-56"],
    ["(u16)-1", "65535"],
    ["(unsigned int)-1", "4294967295"],
    ["(int)0xffffffff", "-1"],
    ["(long unsigned int)-1 == ~0ul", "true"],
    ["(s64)0xffffffffffffffff", "-1"],
    ["(bool)256", "true"],
    ["(bool)info", "true"],
    ["(grant_ref_t)-1 - 1", "4294967294"],
    ["(u8)1 + 255", "256"],
    ["(RING_IDX)2 - (RING_IDX)0xfffffffe", "4"],
    ["-(u8)1", "-1"],
    ["(unsigned)(grant_idx)", "2"],
    ["sizeof(blkif_sector_t) + sizeof(void *)", "16"],
    ["sizeof grant_idx", "4"],
    ["sizeof *ring_req", "112"],
    ["(&info->ring)->nr_ents", "32"],
    ["&info->ring == ring", "true"],
    ["*&*ring_req == ring_req", "true"],
    ["RING_FULL(&info->ring)", "false"],
    ["RING_FREE_REQUESTS(info.ring)", "32"],
    ["RING_SIZE(&info->ring) == BLK_RING_SIZE(info)", "true"],
    ["BLK_RING_SIZE", "32"],
    ["RING_HAS_UNCONSUMED_RESPONSES(ring)", "0"],
    ["RING_GET_REQUEST(&info->ring, ring->req_prod_pvt)->operation == BLKIF_OP_INDIRECT", "true"],
    ["RING_GET_REQUEST(ring, 32) == RING_GET_REQUEST(ring, 0)", "false"],
    ["min(grant_idx, 24)", "2"],
    ["max((u8)255, 3)", "255"],
    ["min(-1, 1u)", "1"],
    ["DIV_ROUND_UP(24, 5)", "5"],
    ["rq_data_dir(req)", "1"],
    ["blk_rq_sectors(req)", "192"],
    ["blk_rq_pos(req) + blk_rq_sectors(req)", "192"],
    ["bio_sectors(req->bio)", "192"],
    ["bio_segments(req->bio) == req->bio->bi_io_vec.length", "true"],
    ["list_empty(&info->indirect_pages)", "true"],
    ["VDEV_IS_EXTENDED(info->vdevice)", "false"],
  ];
  for (const [expression, expected] of table) {
    assert.equal(await value(expression), expected, expression);
  }
  assert.match(await value("&*ring_req"), /^0x[\da-f]+$/);
  assert.match(await value("$bytes(*ring_req)"), /^06 01 /);
  assert.match(await value("ring_req,b"), /^06 01 /);

  const errors: [string, RegExp][] = [
    ["", /empty/],
    ["1 +", /not complete/],
    ["1 2", /Unexpected '2'/],
    ["(1", /'\)' is missing/],
    ["nobody", /no 'nobody' in this frame/],
    ["info->nobody", /'struct blkfront_info \*' has no member 'nobody'/],
    ["shadow->grants_used[3]->gref", /NULL pointer/],
    ["shadow->grants_used[100000]", /outside of the/],
    ["shadow->grants_used[-1]", /outside of the/],
    ["grant_idx[0]", /no entries/],
    ["1 / 0", /Division by zero/],
    ["info + 1", /'\+' needs numbers/],
    ["get_grant(1)", /nothing runs while you look/],
    ["grant_idx = 3", /'=' does not belong/],
    ["info->", /name is missing/],
    ["*grant_idx", /no pointer/],
    ["&grant_idx", /'&' needs a structure, and 'int' is none/],
    ["&shadow->grants_used", /'&' needs a structure/],
    ['"open', /does not belong/],
    ['"\\q"', /must begin an escape/],
    ["08", /Unexpected '8'/],
    ["18446744073709551616", /does not fit into 64 bits/],
    ["1u << 32", /'<<' needs a count of 0 to 31 here/],
    [
      "(struct page *)1",
      /no cast to the pointer type 'struct page \*' here, only to integer types/,
    ],
    ["(u8 *)1", /no cast to the pointer type/],
    ["(struct grant)1", /no cast to 'struct grant'/],
    ["(short long)1", /no cast to 'short long'/],
    ["(u64)info", /'struct blkfront_info \*' is no number that \(u64\) could convert/],
    ["sizeof info->grants", /size of 'struct list_head' is not known/],
    ["RING_FULL", /needs its arguments: RING_FULL\(ring\)/],
    ["RING_FULL()", /RING_FULL\(ring\) takes 1 argument, not 0/],
    ["min(1)", /min\(a, b\) takes 2 arguments, not 1/],
    [
      "RING_FULL(info)",
      /RING_FULL\(ring\): ring must be a struct blkif_front_ring or a pointer to one/,
    ],
    ["rq_data_dir(NULL)", /rq_data_dir\(req\): req must be a struct request/],
    ["INDIRECT_GREFS(info)", /INDIRECT_GREFS\(pages\): pages must be a whole number/],
    ["max(1, info)", /max\(a, b\): b must be a number/],
    ["DIV_ROUND_UP(1, 0)", /Division by zero/],
    ["grant_idx,[2]", /'int' has no entries/],
    ["NULL,2", /NULL pointer points to nothing/],
    ["(".repeat(20_000), /too long/],
  ];
  for (const [expression, expected] of errors) {
    assert.match(await client.failure(() => value(expression)), expected, expression);
  }
  await client.end();
});

test("a suffix shows the first entries of what is pointed to", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  for (let i = 0; i < 3; i++) {
    await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  }
  const look = async (expression: string): Promise<string[]> => {
    const { body } = await client.evaluateRequest({ expression });
    if (body.variablesReference === 0) return [body.result];
    const rows = (await client.variablesRequest(body)).body.variables;
    assert.equal(body.indexedVariables, rows.length);
    for (const row of rows) {
      const again = await client.evaluateRequest({ expression: row.evaluateName as string });
      assert.equal(again.body.type, row.type, row.evaluateName);
    }
    return [body.result, ...rows.map(({ value }) => value)];
  };
  const value = async (expression: string): Promise<string> =>
    (await client.evaluateRequest({ expression })).body.result;

  const held = [0, 1].map((i) => value(`shadow->grants_used[${i}]`));
  assert.deepEqual(await look("shadow->grants_used,[2]"), [
    `2 of ${await value("shadow->grants_used.length")} entries`,
    ...(await Promise.all(held)),
  ]);
  const free = await value("info->grants.length");
  assert.deepEqual((await look("info->grants,[4]"))[0], `4 of ${free} entries`);
  assert.equal((await look("&info->grants,4")).length, 5);
  // There is only one, whatever is asked for.
  assert.deepEqual(await look("info->ring_ref,[8]"), [
    "1 of 1 entry",
    await value("info->ring_ref[0]"),
  ]);
  assert.deepEqual(await look("ring_req,[8]"), ["1 of 1 entry", await value("*ring_req")]);
  assert.deepEqual(await look("info->grants,[0]"), [`0 of ${free} entries`]);
  // Bytes are always hexadecimal, references only where it is asked for.
  assert.deepEqual(await look("ring_req,b,[2]"), ["2 of 112 entries", "0x6", "0x1"]);
  assert.match((await look("info->ring_ref,[1]x")).at(-1) as string, /^0x/);
  assert.deepEqual(await look("info->ring_ref,x,[1]"), await look("info->ring_ref,[1]x"));

  // What is unfolded stays so: at the next stop the handle shows the entries that are there then.
  const { body } = await client.evaluateRequest({
    expression: "info->grants,[2]",
    context: "watch",
  });
  await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  const rows = (await client.variablesRequest(body)).body.variables;
  assert.deepEqual(
    rows.map((row) => row.value),
    [await value("info->grants[0]"), await value("info->grants[1]")],
  );
  await client.end();
});

test("a hover over a macro says what it is", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  const hover = async (expression: string): Promise<string> =>
    (await client.evaluateRequest({ expression, context: "hover" })).body.result;
  assert.equal(await hover("RING_FULL"), "RING_FULL(ring): whether no slot is free for a request");
  assert.equal(await hover("RING_FULL(info.ring)"), "false");
  // It is also a constant of this guest.
  assert.equal(await hover("BLK_RING_SIZE"), "32");
  await client.end();
});

test("the children of a pointer that was made have expressions of their own", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  const { body } = await client.evaluateRequest({ expression: "&info->ring" });
  const { variables } = (await client.variablesRequest(body)).body;
  for (const { name, value, evaluateName } of variables) {
    const again = await client.evaluateRequest({ expression: evaluateName as string });
    assert.equal(again.body.result, value, name);
  }
  assert.equal(variables[0]?.evaluateName, "(&info->ring)->req_prod_pvt");
  await client.end();
});

test("completion knows the frame's names, members and words", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  await client.move(() => client.customRequest("grantwalk/next", { what: "grant" }));
  const complete = async (text: string): Promise<string[]> => {
    const { body } = await client.completionsRequest({ text, column: text.length + 1 });
    for (const target of body.targets) {
      const start = (target.start ?? 1) - 1;
      assert.ok(target.label.startsWith(text.slice(start, start + (target.length ?? 0))), text);
    }
    return body.targets.map(({ label }) => label);
  };
  assert.ok((await complete("")).includes("grant_idx"));
  assert.deepEqual(await complete("gnt_l"), ["gnt_list_entry"]);
  assert.deepEqual(await complete("info->sha"), ["shadow", "shadow_free"]);
  assert.deepEqual(await complete("1 + info.shadow[0].num"), ["num_sg"]);
  assert.deepEqual(await complete("info->shadow[setup->id].grants_used[0]->gr"), ["gref"]);
  assert.deepEqual(await complete("nobody->x"), []);
  assert.deepEqual(await complete("BLKIF_OP_WRITE_"), ["BLKIF_OP_WRITE_BARRIER"]);
  const long = `${"x".repeat(100_000)} + info->persistent_gn`;
  assert.deepEqual(await complete(long), ["persistent_gnts_c"]);
  assert.deepEqual(await complete(".next gr"), [
    ".next grant",
    ".next grefs_alloc",
    ".next grant_taken",
    ".next grant_released",
    ".next gref_deferred",
  ]);
  assert.deepEqual(await complete("1 + RING_F"), ["RING_FREE_REQUESTS", "RING_FULL"]);
  assert.deepEqual(await complete("BLK_RING"), ["BLK_RING_SIZE"]);
  assert.deepEqual(await complete("(&info->ring)->req_"), ["req_prod_pvt"]);
  assert.deepEqual(await complete("RING_GET_REQUEST(ring, 0)->oper"), ["operation"]);
  assert.deepEqual(await complete("(unsigned lo"), ["long", "loff_t"]);
  assert.deepEqual(await complete("sizeof(grant_r"), ["grant_ref_t"]);
  // A type is no value, and no argument.
  assert.deepEqual(await complete("uint8"), []);
  assert.deepEqual(await complete("min(uint8"), []);
  await client.end();
});

test("suffixes", () => {
  const table: [string, string, string | null, number | null][] = [
    ["a[1],x", "a[1]", "x", null],
    ["a , b ", "a ", "b", null],
    ["a", "a", null, null],
    ["a,[8]", "a", null, 8],
    ["a,8", "a", null, 8],
    ["a,[8]x", "a", "x", 8],
    ["a,x,[ 8 ]", "a", "x", 8],
    ["a,[8],d", "a", "d", 8],
    ["min(a, 8)", "min(a, 8)", null, null],
    ["min(a, x),x", "min(a, x)", "x", null],
  ];
  for (const [whole, text, suffix, count] of table) {
    assert.deepEqual(splitSuffix(whole), { text, suffix, count }, whole);
  }
});

test("nothing that is no expression is taken for one, and nothing else is ever thrown", () => {
  const pieces = [
    "a",
    "->",
    "[",
    "]",
    "(",
    ")",
    "1",
    "+",
    "?",
    ":",
    ".",
    "!",
    '"x"',
    "$b",
    ",",
    "&&",
  ];
  // A fixed sequence that looks like chance: the same texts every time.
  let seed = 12345;
  for (let i = 0; i < 5000; i++) {
    let text = "";
    for (let n = 0; n < 8; n++) {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      text += pieces[(seed >>> 8) % pieces.length];
    }
    try {
      parse(text);
    } catch (error) {
      assert.ok(error instanceof ExpressionError, text);
    }
  }
});

test("hit conditions", () => {
  const holds = (text: string, n: number): boolean | undefined => parseHitCondition(text)?.(n);
  assert.equal(holds("3", 3), true);
  assert.equal(holds("== 3", 4), false);
  assert.equal(holds(">3", 4), true);
  assert.equal(holds(">= 3", 2), false);
  assert.equal(holds("<3", 2), true);
  assert.equal(holds("<= 3", 4), false);
  assert.equal(holds("!= 3", 3), false);
  assert.equal(holds("% 3", 9), true);
  for (const text of ["", "x", "3 times", "% 0", "-1"]) assert.equal(parseHitCondition(text), null);
});

test("log messages", () => {
  assert.deepEqual(parseLogMessage("a {b} \\{c\\} {d"), [
    { text: "a " },
    { expression: "b" },
    { text: " {c} {d" },
  ]);
  assert.deepEqual(parseLogMessage(""), []);
});
