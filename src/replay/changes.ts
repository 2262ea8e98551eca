/** The steps after which something in the machine is another than before. */
import { type Machine, cloneMachine, runTask } from "stepped:core/machine";
import { type Edit, editor, isWildAccess } from "./edit.js";
import { type Visitor, arm, beginTask, disarm, pause, stepsBegun } from "./probe.js";
import type { Recording } from "./recording.js";
import type { Ascending } from "./sorted.js";

/**
 * What is looked at: values that are compared with those of the step before, one by one, by identity. The machine
 * is being run, and nothing in it may be written.
 */
export type Look = (machine: Machine) => readonly unknown[];

/** Milliseconds for which a search keeps the others waiting. */
const TURN = 10;
/** Steps of a part of a search between which others get their turn. */
const SLICE = 1 << 14;

/**
 * Runs a recording once more and looks at each step. A write of what was there already is no change.
 * @returns the steps that are the first to show another value, ascending; without the first step of the recording
 */
export async function findChanges(
  recording: Recording,
  look: Look,
  signal?: { readonly aborted: boolean },
): Promise<Ascending> {
  const search = new Search(recording, look);
  let turnEnds = Date.now() + TURN;
  while (search.slice()) {
    if (Date.now() < turnEnds) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (signal?.aborted) break;
    turnEnds = Date.now() + TURN;
  }
  return search.found;
}

class Search {
  readonly found: number[] = [];
  private readonly machine: Machine;
  private readonly edits: readonly Edit[];
  private readonly length: number;
  private step = 0;
  private last: readonly unknown[] | null = null;

  constructor(
    recording: Recording,
    private readonly look: Look,
  ) {
    this.machine = cloneMachine(recording.checkpoints.before(0).machine);
    this.edits = recording.edits;
    this.length = recording.length;
  }

  /** @returns whether there is more */
  slice(): boolean {
    const { machine } = this;
    const from = this.step;
    const { length } = this;
    const looks = this.looksFrom(from, editor(this.edits, from, machine));
    // The recording can end in the midst of a task, and the task without it never.
    arm(length - from, null, looks);
    try {
      do {
        beginTask();
        if (!runTask(machine)) return false;
        this.step = from + stepsBegun();
      } while (stepsBegun() < SLICE && this.step < length);
    } catch (thrown) {
      if (thrown !== pause && !isWildAccess(thrown, this.edits, length)) throw thrown;
      return false;
    } finally {
      disarm();
    }
    return this.step < length;
  }

  /** Looks before each step, and after what is edited there. */
  private looksFrom(from: number, edits: Visitor | null): Visitor {
    const compare = (step: number): void => this.compare(step);
    return {
      next: 0,
      visit() {
        if (edits !== null && edits.next === this.next) edits.visit();
        compare(from + this.next);
        this.next++;
      },
    };
  }

  private compare(step: number): void {
    const now = this.look(this.machine);
    const { last } = this;
    this.last = now;
    if (last === null || step >= this.length || same(last, now)) return;
    this.found.push(step);
  }
}

function same(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, n) => Object.is(value, other[n]));
}
