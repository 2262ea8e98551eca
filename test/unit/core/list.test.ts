/** Lists as the kernel has them, and what becomes of those that are used against their rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KernelBug } from "../../../src/core/linux/bug.js";
import {
  type list_head,
  list_add,
  list_add_tail,
  list_del,
  list_entries,
  list_entries_to_free,
  list_init,
} from "../../../src/core/linux/list.js";

/** A list with the entries "a", "b", …, and their nodes. */
function listOf(count: number): { head: list_head<string>; nodes: list_head<string>[] } {
  const head = list_init<string>(null);
  const nodes = Array.from({ length: count }, (_, i) => list_init(String.fromCharCode(97 + i)));
  for (const node of nodes) list_add_tail(node, head);
  return { head, nodes };
}

const oops = (act: () => unknown, func = "list_del"): void =>
  assert.throws(
    act,
    (error) => error instanceof KernelBug && error.kind === "OOPS" && error.func === func,
  );

test("entries may be deleted while they are gone through", () => {
  const { head, nodes } = listOf(3);
  const seen: string[] = [];
  for (const entry of list_entries_to_free(head, "blkif_free")) {
    seen.push(entry);
    list_del(nodes[seen.length - 1] as list_head<string>);
  }
  assert.deepEqual(seen, ["a", "b", "c"]);
  assert.deepEqual([...list_entries(head)], []);
});

test("a node that was deleted can be added again, and not deleted again", () => {
  const { head, nodes } = listOf(2);
  const [a] = nodes as [list_head<string>];
  list_del(a);
  oops(() => list_del(a));
  list_add_tail(a, head);
  assert.deepEqual([...list_entries(head)], ["b", "a"]);
});

test("a node that was added twice can be taken once", () => {
  const { head, nodes } = listOf(2);
  const [a] = nodes as [list_head<string>];
  list_add(a, head);
  list_del(a);
  assert.equal(head.next, a, "it is still there");
  oops(() => list_del(a));
});

test("going through a list that runs in a circle ends where a deleted node comes again", () => {
  const { head, nodes } = listOf(3);
  const [a, b] = nodes as [list_head<string>, list_head<string>];
  list_add(a, head);
  list_add(b, head);
  const seen: string[] = [];
  oops(() => {
    for (const entry of list_entries_to_free(head, "blkif_free")) {
      seen.push(entry);
      list_del(entry === "a" ? a : b);
    }
  }, "blkif_free");
  assert.deepEqual(seen, ["b", "a"]);
});

test("who only looks comes to an end where a node was deleted", () => {
  const { head, nodes } = listOf(1);
  const [a] = nodes as [list_head<string>];
  list_add(a, head);
  list_del(a);
  assert.deepEqual([...list_entries(head)], ["a"]);
});
