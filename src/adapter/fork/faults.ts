/** What a back end can be made to do from a step on, that the scenario does not ask for. */
import type { Machine, Task } from "../../core/machine.js";
import type { ResponseSettings } from "../../core/scenario.js";

export interface Fault {
  readonly name: string;
  readonly label: string;
  /** Changes what the machine has still to do. @returns false where there is nothing to which it could be done */
  readonly apply: (machine: Machine) => boolean;
}

/** Puts another task in the place of the first one that is to come and fits. */
function replaceNext({ agenda }: Machine, make: (task: Task) => Task | null): boolean {
  for (const [index, task] of agenda.entries()) {
    const made = make(task);
    if (made === null) continue;
    agenda[index] = made;
    return true;
  }
  return false;
}

/** The next answers of the back end are others. */
function otherAnswers(
  machine: Machine,
  change: (response: ResponseSettings) => ResponseSettings,
): boolean {
  return replaceNext(machine, (task) =>
    task.kind === "backend" && task.responses.length > 0
      ? { ...task, responses: task.responses.map(change) }
      : null,
  );
}

/** By the names that requests and the debug console have for them. */
export const FAULTS: readonly Fault[] = [
  {
    name: "error",
    label: "The next answers have the status BLKIF_RSP_ERROR",
    apply: (machine) => otherAnswers(machine, (one) => ({ ...one, status: "error" })),
  },
  {
    name: "unsupported",
    label: "The next answers have the status BLKIF_RSP_EOPNOTSUPP",
    apply: (machine) => otherAnswers(machine, (one) => ({ ...one, status: "unsupported" })),
  },
  {
    name: "twice",
    label: "The next answers come twice",
    apply: (machine) => otherAnswers(machine, (one) => ({ ...one, times: 2 })),
  },
  {
    name: "never",
    label: "The next answers never come",
    apply: (machine) => otherAnswers(machine, (one) => ({ ...one, times: 0 })),
  },
  {
    name: "lost",
    label: "The next event of the back end is lost",
    apply: (machine) =>
      replaceNext(machine, (task) =>
        task.kind === "interrupt" ? { kind: "lose-event", ...stepOf(task) } : null,
      ),
  },
  {
    name: "kept",
    label: "The back end keeps every grant mapped",
    apply: ({ agenda }) => agenda.unshift({ kind: "keep", keepsMapped: "all" }) > 0,
  },
  {
    name: "gone",
    label: "The back end closes the device",
    apply: ({ agenda }) => agenda.unshift({ kind: "close" }) > 0,
  },
];

function stepOf({ step }: Task): { step?: number } {
  return step === undefined ? {} : { step };
}
