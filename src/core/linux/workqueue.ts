import type { kernel } from "./kernel.js";

/** `struct work_struct`: a function to run in process context. */
export interface work_struct<T = unknown> {
  func: (owner: T) => void;
  /** The structure that holds the work: what `container_of` gives in C. */
  owner: T;
  pending: boolean;
}

/** `schedule_work`: the work runs when the task that scheduled it has ended. */
export function schedule_work<T>(k: kernel, work: work_struct<T>): void {
  if (work.pending) return;
  work.pending = true;
  k.pending_work.push(work as work_struct);
  k.trace?.({ kind: "work_scheduled" });
}

/** Runs what is pending, as the worker thread would. */
export function run_pending_work(k: kernel): void {
  for (let work = k.pending_work.shift(); work !== undefined; work = k.pending_work.shift()) {
    work.pending = false;
    k.trace?.({ kind: "work_run" });
    work.func(work.owner);
  }
}
