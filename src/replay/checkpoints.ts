import { type Machine, cloneMachine } from "stepped:core/machine";
import { weigh } from "./weigh.js";

/** A machine between two tasks. It is copied, never run. */
export interface Checkpoint {
  /** The step that runs next. */
  readonly step: number;
  readonly machine: Machine;
}

export interface CheckpointOptions {
  /** About how many bytes all checkpoints together may take. */
  readonly budget: number;
  /** The number of steps between two of them at the beginning; null lets it follow from their size. */
  readonly spacing: number | null;
}

/** A run over so many steps takes no time that anybody notices. */
const SPACING = 1 << 18;
/** With so many steps for each byte of a copy, copying takes a small part of a run's time. */
const STEPS_PER_BYTE = 1 / 16;

/**
 * Copies of the machine along a run. When they would take more memory than they may, every second one goes
 * and the distance between later ones doubles.
 */
export class Checkpoints {
  private list: Checkpoint[] = [];
  private spacing: number;
  private added = 0;
  /** Bytes of the first copy, and of what each further one adds to it. */
  private firstBytes = 0;
  private nextBytes = 0;

  constructor(private readonly options: CheckpointOptions) {
    this.spacing = options.spacing ?? SPACING;
  }

  /** About the bytes that all of them take. */
  get bytes(): number {
    return this.firstBytes + Math.max(0, this.list.length - 1) * this.nextBytes;
  }

  get count(): number {
    return this.list.length;
  }

  /** Between two tasks of a run: takes a copy if the last one is far enough. */
  offer(step: number, machine: Machine): void {
    if (this.isDue(step)) this.take(step, machine);
  }

  /** Whether a copy would be taken at a step. */
  isDue(step: number): boolean {
    const last = this.list[this.list.length - 1];
    return last === undefined || step - last.step >= this.spacing;
  }

  private take(step: number, machine: Machine): void {
    const copy = cloneMachine(machine);
    this.list.push({ step, machine: copy });
    this.added++;
    // Weighing takes longer than copying. The weight changes as the run goes on, but ever more slowly.
    if ((this.added & (this.added - 1)) === 0) this.weighLast();
    while (this.bytes > this.options.budget && this.list.length > 2) this.thin();
  }

  private weighLast(): void {
    const [before, last] = this.list.slice(-2);
    if (last === undefined) {
      this.firstBytes = weigh((before as Checkpoint).machine, new Set());
      this.nextBytes = this.firstBytes;
    } else {
      const seen = new Set<object>();
      weigh((before as Checkpoint).machine, seen);
      this.nextBytes = weigh(last.machine, seen);
    }
    if (this.options.spacing === null) {
      this.spacing = Math.max(this.spacing, Math.ceil(this.nextBytes * STEPS_PER_BYTE));
    }
  }

  private thin(): void {
    this.list = this.list.filter((_, n) => n % 2 === 0);
    this.spacing *= 2;
  }

  /** The last one that is not after a step. */
  before(step: number): Checkpoint {
    return this.list.findLast((checkpoint) => checkpoint.step <= step) as Checkpoint;
  }
}
