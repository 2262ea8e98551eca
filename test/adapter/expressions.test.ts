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
    ["&grant_idx", /does not lie in the guest's memory/],
    ['"open', /does not belong/],
  ];
  for (const [expression, expected] of errors) {
    assert.match(await client.failure(() => value(expression)), expected, expression);
  }
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
  assert.deepEqual(await complete(".next gr"), [".next grant"]);
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
