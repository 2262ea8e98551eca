/** `grantwalk run --check`: the invariants of a run, and a report of those that broke. */
import type { Machine, Task } from "../core/machine.js";
import { INVARIANTS } from "../core/invariants/rule.js";
import { since } from "../core/invariants/since.js";
import { type Broken, type Watch, watchInvariants } from "../core/invariants/watch.js";
import type { TraceEvent } from "../core/tracepoints.js";

/** Watches a run from its first task on. */
export class Check {
  private readonly watch: Watch;
  private found: readonly Broken[] | null = null;
  /** What ran, by the number of the task. */
  private readonly tasks: Task[] = [];

  constructor(private readonly machine: Machine) {
    this.watch = watchInvariants(machine);
  }

  beforeTask(): void {
    const [next] = this.machine.agenda;
    if (next !== undefined) this.tasks.push(next);
  }

  /** Takes one event. */
  listen(event: TraceEvent): void {
    this.watch.listen(event);
  }

  afterTask(): void {
    this.watch.afterTask();
  }

  /** What broke, when all has run, in order of time. Where that is not exact enough yet, the scenario runs once more. */
  get broken(): readonly Broken[] {
    this.found ??= since(this.machine.scenario, this.watch);
    return this.found;
  }

  text(): string {
    const { broken } = this;
    if (broken.length === 0) return `\nAll ${INVARIANTS.length} invariants hold.\n`;
    const lines = broken.flatMap((one) => [
      `  ${one.invariant}: ${this.place(one)}`,
      `    ${one.text}`,
    ]);
    return `\n${broken.length} of ${INVARIANTS.length} invariants broken:\n${lines.join("\n")}\n`;
  }

  private place({ request, at }: Broken): string {
    const { kind, step } = this.tasks[at.task] as Task;
    const workload = step === undefined || step < 0 ? "" : ` of workload[${step}]`;
    const event = at.kind === "task_end" ? "when it had ended" : `event ${at.event} ${at.kind}`;
    return [
      `task ${at.task} (${kind}${workload})`,
      ...(request === null ? [] : [`request ${request}`]),
      event,
    ].join(", ");
  }
}
