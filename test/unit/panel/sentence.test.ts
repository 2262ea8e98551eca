import assert from "node:assert/strict";
import { statements } from "stepped:statements";
import { AREAS } from "../../../src/panel/sentence/sentence.js";
import { describe, it, test } from "node:test";
import type { Scenario } from "../../../src/core/scenario.js";
import { sentenceOf } from "../../../src/panel/sentence/sentence.js";
import { busy64, direct4k, pages, request } from "../../fixtures/panel-scenarios.js";
import { modelOf, read, sceneAt, stepAt, stepOf } from "./model.js";

const grant = (index: number) => (event: Record<string, unknown>) => event["grant_idx"] === index;
const said = (scenario: Scenario, step: number): string =>
  read(sentenceOf(sceneAt(scenario, step)));

test("a grant that is live is taken from the head of the list", () => {
  const read6 = stepOf(busy64, "request_id", (event) => event["max_grefs"] === 33, 1);
  const step = stepAt(busy64, "blkif_setup_rw_req_grant", /get_grant\(/, read6);
  const { info } = sceneAt(busy64, step).machine;
  const { gref } = info.grants.next.entry ?? { gref: 0 };
  assert.equal(
    said(busy64, step),
    `grant 0 takes gref ${gref}, the first of the free list. The back end still maps its page from an earlier request, ` +
      `so nothing is granted anew: persistent_gnts_c falls to ${info.persistent_gnts_c - 1}.`,
  );
});

test("where movements by grant stop, the sentence sums the grant up", () => {
  assert.equal(
    said(busy64, stepOf(busy64, "grant_taken", grant(17), 1)),
    "grant 17 has taken gref 60, a new reference: no live grant was left at the head of the free list. " +
      "The caller’s 4,096 bytes are copied into its page next, because grants persist and this is a write.",
  );
});

test("a short copy names the bytes that stay", () => {
  const step = stepAt(
    busy64,
    "blkif_setup_rw_req_grant",
    /^memcpy/,
    stepOf(busy64, "grant_taken", grant(30), 1),
  );
  assert.match(
    said(busy64, step),
    /^3,072 bytes go from the caller’s page 0x1002 \+ 0x1000 to offset 0 of page 0x[0-9a-f]+, gref \d+\. Its other 1,024 bytes keep what earlier requests left there\.$/,
  );
});

test("the worst case is told from what is used", () => {
  const step = stepAt(
    busy64,
    "blkif_queue_rw_req",
    /^let max_grefs/,
    stepOf(busy64, "request_start", () => true, 3),
  );
  assert.equal(
    said(busy64, step),
    "The worst case is reserved: 3 segments of 16 Xen pages make 48 grants. The request will use 31.",
  );
});

test("a segment is named with its place and its sectors", () => {
  const step = stepAt(direct4k, "blkif_setup_rw_req_grant", /^put_segment/);
  assert.equal(
    said(direct4k, step),
    "The segment is written into the ring slot, seg[0]: gref 9, sectors 0 to 7.",
  );
});

test("a grant's way home depends on whether it is mapped", () => {
  const head = stepAt(busy64, "blkif_completion", /gnttab_query_foreign_access/);
  assert.match(
    said(busy64, head),
    /the back end still maps gref \d+, so it goes to the head of the list/,
  );
  const tail = stepAt(direct4k, "blkif_completion", /gnttab_query_foreign_access/);
  assert.match(
    said(direct4k, tail),
    /does not map gref \d+, so the reference ends and the entry goes to the tail/,
  );
});

test("the bug is named where the kernel stops", () => {
  const scenario: Scenario = {
    ...busy64,
    guest: { ...busy64.guest, blockLayer: "bypass" },
    workload: [{ submit: [request(1, "write", 0, pages(0x100, 5, 65536))] }],
  };
  const { recording } = modelOf(scenario);
  const sentence = sentenceOf(sceneAt(scenario, recording.length - 1));
  assert.equal(sentence.tone, "bug");
  assert.match(
    read(sentence),
    /^The kernel stops here, at BUG_ON\(info->max_indirect_segments && .*80 grants could be needed and 64/,
  );
});

test("a warning of the driver is one here", () => {
  const step = stepOf(busy64, "message", (event) => event["level"] === "warning");
  const sentence = sentenceOf(sceneAt(busy64, step));
  assert.equal(sentence.tone, "warning");
  assert.match(read(sentence), /discard op failed/);
});

for (const scenario of [busy64, direct4k]) {
  test(`${scenario.title}: every step has a sentence of its own, with no hole in it`, () => {
    const { recording } = modelOf(scenario);
    const general = new Map<string, number>();
    let steps = 0;
    for (let step = recording.entry; step < recording.length; step++) {
      const text = said(scenario, step);
      assert.doesNotMatch(text, /undefined|NaN|\[object/, `step ${step}: ${text}`);
      assert.match(text, /[.?]$/, `step ${step}: ${text}`);
      steps++;
      if (/^(The driver|The interrupt handler|The back end) runs /.test(text)) {
        const key = recording.statementAt(step).text;
        general.set(key, (general.get(key) ?? 0) + 1);
      }
    }
    const spent = [...general.values()].reduce((sum, n) => sum + n, 0);
    assert.ok(
      spent < steps * 0.02,
      `${spent} of ${steps} steps: ${[...general.keys()].slice(0, 20).join("\n")}`,
    );
  });
}

describe("the rules", () => {
  it("all meet a statement of the driver or the back end", () => {
    const dead = AREAS.flatMap((area) =>
      Object.entries(area).flatMap(([name, rules]) => {
        const texts = statements.filter((one) => one.function.name === name);
        return rules
          .filter(({ when }) => !texts.some(({ text }) => when.test(text)))
          .map(({ when }) => `${name}: ${String(when)}`);
      }),
    );
    assert.deepEqual(dead, []);
  });
});
