/** Changes of the machine by hand, each right before one step: what makes a fork of a run. */
import type { Machine } from "stepped:core/machine";
import type { Visitor } from "./probe.js";

export interface Edit {
  /** The step of the run before which it is made, from 0. */
  readonly step: number;
  /** Changes the machine. It must do the same whenever the machine is run. */
  readonly apply: (machine: Machine) => void;
}

/**
 * Makes the edits of a run that goes on from some step.
 * @param edits in the order in which they are made
 * @param from the step that runs next; earlier edits have been made
 * @returns null where none is left to make
 */
export function editor(edits: readonly Edit[], from: number, machine: Machine): Visitor | null {
  const left = edits.filter(({ step }) => step >= from);
  const nextStep = (): number => (left.length === 0 ? Infinity : (left[0] as Edit).step - from);
  if (left.length === 0) return null;
  return {
    next: nextStep(),
    visit() {
      const now = this.next;
      while (nextStep() === now) left.shift()?.apply(machine);
      this.next = nextStep();
    },
  };
}

/**
 * Whether a run that throws does what C does at a wild access: code of the kernel follows what an edit has put
 * there. Without an edit it is a defect of the model.
 * @param steps that the run has begun
 */
export function isWildAccess(thrown: unknown, edits: readonly Edit[], steps: number): boolean {
  const isEdited = edits.some(({ step }) => step < steps);
  return isEdited && (thrown instanceof TypeError || thrown instanceof RangeError);
}
