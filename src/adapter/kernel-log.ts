/** What the guest's kernel prints, and which invariants broke, in the debug console: once, when the walk has first come past it. */
import type { RecordedBreak } from "../replay/breaks.js";
import type { Recording } from "../replay/recording.js";
import { brokenText } from "./broken.js";
import { bugOf } from "./exception.js";
import type { Wire } from "./wire.js";

export class KernelLog {
  private printed = 0;
  private brokenPrinted = 0;
  private bugTold = false;

  constructor(
    private readonly wire: Wire,
    private readonly recording: Recording,
  ) {}

  /** Prints what has been said when a step is about to run, and has not been printed. */
  upTo(step: number): void {
    this.messagesUpTo(step);
    const { broken } = this.recording;
    for (; this.brokenPrinted < broken.length; this.brokenPrinted++) {
      const one = broken[this.brokenPrinted] as RecordedBreak;
      if (one.step > step) return;
      this.print(`Invariant broken since step ${one.step}: ${brokenText(one)}`, true);
    }
  }

  private messagesUpTo(step: number): void {
    const { tracepoints } = this.recording;
    const count = tracepoints.count("message");
    for (; this.printed < count; this.printed++) {
      const message = tracepoints.nth("message", this.printed);
      if (message.step > step) return;
      const { level, text } = message.event;
      this.print(text, level !== "info");
    }
  }

  /** Prints all that is left, and the kernel's last words. */
  toEnd(): void {
    this.upTo(Infinity);
    const bug = bugOf(this.recording);
    if (bug === null || this.bugTold) return;
    this.bugTold = true;
    this.print(bug.text, true);
  }

  private print(text: string, isWarning: boolean): void {
    this.wire.event("output", { category: isWarning ? "stderr" : "stdout", output: `${text}\n` });
  }
}
