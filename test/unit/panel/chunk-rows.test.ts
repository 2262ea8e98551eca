import assert from "node:assert/strict";
import { test } from "node:test";
import { chunkRows } from "../../../webview/sections/chunk-rows.js";

const segment = (
  page: number,
  offset: number,
  length: number,
  firstGrant: number,
  grants: number,
) => ({
  page,
  offset,
  length,
  firstGrant,
  grants,
});

test("a 64 KB page is a row, and its empty chunks have no grant", () => {
  const [row] = chunkRows([segment(0x1000, 0x3200, 52736, 0, 13)], 65536, 16);
  assert.deepEqual(
    row?.chunks.map(({ grant }) => grant),
    [-1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  );
  assert.deepEqual([row?.chunks[3]?.from, row?.chunks[3]?.to], [1, 8]);
  assert.deepEqual([row?.chunks[15]?.from, row?.chunks[15]?.to], [0, 8]);
});

test("smaller pages share a row", () => {
  const small = Array.from({ length: 20 }, (_, n) => segment(n, 0, 4096, n, 1));
  assert.deepEqual(
    chunkRows(small, 4096, 16).map(({ chunks }) => chunks.length),
    [16, 4],
  );
  const middle = Array.from({ length: 5 }, (_, n) => segment(n, 0, 16384, n * 4, 4));
  assert.deepEqual(
    chunkRows(middle, 16384, 16).map(({ chunks }) => chunks.filter(({ opens }) => opens).length),
    [4, 1],
  );
});

test("two runs in one page are two pieces, also in the same chunk", () => {
  const rows = chunkRows([segment(7, 0, 512, 0, 1), segment(7, 1024, 512, 1, 1)], 65536, 16);
  assert.equal(rows.length, 2);
  assert.deepEqual([rows[0]?.chunks[0]?.grant, rows[1]?.chunks[0]?.grant], [0, 1]);
  assert.deepEqual([rows[1]?.chunks[0]?.from, rows[1]?.chunks[0]?.to], [2, 3]);
});
