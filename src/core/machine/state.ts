/** What a machine is: one guest, its driver, its back end, its disk, and what it still has to do. */
import type { backend } from "../blkback/backend.js";
import type {
  blkfront_info,
  blkfront_statics,
  gendisk,
} from "../blkfront/patch-v2/blkfront-info.js";
import type { KernelBug } from "../linux/bug.js";
import type { kernel } from "../linux/kernel.js";
import type { memory } from "../linux/memory.js";
import type { request } from "../linux/request.js";
import type {
  BackendSettings,
  MadeUpResponse,
  MappingPolicy,
  RequestSettings,
  ResponseSettings,
  Rewrite,
  Scenario,
} from "../scenario.js";
import type { xenbus_device } from "../xen/xenbus.js";

/** Whose context runs: the guest's submit path, its interrupt handler, or the back end. */
export type Thread = "submit" | "interrupt" | "backend";

/** A piece of the workload that runs to its end without a break. */
export type Task = {
  /** The step of the workload that it belongs to, from 0; -1 for the connection. */
  readonly step?: number;
} & (
  | { kind: "connect" }
  | { kind: "submit"; requests: readonly RequestSettings[] }
  | { kind: "bios"; bios: readonly RequestSettings[] }
  /** The back end takes what is on the ring, and executes and answers these. */
  | { kind: "backend"; responses: readonly ResponseSettings[] }
  | { kind: "respond"; responses: readonly MadeUpResponse[] }
  | { kind: "overrun"; count: number }
  | { kind: "rewrite"; rewrites: readonly Rewrite[] }
  /** The interrupt after those answers, if the back end has sent an event. */
  | { kind: "interrupt"; responses: readonly ResponseSettings[] }
  /** The event that the back end has sent gets lost. */
  | { kind: "lose-event" }
  /** An event that nobody sent. */
  | { kind: "stray-event" }
  | { kind: "keep"; keepsMapped: MappingPolicy }
  | { kind: "unmap"; grefs: "all" | readonly number[] }
  | { kind: "purge" }
  /** The back end's side of the store changes: null removes a key. */
  | { kind: "store"; keys: Readonly<Record<string, string | null>> }
  | { kind: "resize"; sectors: number }
  | { kind: "close" }
  /** The guest is suspended and resumed with a new back end. */
  | { kind: "suspend-resume"; settings: BackendSettings | null }
  | { kind: "open-disk" }
  | { kind: "close-disk" }
  | { kind: "remove" }
  /** `blkif_free` alone, as the recorded cases call it. */
  | { kind: "free" }
  /** Another driver of the guest takes, or gives back, so many references; the last taken come back first. */
  | { kind: "reserve"; count: number }
  | { kind: "release"; count: number }
  /** Seconds pass. */
  | { kind: "wait"; seconds: number }
);

export interface Machine {
  readonly scenario: Scenario;
  readonly statics: blkfront_statics;
  readonly kernel: kernel;
  readonly info: blkfront_info;
  /** The guest's end of the device, which is there before and after the driver. */
  readonly xbdev: xenbus_device;
  readonly backend: backend;
  /** The disk, a byte at each address. */
  readonly disk: memory;
  /** Every request made so far, in order of submission, with its parts: the kernel's. */
  readonly requests: request[];
  /** The disk that the users of the guest know, even when the driver has let go of it. */
  gd: gendisk | null;
  /** What is still to run, the next task first. */
  readonly agenda: Task[];
  /** References that other drivers of the guest hold. */
  readonly reserved: number[];
  thread: Thread;
  /** The step of the workload that runs, from 0; -1 for the connection. */
  step: number;
  /** Where the kernel stopped, or null. Nothing runs after it. */
  bug: KernelBug | null;
}
