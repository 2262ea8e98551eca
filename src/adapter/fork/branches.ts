/** The runs of one session: the one of the scenario, and the forks of it. */
import { Failure, FailureId } from "../failure.js";
import type { KernelLog } from "../kernel-log.js";
import type { Mover } from "../movement.js";
import type { Walk } from "../walk.js";

/** A recording that is walked, and what belongs to it. */
export interface Branch {
  /** From 0, which is the scenario's own run. */
  readonly id: number;
  /** What was done there. */
  readonly name: string;
  /** Where it begins; null for the scenario's own run. */
  readonly fork: { readonly parent: number; readonly step: number } | null;
  readonly walk: Walk;
  readonly mover: Mover;
  readonly log: KernelLog;
}

/** All branches; none is ever forgotten while the session lasts. */
export class Branches {
  private readonly list: Branch[] = [];

  get all(): readonly Branch[] {
    return this.list;
  }

  /** The number that the next one gets. */
  get nextId(): number {
    return this.list.length;
  }

  add(branch: Branch): void {
    this.list.push(branch);
  }

  /** @throws Failure for a number that no branch has */
  get(id: unknown): Branch {
    const branch = this.list[Number(id)];
    if (typeof id === "boolean" || id === null || id === "" || branch === undefined) {
      const last = this.list.length - 1;
      throw new Failure(
        FailureId.badArguments,
        `There is no branch ${String(id)}: the branches are 0 to ${last}.`,
      );
    }
    return branch;
  }
}

/** A branch in one line. */
export function branchText({ id, name, fork }: Branch, current: Branch): string {
  const from = fork === null ? "" : ` · from ${fork.parent} at step ${fork.step}`;
  return `${id === current.id ? "*" : " "} ${id}  ${name}${from}`;
}
