/**
 * The handles of what a client has unfolded. A handle belongs to a path (a scope, and names below it), not to
 * an object: at the next stop the same path has the same handle, and nothing that is open closes.
 */
import { Failure, FailureId } from "./failure.js";
import type { Value } from "./present/value.js";
import { isPointer } from "./present/value.js";

/** A value with the expression that gives it. */
export interface Placed {
  readonly value: Value;
  /** Empty where its children stand for themselves. */
  readonly expression: string;
}

interface Node {
  readonly handle: number;
  readonly parent: Node | null;
  readonly name: string;
  /** The stop at which `placed` was true. */
  stop: number;
  placed: Placed | undefined;
}

/** Finds the root of a path again at a later stop. */
export type RootFinder = (key: string) => Placed | undefined;

/** A child of a value by its name: a member, or `[n]`. */
export function childOf(parent: Placed, name: string): Placed | undefined {
  const member = parent.value.members?.().find((candidate) => candidate.name === name);
  if (member !== undefined) {
    return { value: member.value, expression: memberExpression(parent, member) };
  }
  const index = /^\[(\d+)\]$/.exec(name)?.[1];
  if (index === undefined || parent.value.items === undefined) return undefined;
  const at = Number(index);
  return at < parent.value.items.count ? itemAt(parent, at) : undefined;
}

/** A numbered child. */
export function itemAt(parent: Placed, index: number): Placed {
  const value = parent.value.items?.at(index) as Value;
  return { value, expression: `${parent.expression}[${index}]` };
}

/** The expression of a named child. */
export function memberExpression(
  parent: Placed,
  member: { name: string; expression?: ((parent: string) => string) | undefined },
): string {
  if (member.expression !== undefined) return member.expression(parent.expression);
  if (parent.expression === "") return member.name;
  return `${parent.expression}${isPointer(parent.value) ? "->" : "."}${member.name}`;
}

export class VariableStore {
  private readonly byHandle = new Map<number, Node>();
  private readonly byPath = new Map<string, Node>();
  private stop = 0;

  constructor(private readonly findRoot: RootFinder) {}

  /** The machine stands elsewhere: every value is another, every handle stays. */
  nextStop(): void {
    this.stop++;
  }

  /** The handle of a root, which is known by its key. */
  root(key: string, placed: Placed): number {
    return this.remember(null, key, placed).handle;
  }

  /** The handle of a child of what another handle stands for. */
  child(parent: number, name: string, placed: Placed): number {
    return this.remember(this.byHandle.get(parent) ?? null, name, placed).handle;
  }

  /** What a handle stands for now. @throws Failure when there is no such thing at this stop */
  get(handle: number): Placed {
    const node = this.byHandle.get(handle);
    const placed = node === undefined ? undefined : this.resolve(node);
    if (placed === undefined) {
      throw new Failure(FailureId.stale, "This does not exist at the step where the walk stands.");
    }
    return placed;
  }

  private remember(parent: Node | null, name: string, placed: Placed): Node {
    const path = `${parent?.handle ?? 0}/${name}`;
    let node = this.byPath.get(path);
    if (node === undefined) {
      const handle = this.byHandle.size + 1;
      node = { handle, parent, name, stop: this.stop, placed };
      this.byPath.set(path, node);
      this.byHandle.set(handle, node);
    }
    node.stop = this.stop;
    node.placed = placed;
    return node;
  }

  private resolve(node: Node): Placed | undefined {
    if (node.stop === this.stop) return node.placed;
    const parent = node.parent === null ? undefined : this.resolve(node.parent);
    if (node.parent === null) node.placed = this.findRoot(node.name);
    else node.placed = parent === undefined ? undefined : childOf(parent, node.name);
    node.stop = this.stop;
    return node.placed;
  }
}
