import type { Moment } from "./moment.js";
import type { Move } from "./moves/move.js";
import type { Recording } from "./recording.js";

/**
 * Why the cursor stands where it stands: a movement's reason, an invariant that broke on its way, the beginning of
 * a session, or a jump.
 */
export type Cause = Move["reason"] | "broken" | "entry" | "goto";

/** A move of the cursor that has happened. */
export interface CursorMove {
  readonly from: number;
  readonly step: number;
  readonly cause: Cause;
}

export type CursorListener = (move: CursorMove) => void;

/** The step that the user stands on. All who show it listen, all who move it call `moveTo`. */
export class Cursor {
  private readonly listeners = new Set<CursorListener>();
  private readonly waiting: CursorMove[] = [];
  private telling = false;
  private current: number;

  /** Stands on a step of the recording, the entry unless another is given, and has told nobody yet. */
  constructor(
    readonly recording: Recording,
    step = recording.entry,
  ) {
    this.current = step;
  }

  get step(): number {
    return this.current;
  }

  /** The machine where the cursor stands. */
  get moment(): Moment {
    return this.recording.momentAt(this.current);
  }

  /**
   * Moves, then tells every listener once, even if the step is the same as before: who asked for a movement
   * waits for its end. A move that a listener asks for happens when all have been told of the one before.
   * @param step is brought into the recording when it lies outside
   */
  moveTo(step: number, cause: Cause): void {
    const to = Math.max(0, Math.min(step, this.recording.length - 1));
    const last = this.waiting[this.waiting.length - 1];
    this.waiting.push({ from: last?.step ?? this.current, step: to, cause });
    if (this.telling) return;
    this.telling = true;
    try {
      for (let move = this.waiting.shift(); move !== undefined; move = this.waiting.shift()) {
        this.current = move.step;
        for (const listener of [...this.listeners]) listener(move);
      }
    } finally {
      this.telling = false;
    }
  }

  /** Goes where a movement leads. */
  follow(move: Move): void {
    this.moveTo(move.step, move.reason);
  }

  /** @returns a function that ends the listening */
  onDidMove(listener: CursorListener): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }
}
