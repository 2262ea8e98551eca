/** Which recorded cases break which invariants. Each break is a defect that is known; all else keeps the rules. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import type { GoldenCase } from "../../src/cli/golden/case.js";
import { machine_of } from "../../src/cli/golden/run-case.js";
import { tasks_of_step } from "../../src/cli/golden/scenario-of.js";
import type { InvariantName } from "../../src/core/invariants/rule.js";
import { type Broken, watchInvariants } from "../../src/core/invariants/watch.js";
import { runTask } from "../../src/core/machine.js";

/** By what is wrong: the cases that show it, and the invariants that break in them, in order of time. */
const DEFECTS: { why: string; cases: Record<string, InvariantName[]> }[] = [
  {
    why: "a page of 64 KB is more than the 11 grants of a direct request; the limits are raised to a page",
    cases: {
      "no-indirect/ni_64k_p0_lenient": ["limits-fit-grants"],
      "no-indirect/ni_64k_p1_lenient": ["limits-fit-grants"],
    },
  },
  {
    why: "0 indirect segments are taken at their word for the pool",
    cases: {
      "no-indirect/ni_4k_p0_be0_lenient": ["pool-size-constant"],
      "no-indirect/ni_4k_p1_be0_lenient": ["pool-size-constant"],
    },
  },
  {
    why: "the announced number of indirect segments is not cut to what 8 frames hold",
    cases: { "limits/ov_4k_9frames": ["limits-fit-grants"] },
  },
  {
    why: "the recovery sets max_segments in grants, and leaves max_hw_sectors as it was",
    cases: {
      "suspend-resume/sr_4k_lower": ["limits-fit-grants"],
      "suspend-resume/sr_64k_bigafter": ["limits-fit-grants"],
    },
  },
  {
    why: "the recovery measures the pieces of a bio in 4 KB pages and counts them in Linux pages",
    cases: { "suspend-resume/sr_64k_lossy": ["requests-end-once", "limits-fit-grants"] },
  },
  {
    why: "blkif_free counts the ring in Linux pages",
    cases: {
      "multi-page-ring/mr_64k_clamped": ["pages-accounted"],
      "multi-page-ring/mr_64k_order2": ["pages-accounted"],
      "suspend-resume/sr_64k_p0": ["pages-accounted", "limits-fit-grants"],
      "suspend-resume/sr_64k_p1": ["pages-accounted", "limits-fit-grants"],
    },
  },
  {
    why: "the page of an unmapped indirect frame becomes a spare one, though grants persist and it is the grant's",
    cases: {
      "indirect-pages/ip_4k_p_keep0_double": ["pages-accounted"],
      "indirect-pages/ip_4k_p_keep0_remove": ["pages-accounted"],
      "indirect-pages/ip_64k_p_keep0_double": ["pages-accounted"],
      "indirect-pages/ip_64k_p_keep0_remove": ["pages-accounted"],
      "persistent-partial-keep/pk_4k_keep1": ["pages-accounted"],
      "persistent-partial-keep/pk_4k_keep7": ["pages-accounted"],
      "persistent-partial-keep/pk_64k_keep1": ["pages-accounted"],
      "persistent-partial-keep/pu_4k_unmapall": ["pages-accounted"],
      "persistent-partial-keep/pu_64k_unmapall": ["pages-accounted"],
      "random/rnd_4k_01": ["pages-accounted"],
      "random/rnd_64k_00": ["pages-accounted"],
      "random/rnd_64k_01": ["pages-accounted"],
    },
  },
  {
    why: "grants do not persist, and what the back end keeps mapped is used again for other pages",
    cases: {
      "nonpersistent-kept-mapped/np_4k_direct": ["segments-cover-request"],
      "nonpersistent-kept-mapped/np_4k_indirect": ["segments-cover-request"],
      "nonpersistent-kept-mapped/np_4k_keep3": ["segments-cover-request"],
      "nonpersistent-kept-mapped/np_64k_direct": ["segments-cover-request"],
      "nonpersistent-kept-mapped/np_64k_indirect": ["segments-cover-request"],
    },
  },
  {
    why: "a read that is answered as a discard gives no grants back",
    cases: { "hostile-responses/ho_4k_opswap": ["one-place-per-grant"] },
  },
  {
    why: "a second answer gives the grants back again, and frees reference 0",
    cases: {
      "hostile-responses/ho_4k_dup": [
        "ring-indexes-ordered",
        "one-answer-per-id",
        "one-place-per-grant",
        "references-accounted",
      ],
      "hostile-responses/ho_64k_dup": [
        "ring-indexes-ordered",
        "one-answer-per-id",
        "one-place-per-grant",
        "references-accounted",
      ],
    },
  },
  {
    why: "the back end answers an id that the ring does not have, and then once more than it was asked",
    cases: {
      "hostile-responses/ho_4k_badid": ["one-answer-per-id", "ring-indexes-ordered"],
      "hostile-responses/ho_64k_badid": ["one-answer-per-id", "ring-indexes-ordered"],
    },
  },
];

const known = new Map(
  DEFECTS.flatMap(({ why, cases }) =>
    Object.entries(cases).map(([name, breaks]) => [name, { why, breaks }] as const),
  ),
);

function breaks_of(recorded: GoldenCase): readonly Broken[] {
  const machine = machine_of(recorded);
  const watch = watchInvariants(machine);
  for (const step of recorded.steps) {
    machine.agenda.splice(0, Infinity, ...(tasks_of_step(step) ?? []));
    while (machine.agenda.length > 0 && runTask(machine, watch.listen)) watch.afterTask();
  }
  return watch.broken;
}

const packed = readFileSync("test/fixtures/golden/recorded.json.br");
const cases = JSON.parse(brotliDecompressSync(packed).toString()) as Record<string, GoldenCase>;

describe("the invariants in the recorded cases", () => {
  for (const [name, recorded] of Object.entries(cases)) {
    const { why, breaks } = known.get(name) ?? { why: "the rules hold", breaks: [] };
    it(`${name}: ${why}`, () => {
      const broken = breaks_of(recorded);
      const texts = broken.map(({ invariant, text }) => `${invariant}: ${text}`);
      assert.deepEqual(
        broken.map(({ invariant }) => invariant),
        breaks,
        texts.join("\n"),
      );
    });
  }

  it("knows no case that is not there", () => {
    assert.deepEqual(
      [...known.keys()].filter((name) => !(name in cases)),
      [],
    );
  });
});
