// The page-size matrix, as a process: its figures, its filters, and what it looks like.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { before, describe, test } from "node:test";
import type { Measured } from "../../src/cli/matrix/measure.js";

function matrix(...args: string[]) {
  const cli = path.resolve("dist/cli.mjs");
  const run = spawnSync(process.execPath, [cli, "matrix", ...args], { encoding: "utf8" });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

function rows(...args: string[]): Measured[] {
  const { code, out } = matrix("--json", ...args);
  assert.equal(code, 0);
  return out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Measured);
}

const MIB = 2 ** 20;
const KB = [4, 16, 64];

describe("the whole matrix", () => {
  let all: Measured[] = [];
  before(() => {
    all = rows();
  });

  const find = (kb: number, indirect: number | null, ringOrder: number, profile = "blkback") => {
    const found = all.filter(
      (row) =>
        row.pageSize === kb * 1024 &&
        row.indirect === indirect &&
        row.ringOrder === ringOrder &&
        row.profile === profile,
    );
    assert.equal(found.length, 1, `${kb}K ${profile} ${indirect} ${ringOrder}`);
    return found[0] as Measured;
  };

  test("has each configuration once, and none that no back end offers", () => {
    assert.equal(all.length, 3 * (6 * 5 + 5 + 4));
    const others = all.filter(({ profile }) => profile !== "blkback");
    assert.ok(others.every(({ indirect }) => indirect === null));
    assert.ok(!others.some((row) => row.profile === "tapdisk" && row.ringOrder > 3));
  });

  // Segments, ring order, grants, frames, MiB on pages of 4, 16 and 64 KB.
  const POOLS: [number | null, number, number, number, [number, number, number]][] = [
    [null, 0, 384, 1, [1.5, 6, 24]],
    [32, 0, 1056, 3, [4.125, 16.5, 66]],
    [32, 4, 16896, 33, [66, 264, 1056]],
    [256, 0, 8224, 17, [32.125, 128.5, 514]],
    [256, 4, 131584, 257, [514, 2056, 8224]],
  ];
  for (const [indirect, order, grants, frames, mebibytes] of POOLS) {
    test(`knows the pool of ${indirect ?? "no"} indirect segments and a ring of order ${order}`, () => {
      for (const [i, kb] of KB.entries()) {
        const row = find(kb, indirect, order);
        assert.equal(row.poolEntries, grants);
        assert.equal(row.grantFrames, frames);
        assert.equal(row.poolBytes / MIB, mebibytes[i]);
        assert.equal(row.usefulBytes / MIB, mebibytes[0]);
      }
    });
  }

  test("knows the queue limits, and the largest request", () => {
    const limits = (kb: number, indirect: number | null) => {
      const { maxSegments, maxHwSectors, largestBytes } = find(kb, indirect, 0);
      return [maxSegments, maxHwSectors, largestBytes === null ? null : largestBytes / 1024];
    };
    assert.deepEqual(limits(4, null), [11, 88, 44]);
    assert.deepEqual(limits(4, 32), [32, 256, 128]);
    assert.deepEqual(limits(16, null), [2, 88, 32]);
    assert.deepEqual(limits(16, 32), [8, 256, 128]);
    assert.deepEqual(limits(64, null), [null, null, null]);
    assert.deepEqual(limits(64, 32), [2, 256, 128]);
  });

  test("knows what one sector and a largest request reserve and use", () => {
    const grants = (kb: number) => {
      const { oneSector, largest } = find(kb, 32, 0);
      return [oneSector, largest].map((of) => [of?.reserved, of?.used]);
    };
    const full = [33, 33];
    assert.deepEqual(grants(4), [[1, 1], full]);
    assert.deepEqual(grants(16), [[4, 1], full]);
    assert.deepEqual(grants(64), [[17, 1], full]);
  });

  test("says where the kernel stops", () => {
    const stops = (row: Measured) => row.stops.map(({ phase, func }) => [phase, func]);
    assert.deepEqual(stops(find(4, 32, 0)), []);
    for (const [indirect, profile] of [[null, "qdisk"] as const, [0, "blkback"] as const]) {
      const row = find(64, indirect, 0, profile);
      assert.deepEqual(stops(row), [
        ["connect", "sg_init_table"],
        ["first request", "blkif_queue_rw_req"],
      ]);
      assert.deepEqual(
        row.stops.map(({ hypothetical }) => hypothetical),
        [false, true],
      );
    }
    assert.deepEqual(stops(find(64, 32, 0)), [["resume", "blkif_queue_rw_req"]]);
    // More grants than the back end keeps, and an indirect frame among those that it does not.
    assert.deepEqual(stops(find(4, 64, 0)), [["remove", "blkif_free"]]);
  });

  test("says what is left of the ring when the grant table is full", () => {
    assert.equal(find(64, 256, 0).atOnce, 32);
    // 32768 references less the 8 reserved ones and the ring's 4 pages: 127 times 257 of them.
    assert.equal(find(64, 256, 2).atOnce, 127);
    assert.equal(find(64, 256, 4).atOnce, 127);
  });

  test("says that the ring is freed as more pages than it has", () => {
    assert.equal(find(4, 32, 4).ringPagesFreed, null);
    assert.deepEqual(find(16, 32, 4).ringPagesFreed, { freed: 16, allocated: 4 });
    assert.deepEqual(find(64, 32, 4).ringPagesFreed, { freed: 16, allocated: 1 });
  });
});

test("filters narrow it down, and take a limit that is not in it", () => {
  const [row, ...more] = rows("--page-size", "64K", "--ring-order", "0", "--indirect", "24");
  assert.deepEqual(more, []);
  assert.equal(row?.profile, "blkback");
  // 24 grants are one page and a half.
  assert.equal(row?.maxSegments, 1);
  assert.equal(rows("--profile", "tapdisk", "--page-size", "4K").length, 4);
});

test("the table has a line for each, without colours or trailing blanks", () => {
  const { out } = matrix("--page-size", "64K", "--indirect", "32", "--ring-order", "0");
  const [, head, line, ...more] = out.split("\n");
  assert.deepEqual(more, [""]);
  assert.match(head ?? "", /^page {2}back end {2}indirect/);
  const cells = (line ?? "").trim().split(/\s+/);
  const numbers = "64K blkback 32 0 32 2 256 17 1 128 33 33 32 1056 3 yes 66.0 4.1".split(" ");
  assert.deepEqual(cells.slice(0, numbers.length), numbers);
  assert.match(line ?? "", /after a resume: BUG in blkif_queue_rw_req$/);
});

test("what nobody offers ends with 2 and the reason", () => {
  for (const args of [
    ["--profile", "tapdisk", "--ring-order", "4"],
    ["--profile", "qdisk", "--indirect", "32"],
  ]) {
    const { code, out, err } = matrix(...args);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, /^error: no such configuration: /);
  }
  assert.equal(matrix("--indirect", "many").code, 2);
  assert.equal(matrix("--ring-order", "5").code, 2);
});
