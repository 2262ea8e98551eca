/**
 * The requests that this adapter knows beyond the protocol's own, and what they answer. All but `position`
 * answer first and then move; a `stopped` event tells of the move. They go past breakpoints.
 */
import type { Thread } from "../core/machine.js";
import type { Comparison } from "./fork/compare.js";
import type { EventKind } from "../replay/trace-log.js";
import type { RecordingEnd } from "../replay/recording.js";

/**
 * What one can go to the next or the previous of: a grant that is taken, copied back or given back, a request
 * that the driver takes, an interrupt or another tracepoint by its name, or a step: any (`step`), in the same
 * function (`over`), in its caller (`out`).
 */
export type Landmark = "grant" | "request" | "step" | "over" | "out" | EventKind;

/** `grantwalk/next` and `grantwalk/previous`. */
export interface LandmarkArguments {
  what: Landmark;
}

/** `grantwalk/goTo`: to a step of the recording, from 0. */
export interface GoToArguments {
  step: number;
}

/** What `grantwalk/position` answers. Lines and columns count as the client has asked for. */
export interface Position {
  step: number;
  /** Steps in the recording: they are 0 to length - 1. */
  length: number;
  /** The first step of the first request. */
  entry: number;
  end: RecordingEnd;
  thread: Thread;
  function: string;
  /** Path below `src/core`. */
  file: string;
  line: number;
  column: number;
  text: string;
}

/** `grantwalk/switchBranch`. */
export interface BranchArguments {
  /** The number of the branch, from 0. */
  branch: number;
}

/** `grantwalk/compareBranches`: with the one that is walked, unless another one is given. */
export interface CompareArguments extends BranchArguments {
  other?: number;
}

/** `grantwalk/injectFault`. */
export interface FaultArguments {
  /** A name of `FAULTS`. */
  fault: string;
}

/** What `grantwalk/branches` answers. */
export interface BranchList {
  branches: {
    id: number;
    name: string;
    /** Where it leaves another one; null for the scenario's own run. */
    fork: { parent: number; step: number } | null;
    /** Where its cursor stands. */
    step: number;
    length: number;
  }[];
  current: number;
}

/** `grantwalk/lastWrite` and `grantwalk/nextWrite`. */
export interface WriteArguments {
  /** What is written: an expression with a place, such as `info->shadow_free`. */
  expression: string;
  frameId?: number;
}

/** The custom requests by command, with their arguments and their answers. */
export interface CustomRequests {
  "grantwalk/next": { arguments: LandmarkArguments; body: undefined };
  "grantwalk/previous": { arguments: LandmarkArguments; body: undefined };
  "grantwalk/goTo": { arguments: GoToArguments; body: undefined };
  /** To where the scenario says that it goes wrong; fails where nothing does. */
  "grantwalk/goToWrong": { arguments: undefined; body: undefined };
  /** Undoes `stepIn`: the step before, whichever function it is in. */
  "grantwalk/stepBackInto": { arguments: undefined; body: undefined };
  /** Undoes `stepOut`: the statement that called the function. */
  "grantwalk/stepBackOut": { arguments: undefined; body: undefined };
  /** To the statement that last changed what an expression gives, before the step where the walk stands. */
  "grantwalk/lastWrite": { arguments: WriteArguments; body: undefined };
  /** To the next statement that changes it. */
  "grantwalk/nextWrite": { arguments: WriteArguments; body: undefined };
  "grantwalk/branches": { arguments: undefined; body: BranchList };
  "grantwalk/switchBranch": { arguments: BranchArguments; body: undefined };
  "grantwalk/compareBranches": { arguments: CompareArguments; body: Comparison };
  /** Runs the future again with a back end that does something wrong. */
  "grantwalk/injectFault": { arguments: FaultArguments; body: undefined };
  "grantwalk/position": { arguments: undefined; body: Position };
}
