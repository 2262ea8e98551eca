/** The tasks of a machine: each a piece of the workload that runs to its end. */
import { purge_persistent_gnt } from "../blkback/persistent.js";
import { xen_blkbk_unmap } from "../blkback/map.js";
import { overrun, respond_unasked } from "../blkback/misbehave.js";
import { blkif_free } from "../blkfront/patch-v2/free.js";
import { blkif_interrupt } from "../blkfront/patch-v2/interrupt.js";
import { KernelBug } from "../linux/bug.js";
import { run_pending_work } from "../linux/workqueue.js";
import {
  gnttab_alloc_grant_references,
  gnttab_free_grant_references,
  gnttab_handle_deferred,
  GNTTAB_LIST_END,
} from "../xen/grant-table.js";
import type { TraceListener } from "../tracepoints.js";
import {
  answer,
  answer_what_was_late,
  note_what_was_asked,
  rewrite_what_was_sent,
} from "./answers.js";
import {
  change_store,
  close_backend,
  close_disk,
  connect,
  open_disk,
  remove,
  resize,
  suspend_and_resume,
} from "./device.js";
import type { Machine, Task, Thread } from "./state.js";
import { submit, submit_bios } from "./submissions.js";

/**
 * Runs one task to its end.
 * @param trace receives what happens, while it happens
 * @returns false when nothing is left to run, or the kernel has stopped
 */
export function runTask(machine: Machine, trace: TraceListener | null = null): boolean {
  if (machine.bug !== null) return false;
  const task = machine.agenda.shift();
  if (task === undefined) return false;
  machine.kernel.trace = trace;
  machine.backend.trace = trace;
  machine.thread = thread_of(task);
  machine.step = task.step ?? machine.step;
  try {
    perform(machine, task);
    run_pending_work(machine.kernel);
  } catch (error) {
    // Whatever is no stop of the kernel is not for the machine: a fault of the model, or of its observer.
    if (!(error instanceof KernelBug)) throw error;
    machine.bug = error;
    trace?.({ kind: "bug", what: error.kind, expr: error.expr, func: error.func });
  }
  machine.kernel.trace = null;
  machine.backend.trace = null;
  return true;
}

function thread_of(task: Task): Thread {
  switch (task.kind) {
    case "backend":
    case "respond":
    case "overrun":
    case "rewrite":
    case "lose-event":
    case "unmap":
    case "purge":
    case "keep":
      return "backend";
    case "interrupt":
    case "stray-event":
      return "interrupt";
    default:
      return "submit";
  }
}

function perform(machine: Machine, task: Task): void {
  const { backend, info, kernel } = machine;
  switch (task.kind) {
    case "connect":
      return connect(machine);
    case "submit":
      return submit(machine, task.requests);
    case "bios":
      return submit_bios(machine, task.bios);
    case "backend":
      return answer(machine, task.responses);
    case "respond":
      respond_unasked(backend, task.responses);
      return note_what_was_asked(machine);
    case "overrun":
      overrun(backend, task.count);
      return note_what_was_asked(machine);
    case "rewrite":
      return rewrite_what_was_sent(machine, task.rewrites);
    case "interrupt":
      if (kernel.evtchn.pending) interrupt(machine);
      return answer_what_was_late(machine, task.responses);
    case "lose-event":
      kernel.evtchn.pending = false;
      return;
    case "stray-event":
      return interrupt(machine);
    case "keep":
      backend.settings = { ...backend.settings, keepsMapped: task.keepsMapped };
      return;
    case "unmap":
      for (const gref of task.grefs === "all" ? [...backend.mapped] : task.grefs) {
        backend.persistent_gnts.delete(gref);
        xen_blkbk_unmap(backend, gref);
      }
      return;
    case "purge":
      return purge_persistent_gnt(backend);
    case "store":
      return change_store(machine, task.keys);
    case "resize":
      return resize(machine, task.sectors);
    case "close":
      return close_backend(machine);
    case "suspend-resume":
      return suspend_and_resume(machine, task.settings);
    case "open-disk":
      return open_disk(machine);
    case "close-disk":
      return close_disk(machine);
    case "remove":
      return remove(machine);
    case "free":
      return blkif_free(info, false);
    case "reserve":
      return reserve(machine, task.count);
    case "release":
      return release(machine, task.count);
    case "wait":
      for (let second = 0; second < task.seconds; second++) gnttab_handle_deferred(kernel);
      return;
  }
}

/** The event reaches the handler, where the driver has bound one. */
function interrupt({ info, kernel }: Machine): void {
  kernel.evtchn.pending = false;
  if (info.irq > 0) blkif_interrupt(info);
}

function reserve(machine: Machine, count: number): void {
  const { kernel, reserved } = machine;
  const chain = { head: GNTTAB_LIST_END, claimed: 0 };
  if (gnttab_alloc_grant_references({ ...kernel, trace: null }, count, chain) < 0) return;
  for (let ref = chain.head; ref !== GNTTAB_LIST_END;) {
    reserved.push(ref);
    ref = kernel.gnttab.gnttab_list[ref] as number;
  }
}

function release(machine: Machine, count: number): void {
  const { kernel, reserved } = machine;
  for (let i = 0; i < count; i++) {
    const ref = reserved.pop();
    if (ref === undefined) return;
    kernel.gnttab.gnttab_list[ref] = GNTTAB_LIST_END;
    gnttab_free_grant_references(kernel, ref);
  }
}
