/** Steps in a chunk of the columns. */
const CHUNK_SHIFT = 16;
const CHUNK = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK - 1;

/** Deeper calls than this are recorded as this deep. */
const MOST_DEPTH = 255;

/**
 * The statement and the call depth of every step: three bytes a step, in chunks, so that growing never
 * copies.
 */
export class StepColumns {
  private readonly statements: Uint16Array[] = [];
  private readonly depths: Uint8Array[] = [];
  /** The least depth in each chunk: the moves over a call skip chunks by it. */
  private readonly shallowest: number[] = [];
  private readonly hits = new Map<number, Uint32Array>();
  private steps = 0;

  /** Number of steps. */
  get length(): number {
    return this.steps;
  }

  /** The number of the statement that step `step` is about to run; 0 ≤ step < length. */
  statementAt(step: number): number {
    return (this.statements[step >>> CHUNK_SHIFT] as Uint16Array)[step & CHUNK_MASK] as number;
  }

  /** How many functions are being run at a step, from 1; 0 ≤ step < length. */
  depthAt(step: number): number {
    return (this.depths[step >>> CHUNK_SHIFT] as Uint8Array)[step & CHUNK_MASK] as number;
  }

  /** Appends the first `count` entries of the probe's track. */
  append(track: Uint32Array, count: number): void {
    let read = 0;
    while (read < count) {
      const at = this.steps & CHUNK_MASK;
      if (at === 0) this.grow();
      const chunk = this.statements.length - 1;
      const statements = this.statements[chunk] as Uint16Array;
      const depths = this.depths[chunk] as Uint8Array;
      let least = this.shallowest[chunk] as number;
      const n = Math.min(count - read, CHUNK - at);
      for (let i = 0; i < n; i++) {
        const entry = track[read + i] as number;
        const depth = Math.min(entry >>> 16, MOST_DEPTH);
        statements[at + i] = entry;
        depths[at + i] = depth;
        if (depth < least) least = depth;
      }
      this.shallowest[chunk] = least;
      this.steps += n;
      read += n;
    }
  }

  /** Forgets the steps from `length` on. */
  truncate(length: number): void {
    this.steps = Math.min(this.steps, length);
  }

  private grow(): void {
    this.statements.push(new Uint16Array(CHUNK));
    this.depths.push(new Uint8Array(CHUNK));
    this.shallowest.push(MOST_DEPTH);
  }

  /** The first step that runs another statement than in `other`, or that only one of the two has; -1 for none. */
  firstDifference(other: StepColumns): number {
    const shared = Math.min(this.steps, other.steps);
    for (const [chunk, statements] of this.statements.entries()) {
      const others = other.statements[chunk];
      const n = Math.min(CHUNK, shared - chunk * CHUNK);
      if (others === undefined || n <= 0) break;
      for (let i = 0; i < n; i++) {
        if (statements[i] !== others[i]) return chunk * CHUNK + i;
      }
    }
    return this.steps === other.steps ? -1 : shared;
  }

  /** The first step from `from` on, and before `end`, that is at most so deep; -1 when there is none. */
  nextAtMost(depth: number, from: number, end: number): number {
    let step = from;
    while (step < end) {
      const chunk = step >>> CHUNK_SHIFT;
      const stop = Math.min(end, (chunk + 1) * CHUNK);
      if ((this.shallowest[chunk] as number) <= depth) {
        const depths = this.depths[chunk] as Uint8Array;
        for (; step < stop; step++) {
          if ((depths[step & CHUNK_MASK] as number) <= depth) return step;
        }
      }
      step = stop;
    }
    return -1;
  }

  /** The last step up to `from`, and not before `start`, that is at most so deep; -1 when there is none. */
  previousAtMost(depth: number, from: number, start: number): number {
    let step = from;
    while (step >= start) {
      const chunk = step >>> CHUNK_SHIFT;
      const stop = Math.max(start, chunk * CHUNK);
      if ((this.shallowest[chunk] as number) <= depth) {
        const depths = this.depths[chunk] as Uint8Array;
        for (; step >= stop; step--) {
          if ((depths[step & CHUNK_MASK] as number) <= depth) return step;
        }
      }
      step = stop - 1;
    }
    return -1;
  }

  /** All steps that run a statement, ascending. Found by one pass at the first call, then kept. */
  stepsOf(statement: number): Uint32Array {
    let found = this.hits.get(statement);
    if (found === undefined) {
      found = this.findSteps(statement);
      this.hits.set(statement, found);
    }
    return found;
  }

  private findSteps(statement: number): Uint32Array {
    const found: number[] = [];
    for (const [index, statements] of this.statements.entries()) {
      const from = index * CHUNK;
      const n = Math.min(CHUNK, this.steps - from);
      let at = statements.indexOf(statement);
      while (at >= 0 && at < n) {
        found.push(from + at);
        at = statements.indexOf(statement, at + 1);
      }
    }
    return Uint32Array.from(found);
  }
}
