/** The kernel's linked lists as what they hold, in list order, whatever has happened to their pointers. */
import { type list_head, is_poison } from "../../core/linux/list.js";
import { type Value, field, leaf, struct } from "./value.js";
import type { Presenter, World } from "./world.js";

/** A list's nodes in order, and how it ends. */
export interface Walked<T> {
  readonly nodes: readonly list_head<T>[];
  /** Where the list goes on instead of coming back to its head: the index of a node in it. */
  readonly cycle: number | null;
  /** The last node was deleted, and so its pointer leads nowhere. */
  readonly breaksOff: boolean;
}

/**
 * The nodes behind a head. A corrupted list can run in a circle that its head is no part of: then each node is
 * given once.
 */
export function walk<T>(head: list_head<T>): Walked<T> {
  const nodes: list_head<T>[] = [];
  const seen = new Map<list_head<T>, number>();
  let node = head.next;
  while (node !== head && !is_poison(node) && !seen.has(node)) {
    seen.set(node, nodes.length);
    nodes.push(node);
    node = node.next;
  }
  return { nodes, cycle: seen.get(node) ?? null, breaksOff: is_poison(node) };
}

/**
 * A list head as its entries. `entry` shows what a node is embedded in. The list is walked when somebody looks
 * at it, and not for every expression that begins with the structure that holds it.
 */
export function list<T>(world: World, head: list_head<T>, entry: (held: T) => Value): Value {
  const walked = (): Walked<T> => world.once(head, () => walk(head));
  const at = (index: number): Value => {
    const held = walked().nodes[index]?.entry ?? null;
    return held === null ? leaf("struct list_head *", null, "a list's head") : entry(held);
  };
  return {
    type: "struct list_head",
    raw: head,
    text: () => {
      const { nodes, cycle, breaksOff } = walked();
      const count = `${nodes.length} ${nodes.length === 1 ? "entry" : "entries"}`;
      if (breaksOff) return `${count}, the last of which was deleted`;
      return cycle === null ? count : `${count}, then in a circle from [${cycle}] on`;
    },
    get items() {
      return { count: walked().nodes.length, at };
    },
  };
}

function neighbour(world: World, node: list_head<unknown>): Value {
  if (is_poison(node)) return leaf("struct list_head *", node, "LIST_POISON: it was deleted");
  if (node.entry === null) return leaf("struct list_head *", node, "the list's head");
  if (typeof node.entry === "number") return world.any("page", node.entry);
  return world.any("entry", node.entry);
}

/** A node as its two neighbours; `container_of` is applied to them. */
export const list_node: Presenter<"list_head"> = (world, node) => {
  const alone = node.next === node || is_poison(node.next);
  return struct("struct list_head", node, alone ? "on no list" : "on a list", () => [
    field("next", neighbour(world, node.next)),
    field("prev", neighbour(world, node.prev)),
  ]);
};
