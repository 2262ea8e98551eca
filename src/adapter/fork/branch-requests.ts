/** The requests about branches: to list, name and compare them, to go from one to another, to inject a fault. */
import { cloneMachine } from "../../core/machine.js";
import type { BranchArguments, CompareArguments, FaultArguments } from "../custom-requests.js";
import { Failure, FailureId } from "../failure.js";
import type { Handlers } from "../wire.js";
import { compareBranches } from "./compare.js";
import type { ForkContext } from "./context.js";
import { FAULTS, type Fault } from "./faults.js";

export function branchRequests(context: ForkContext): Handlers {
  return {
    "grantwalk/branches": () => {
      const current = context.branch.id;
      const branches = context.branches.all.map(({ id, name, fork, walk }) => ({
        id,
        name,
        fork,
        step: walk.cursor.step,
        length: walk.recording.length,
      }));
      return { body: { branches, current } };
    },
    "grantwalk/switchBranch": ({ branch }: BranchArguments) => {
      const target = context.branches.get(branch);
      return { after: () => context.switchTo(target) };
    },
    "grantwalk/compareBranches": ({ branch, other }: CompareArguments) => ({
      body: compareBranches(
        other === undefined ? context.branch : context.branches.get(other),
        context.branches.get(branch),
      ),
    }),
    "grantwalk/injectFault": async ({ fault }: FaultArguments, signal: AbortSignal) => {
      const tell = await inject(context, fault, signal);
      return { after: tell };
    },
  };
}

/**
 * Forks the run with a fault of the back end from here on.
 * @throws Failure for one that does not exist, or to which nothing can be done from here on
 */
export async function inject(
  context: ForkContext,
  name: string,
  signal: AbortSignal,
): Promise<() => void> {
  const fault = FAULTS.find((one) => one.name === name);
  if (fault === undefined) {
    const names = FAULTS.map((one) => one.name).join(", ");
    throw new Failure(
      FailureId.badArguments,
      `There is no fault '${name}': it is one of ${names}.`,
    );
  }
  refuseWithoutEffect(context, fault);
  return context.fork(fault.label, (machine) => void fault.apply(machine), signal);
}

function refuseWithoutEffect({ stop }: ForkContext, { apply, label }: Fault): void {
  if (apply(cloneMachine(stop.moment.machine))) return;
  throw new Failure(
    FailureId.badArguments,
    `"${label}": nothing of the kind follows this step.`,
    true,
  );
}
