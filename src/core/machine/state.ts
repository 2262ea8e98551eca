/** What a machine is: one guest, its driver, its back end, its disk, and what it still has to do. */
import type { backend } from "../blkback/backend.js";
import type { blkfront_info, blkfront_params } from "../blkfront/patch-v2/blkfront-info.js";
import type { KernelBug } from "../linux/bug.js";
import type { kernel } from "../linux/kernel.js";
import type { memory } from "../linux/memory.js";
import type { request } from "../linux/request.js";
import type { BackendSettings, RequestSettings, ResponseSettings, Scenario } from "../scenario.js";

/** Whose context runs: the guest's submit path, its interrupt handler, or the back end. */
export type Thread = "submit" | "interrupt" | "backend";

/** A piece of the workload that runs to its end without a break. */
export type Task =
  | { kind: "connect" }
  | { kind: "submit"; requests: readonly RequestSettings[] }
  /** The back end takes what is on the ring, and executes and answers these. */
  | { kind: "backend"; responses: readonly ResponseSettings[] }
  /** The interrupt after those answers. */
  | { kind: "interrupt"; responses: readonly ResponseSettings[] }
  /** A response that answers nothing, and the interrupt after it. */
  | { kind: "raw-response"; id: number; operation: number; status: number }
  /** The guest is suspended and resumed with a new back end. */
  | { kind: "suspend-resume" }
  /** The back end's side of the store changes: null removes the key. */
  | { kind: "xenstore"; key: string; value: string | null }
  /** The back end unmaps all that it has kept. */
  | { kind: "unmap-all" }
  | { kind: "keep"; keepsMapped: BackendSettings["keepsMapped"] }
  /** The device is removed. */
  | { kind: "free" }
  /** Another driver of the guest takes, or gives back, so many references; the last taken come back first. */
  | { kind: "reserve"; count: number }
  | { kind: "release"; count: number };

export interface Machine {
  readonly scenario: Scenario;
  readonly params: blkfront_params;
  readonly kernel: kernel;
  readonly info: blkfront_info;
  readonly backend: backend;
  /** The disk, a byte at each address. */
  readonly disk: memory;
  /** Every request made so far, in order of submission, with its parts. */
  readonly requests: request[];
  /** What is still to run, the next task first. */
  readonly agenda: Task[];
  /** References that other drivers of the guest hold. */
  readonly reserved: number[];
  thread: Thread;
  /** Where the kernel stopped, or null. Nothing runs after it. */
  bug: KernelBug | null;
}
