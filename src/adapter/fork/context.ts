import type { Machine } from "../../core/machine.js";
import type { MovementContext } from "../movement-requests.js";
import type { Branch, Branches } from "./branches.js";

/** What the requests work with that make branches and go from one to another. */
export interface ForkContext extends MovementContext {
  readonly branches: Branches;
  /** The branch that is walked. @throws Failure while there is no recording */
  readonly branch: Branch;
  /**
   * Runs the future again from the step where the walk stands, with the machine changed there, and walks on in that
   * branch, at the same step.
   * @param name what is done
   * @returns tells the client; to be called when the request has been answered
   * @throws Failure when it was cancelled, or the walk has moved meanwhile
   */
  fork(name: string, apply: (machine: Machine) => void, signal: AbortSignal): Promise<() => void>;
  /** Walks on in another branch, where its cursor stands, and tells the client. */
  switchTo(branch: Branch): void;
}
