import type { Task as MachineTask, Thread } from "stepped:core/machine";
import { GrowingNumbers } from "./growing-numbers.js";
import { firstAbove } from "./sorted.js";

/** What the machine ran without a break: one submission, one interrupt, one answer of the back end. */
export interface Task {
  /** Its place among the tasks that had steps, from 0. */
  readonly index: number;
  /** Its first step. */
  readonly start: number;
  /** The first step after it. */
  readonly end: number;
  readonly thread: Thread;
  readonly kind: TaskKind;
}

export type TaskKind = MachineTask["kind"];

/** The tasks of a recording in order. Every step belongs to one. */
export class Tasks {
  private readonly starts = new GrowingNumbers();
  private readonly threads: Thread[] = [];
  private readonly kinds: TaskKind[] = [];
  private end = 0;

  get length(): number {
    return this.threads.length;
  }

  /** Appends a task of at least one step, [start, end). */
  append(start: number, end: number, thread: Thread, kind: TaskKind): void {
    this.starts.push(start);
    this.threads.push(thread);
    this.kinds.push(kind);
    this.end = end;
  }

  /** The task at an index from 0 to length - 1. */
  nth(index: number): Task {
    return {
      index,
      start: this.starts.at(index),
      end: index + 1 < this.length ? this.starts.at(index + 1) : this.end,
      thread: this.threads[index] as Thread,
      kind: this.kinds[index] as TaskKind,
    };
  }

  /** The first task of a kind, or null. */
  first(kind: TaskKind): Task | null {
    const index = this.kinds.indexOf(kind);
    return index < 0 ? null : this.nth(index);
  }

  /** The task that a step belongs to. */
  at(step: number): Task {
    return this.nth(firstAbove(this.starts.view(), step) - 1);
  }
}
