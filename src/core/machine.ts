/** One guest, its driver, its back end and its disk, built from a scenario. (Being written.) */
import type { blkfront_info } from "./blkfront/patch-v2/blkfront-info.js";
import type { KernelBug } from "./linux/bug.js";
import type { kernel } from "./linux/kernel.js";
import type { memory } from "./linux/memory.js";
import type { request } from "./linux/request.js";
import type { Scenario } from "./scenario.js";
import type { TraceListener } from "./tracepoints.js";

/** Whose context runs: the guest's submit path, its interrupt handler, or the back end. */
export type Thread = "submit" | "interrupt" | "backend";

export interface Machine {
  readonly scenario: Scenario;
  readonly kernel: kernel;
  readonly info: blkfront_info;
  readonly disk: memory;
  /** Every request made so far, in order of submission, with its parts. */
  readonly requests: request[];
  thread: Thread;
  /** Where the kernel stopped, or null. Nothing runs after it. */
  bug: KernelBug | null;
}

/** Builds a machine; nothing has run. */
export declare function createMachine(scenario: Scenario): Machine;
/** Runs one task to its end; false when nothing is left or the kernel stopped. */
export declare function runTask(machine: Machine, trace?: TraceListener): boolean;
/** A copy in milliseconds; page contents are shared until one side writes. */
export declare function cloneMachine(machine: Machine): Machine;
