/** Runs scenarios and asks what happened in them. */
import { createMachine, type Machine, runTask } from "../../../src/core/machine.js";
import type { Scenario } from "../../../src/core/scenario.js";
import type { TraceEvent } from "../../../src/core/tracepoints.js";

export interface Ran {
  machine: Machine;
  events: TraceEvent[];
}

/** Runs a scenario to its end. */
export function run(of: Scenario): Ran {
  const machine = createMachine(of);
  const events: TraceEvent[] = [];
  while (runTask(machine, (event) => events.push(event)));
  return { machine, events };
}

/** Runs a machine up to the given step of its workload, that one included; -1 is the connection. */
export function run_to(machine: Machine, step: number): void {
  while (machine.agenda.length > 0 && (machine.agenda[0]?.step ?? 0) <= step) runTask(machine);
}

/** The events of one kind. */
export function only<K extends TraceEvent["kind"]>(events: readonly TraceEvent[], kind: K) {
  return events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
}

/** What the kernel said, without its levels. */
export function said({ machine }: Ran): string[] {
  return machine.kernel.log.map(({ text }) => text);
}

/** How the scenario's requests ended, in the order of their ends: its number and the error. */
export function ends({ events }: Ran): [number, number][] {
  return only(events, "bio_end").map(({ nr, error }) => [nr, error]);
}
