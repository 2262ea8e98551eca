/** Since when the state of a machine has been wrong: a second, closer look at the tasks that may have broken it. */
import { createMachine, type Machine, runTask } from "../machine.js";
import type { Scenario } from "../scenario.js";
import { type Broken, type Doubt, type Watch, watchClosely } from "./watch.js";

/**
 * Runs the next task of a machine and looks at the state whenever the driver is at rest.
 * @param doubt what another run has left open about this task
 * @returns what it breaks, each at the first event that shows it
 */
export function lookClosely(machine: Machine, { task, end, invariants }: Doubt): Broken[] {
  let events = 0;
  const watch = watchClosely(machine, task, invariants);
  runTask(machine, (event) => {
    watch.listen(event);
    events++;
  });
  watch.afterTask();
  const before = end - events;
  return watch.broken.map((one) => ({
    ...one,
    at: { ...one.at, event: before + one.at.event },
  }));
}

/** All that broke, in order of time. @param found by a closer look, and better than what is known of the same */
export function withFound(broken: readonly Broken[], found: readonly Broken[]): Broken[] {
  const better = new Set(found.map(({ invariant }) => invariant));
  return [...broken.filter(({ invariant }) => !better.has(invariant)), ...found].sort(
    (a, b) => a.at.task - b.at.task || a.at.event - b.at.event,
  );
}

/** What broke in a whole run, and since when: for that the scenario runs again, as far as it has to. */
export function since(scenario: Scenario, { broken, doubts }: Watch): Broken[] {
  const machine = createMachine(scenario);
  const found: Broken[] = [];
  let task = 0;
  for (const doubt of doubts) {
    for (; task < doubt.task; task++) runTask(machine);
    found.push(...lookClosely(machine, doubt));
    task++;
  }
  return withFound(broken, found);
}
