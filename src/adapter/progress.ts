/** A long recording, shown as progress that can be cancelled. */
import type { RecordProgress } from "../replay/record.js";
import type { Wire } from "./wire.js";

/** Milliseconds before anything is shown, unless the host says otherwise. */
const PATIENCE = 500;
/** Milliseconds between two updates. */
const INTERVAL = 200;

export class Progress {
  private static count = 0;
  private readonly begun = Date.now();
  private id: string | null = null;
  private updated = 0;

  /**
   * @param requests how many requests the workload submits
   * @param cancel is called when the user cancels
   * @param patience milliseconds before anything is shown
   */
  constructor(
    private readonly wire: Wire,
    private readonly requests: number,
    private readonly cancel: () => void,
    private readonly patience = PATIENCE,
  ) {}

  /** Tells how far the recording is, once it takes long. */
  report({ steps, ended }: RecordProgress): void {
    const now = Date.now();
    if (now - this.begun < this.patience || now - this.updated < INTERVAL) return;
    this.updated = now;
    const message = `${steps.toLocaleString("en-US")} steps, ${ended} of ${this.requests} requests`;
    // Whole: some clients drop an event with a fraction in it.
    const percentage =
      this.requests === 0 ? 0 : Math.min(100, Math.floor((100 * ended) / this.requests));
    if (this.id === null) {
      this.id = `recording ${++Progress.count}`;
      this.wire.event("progressStart", {
        progressId: this.id,
        title: "Recording",
        cancellable: true,
        message,
        percentage,
      });
    } else {
      this.wire.event("progressUpdate", { progressId: this.id, message, percentage });
    }
  }

  /** Cancels, when it is this progress that the client means. */
  cancelled(progressId: string): void {
    if (progressId === this.id) this.cancel();
  }

  end(): void {
    if (this.id !== null) this.wire.event("progressEnd", { progressId: this.id });
    this.id = null;
  }
}
