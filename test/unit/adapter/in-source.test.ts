import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expressionAt, expressionsIn } from "../../../src/adapter/expression/in-source.js";

const texts = (line: string) => expressionsIn(line).map(({ text }) => text);

describe("the expressions of a line", () => {
  const lines: Record<string, string[]> = {
    "  const id = get_id_from_freelist(info);": ["id", "info"],
    "  if (info.persistent_gnts_c < max_grefs) {": ["info.persistent_gnts_c", "max_grefs"],
    "    grant_idx = info->shadow[id].num_sg; /* one->two */": [
      "grant_idx",
      "info->shadow[id].num_sg",
    ],
    '  BUG_ON(req->u.rw.id != 3, "a.b != 3"); // c': ["req->u.rw.id"],
    "  const rq = info.gd!.queue as request_queue;": ["rq", "info.gd.queue"],
    "  const name: string = info.gd?.disk_name;": ["name", "info.gd.disk_name"],
    "struct blk_shadow *shadow = &info->shadow[3];": ["shadow", "info->shadow[3]"],
    " * the driver: info.ring": [],
    "  return null;": [],
    "": [],
  };
  for (const [line, expected] of Object.entries(lines)) {
    it(`are ${expected.join(", ") || "none"} of: ${line}`, () => {
      assert.deepEqual(texts(line), expected);
    });
  }

  it("stand where they are said to stand", () => {
    const line = "  x = info->ring.req_prod_pvt + y;";
    for (const { text, start, end } of expressionsIn(line)) {
      assert.equal(line.slice(start, end), text);
    }
  });
});

describe("the expression under the mouse", () => {
  const line = "  x = info->shadow[id].req.u.rw.id + max;";
  const at = (part: string) => expressionAt(line, line.indexOf(part))?.text;

  it("ends with the member that the mouse is on", () => {
    assert.equal(at("info"), "info");
    assert.equal(at("shadow"), "info->shadow");
    assert.equal(at("req"), "info->shadow[id].req");
    assert.equal(at("rw"), "info->shadow[id].req.u.rw");
    assert.equal(at("max"), "max");
  });

  it("is none on blanks, signs, texts and words of the language", () => {
    assert.equal(expressionAt(line, 0), null);
    assert.equal(expressionAt(line, line.indexOf("+")), null);
    assert.equal(expressionAt('  say("info.ring");', 9), null);
    assert.equal(expressionAt("  return x;", 4), null);
  });
});
