/** Since when the state of a machine has been wrong: a second, closer look at a task that broke it. */
import { createMachine, type Machine, runTask } from "../machine.js";
import type { Scenario } from "../scenario.js";
import { type Broken, watchClosely } from "./watch.js";

/**
 * Runs the next task of a machine and looks at the state whenever the driver is at rest.
 * @param broken what this task breaks, as it was found when the task had ended in another run
 * @returns the same, each at the first event that shows it
 */
export function lookClosely(machine: Machine, broken: readonly Broken[]): Broken[] {
  const [any] = broken;
  if (any === undefined) return [];
  const { task, event: end } = any.at;
  let events = 0;
  const watch = watchClosely(
    machine,
    task,
    broken.map(({ invariant }) => invariant),
  );
  runTask(machine, (event) => {
    watch.listen(event);
    events++;
  });
  return broken.map((one) => {
    const found = watch.broken.find(({ invariant }) => invariant === one.invariant);
    if (found === undefined) return one;
    const { kind, event } = found.at;
    return { ...found, at: { task, event: end - events + event, kind } };
  });
}

/** Whether a break was noticed when its task had ended, and may be older. */
export function isLate({ at }: Broken): boolean {
  return at.kind === "task_end";
}

/** Puts breaks in the order of time. */
export function inOrder<B extends Broken>(broken: readonly B[]): B[] {
  return [...broken].sort((a, b) => a.at.task - b.at.task || a.at.event - b.at.event);
}

/** Runs a scenario again, as far as it has to, to say since when what broke in it has been broken. */
export function since(scenario: Scenario, broken: readonly Broken[]): Broken[] {
  const found = broken.filter((one) => !isLate(one));
  const machine = createMachine(scenario);
  for (let task = 0; found.length < broken.length; task++) {
    const late = broken.filter((one) => isLate(one) && one.at.task === task);
    if (late.length === 0) runTask(machine);
    found.push(...lookClosely(machine, late));
  }
  return inOrder(found);
}
