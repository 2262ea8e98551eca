/** From the steps of a workload to the tasks that a machine runs. */
import type { WorkloadStep } from "../scenario.js";
import type { Task } from "./state.js";

/** The tasks of a whole workload, each with the number of its step. */
export function tasks_of_workload(workload: readonly WorkloadStep[]): Task[] {
  return workload.flatMap((step, n) => tasks_of(step).map((task) => ({ ...task, step: n })));
}

/** The tasks that one step stands for. */
export function tasks_of(step: WorkloadStep): Task[] {
  if ("submit" in step) return [{ kind: "submit", requests: step.submit }];
  if ("bios" in step) return [{ kind: "bios", bios: step.bios }];
  if ("complete" in step) {
    const answer: Task = { kind: "backend", responses: step.complete };
    if (step.interrupt === "lost") return [answer, { kind: "lose-event" }];
    return [answer, { kind: "interrupt", responses: step.complete }];
  }
  if ("respond" in step) {
    return [{ kind: "respond", responses: step.respond }, event_after(step.interrupt)];
  }
  if ("overrun" in step) {
    return [{ kind: "overrun", count: step.overrun }, event_after(step.interrupt)];
  }
  if ("interrupt" in step) return [{ kind: "stray-event" }];
  if ("rewrite" in step) return [{ kind: "rewrite", rewrites: step.rewrite }];
  if ("keep" in step) return [{ kind: "keep", keepsMapped: step.keep }];
  if ("unmap" in step) return [{ kind: "unmap", grefs: step.unmap }];
  if ("purge" in step) return [{ kind: "purge" }];
  if ("store" in step) return [{ kind: "store", keys: step.store }];
  if ("resize" in step) return [{ kind: "resize", sectors: step.resize }];
  if ("close" in step) return [{ kind: "close" }];
  if ("resume" in step) return [{ kind: "suspend-resume", settings: step.resume }];
  if ("openDisk" in step) return [{ kind: "open-disk" }];
  if ("closeDisk" in step) return [{ kind: "close-disk" }];
  if ("remove" in step) return [{ kind: "remove" }];
  if ("takeGrants" in step) return [{ kind: "reserve", count: step.takeGrants }];
  if ("giveGrants" in step) return [{ kind: "release", count: step.giveGrants }];
  return [{ kind: "wait", seconds: step.wait }];
}

/** What becomes of the event that follows an answer nobody asked for. */
function event_after(interrupt: "lost" | undefined): Task {
  return interrupt === "lost" ? { kind: "lose-event" } : { kind: "interrupt", responses: [] };
}
