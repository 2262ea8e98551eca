import assert from "node:assert/strict";
import { test } from "node:test";
import type { grant } from "../../../src/core/blkfront/patch-v2/blkfront-info.js";
import { list_add_tail, list_init, type list_head } from "../../../src/core/linux/list.js";
import type { Scene } from "../../../src/panel/scene.js";
import { freeGrants, freeItems } from "../../../src/panel/sections/free-grants.js";
import { busy64 } from "../../fixtures/panel-scenarios.js";
import { stateAt, stepOf } from "./model.js";

function listOf(grefs: readonly number[]): { head: list_head<grant>; entries: grant[] } {
  const head = list_init<grant>(null);
  const entries = grefs.map((gref, nr) => {
    const entry = { nr, gref, page: gref === 0 ? 0 : gref + 1000 } as {
      -readonly [K in keyof grant]: grant[K];
    };
    entry.node = list_init<grant>(entry);
    list_add_tail(entry.node, head);
    return entry;
  });
  return { head, entries };
}

function sceneOf(head: list_head<grant>, from = 0, count = 256): Scene {
  const gnttab = { gnttab_free_head: 91, gnttab_free_count: 12, nr_entries: 64 };
  return {
    machine: { kernel: { gnttab }, info: { grants: head, persistent_gnts_c: 3 } },
    windows: { free: { from, count }, shadow: { from: 0, count: 1 } },
    previous: null,
  } as unknown as Scene;
}

test("neighbours without a reference are one item", () => {
  const free = freeGrants(sceneOf(listOf([12, 11, 0, 0, 0, 9]).head));
  assert.deepEqual(free.items.items, [
    { gref: 12, page: 1012, changed: false },
    { gref: 11, page: 1011, changed: false },
    { without: 3 },
    { gref: 9, page: 1009, changed: false },
  ]);
  assert.equal(free.total, 6);
  assert.equal(free.live, 3);
  assert.equal(free.tableNext, 91);
  assert.equal(free.corrupt, null);
});

test("the largest pool is walked, and a window of it sent", () => {
  const { head } = listOf(Array.from({ length: 131_584 }, (_, n) => (n < 100_000 ? n + 8 : 0)));
  const started = performance.now();
  const free = freeGrants(sceneOf(head, 50_000, 256));
  assert.ok(performance.now() - started < 500);
  assert.equal(free.total, 131_584);
  assert.equal(free.live, 100_000);
  assert.equal(free.items.total, 100_001);
  assert.equal(free.items.from, 50_000);
  assert.equal(free.items.items.length, 256);
  assert.deepEqual(free.items.items[0], { gref: 50_008, page: 51_008, changed: false });
  assert.deepEqual(freeItems(sceneOf(head), { from: 100_000, count: 10 }).items, [
    { without: 31_584 },
  ]);
});

test("a list that never comes back to its head is said to be corrupt", () => {
  const { head, entries } = listOf([12, 11, 10]);
  const [first, , last] = entries as [grant, grant, grant];
  last.node.next = first.node;
  const free = freeGrants(sceneOf(head));
  assert.equal(free.total, 3);
  assert.match(free.corrupt ?? "", /After 3 entries .* gref 12/);
});

test("a list that shrank is shown from where it still has items", () => {
  const free = freeGrants(sceneOf(listOf([12, 11, 10]).head, 500, 256));
  assert.equal(free.items.from, 0);
  assert.equal(free.items.items.length, 3);
});

test("grants that came back since the last stop are marked", () => {
  const back = stepOf(busy64, "grant_released", (event) => event["grant_idx"] === 2, 1);
  const previous = stateAt(
    busy64,
    stepOf(busy64, "grant_released", (event) => event["grant_idx"] === 1, 1),
  );
  const { free } = stateAt(busy64, back, { previous });
  const items = free?.items.items ?? [];
  assert.equal("gref" in (items[0] ?? {}), true);
  assert.deepEqual(items.map((item) => "gref" in item && item.changed).slice(0, 3), [
    true,
    false,
    false,
  ]);
  assert.equal(free?.persistentWas, (free?.persistentCount ?? 0) - 1);
});
