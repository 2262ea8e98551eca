import type { Recording } from "../../replay/recording.js";
import { firstAbove } from "../../replay/sorted.js";
import { type Breakpoint, type Refused, isRefused } from "./breakpoint.js";

/** All breakpoints of a session: those of each source, on functions, on data and on what the driver goes through. */
export class BreakpointTable {
  /** Whether the walk stops where the kernel does. */
  stopsAtBug = true;
  /** Whether it stops where an invariant broke. */
  stopsAtBroken = true;
  private readonly groups = new Map<string, readonly Breakpoint[]>();
  private readonly ids = new Map<string, number>();

  /** The number of the breakpoint that the user set at this place; it keeps it while it comes and goes. */
  idOf(group: string, place: string): number {
    const key = `${group} ${place}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.ids.size + 1;
      this.ids.set(key, id);
    }
    return id;
  }

  /** Puts these breakpoints in the place of all earlier ones of their group. */
  replace(group: string, breakpoints: readonly (Breakpoint | Refused)[]): void {
    this.groups.set(
      group,
      breakpoints.filter((set): set is Breakpoint => !isRefused(set)),
    );
  }

  /** Every breakpoint that stands somewhere. */
  all(): Breakpoint[] {
    return [...this.groups.values()].flat();
  }

  /** Works out where all of them stand in a recording. */
  async prepare(recording: Recording, signal: AbortSignal): Promise<void> {
    for (const { prepare } of this.all()) await prepare?.(recording, signal);
  }

  /** The breakpoints that are reached at a step. */
  at(recording: Recording, step: number): Breakpoint[] {
    return this.all().filter((breakpoint) => {
      const steps = breakpoint.steps(recording);
      return steps[firstAbove(steps, step - 1)] === step;
    });
  }
}
