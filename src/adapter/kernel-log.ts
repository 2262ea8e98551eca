/**
 * What the guest's kernel prints, what the back end logs in its own domain, which calls fail, and which invariants
 * broke, in the debug console: once, when the walk has first come past it.
 */
import type { log_level } from "../core/linux/printk.js";
import type { RecordedBreak } from "../replay/breaks.js";
import type { Recording } from "../replay/recording.js";
import type { LoggedEvent } from "../replay/trace-log.js";
import { brokenText } from "./broken.js";
import { bugOf } from "./exception.js";
import type { Wire } from "./wire.js";

/** The protocol's categories of what is written. */
type Stream = "stdout" | "stderr" | "console";

const SAID = ["message", "backend_message", "call_failed"] as const;
type Said = (typeof SAID)[number];

/** Where a message of the kernel's goes: what an ordinary console would not show stands apart. */
const STREAMS: Readonly<Record<log_level, Stream>> = {
  debug: "console",
  info: "stdout",
  warning: "stderr",
  warn: "stderr",
  alert: "stderr",
  error: "stderr",
  fatal: "stderr",
};

export class KernelLog {
  private readonly printed: Record<Said, number> = {
    message: 0,
    backend_message: 0,
    call_failed: 0,
  };
  private brokenPrinted = 0;
  private bugTold = false;

  constructor(
    private readonly wire: Wire,
    private readonly recording: Recording,
  ) {}

  /** Takes what has been said when a step is about to run for printed: another run has printed it. */
  skipTo(step: number): void {
    for (let next = this.next(); next !== null && next.step <= step; next = this.next()) {
      this.printed[next.event.kind]++;
    }
    const { broken } = this.recording;
    while ((broken[this.brokenPrinted]?.step ?? Infinity) <= step) this.brokenPrinted++;
  }

  /** Prints what has been said when a step is about to run, and has not been printed. */
  upTo(step: number): void {
    this.messagesUpTo(step);
    const { broken } = this.recording;
    for (; this.brokenPrinted < broken.length; this.brokenPrinted++) {
      const one = broken[this.brokenPrinted] as RecordedBreak;
      if (one.step > step) return;
      this.print(`Invariant broken since step ${one.step}: ${brokenText(one)}`, "stderr");
    }
  }

  private messagesUpTo(step: number): void {
    for (let next = this.next(); next !== null && next.step <= step; next = this.next()) {
      this.printed[next.event.kind]++;
      this.tell(next);
    }
  }

  /** The first that has not been printed of what is said. */
  private next(): LoggedEvent<Said> | null {
    const { tracepoints } = this.recording;
    let first: LoggedEvent<Said> | null = null;
    for (const kind of SAID) {
      const n = this.printed[kind];
      if (n === tracepoints.count(kind)) continue;
      const event = tracepoints.nth(kind, n);
      if (first === null || event.index < first.index) first = event;
    }
    return first;
  }

  private tell({ step, event }: LoggedEvent<Said>): void {
    switch (event.kind) {
      case "message":
        return this.print(event.text, STREAMS[event.level]);
      case "backend_message":
        return this.print(`Back end, step ${step}: ${event.text}`, "console");
      case "call_failed":
        return this.print(`As the scenario asks, step ${step}: ${event.call} fails`, "console");
    }
  }

  /** Prints all that is left, and the kernel's last words. */
  toEnd(): void {
    this.upTo(Infinity);
    const bug = bugOf(this.recording);
    if (bug === null || this.bugTold) return;
    this.bugTold = true;
    this.print(bug.text, "stderr");
  }

  private print(text: string, category: Stream): void {
    this.wire.event("output", { category, output: `${text}\n` });
  }
}
