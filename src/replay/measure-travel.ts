import type { Recording } from "./recording.js";

export interface TravelTimes {
  /** Milliseconds that half of the journeys took at most. */
  readonly p50: number;
  /** Milliseconds that 99 of 100 journeys took at most. */
  readonly p99: number;
  readonly worst: number;
}

/**
 * Stands on random steps of a recording and measures how long each journey takes.
 * @param count how many journeys, at least 1
 * @param now a clock in milliseconds
 * @param seed of the random steps
 */
export function measureTravel(
  recording: Recording,
  count: number,
  now: () => number,
  seed = 1,
): TravelTimes {
  const times: number[] = [];
  let state = seed;
  for (let n = 0; n < count; n++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const step = Math.floor((state / 2 ** 32) * recording.length);
    const begin = now();
    recording.momentAt(step);
    times.push(now() - begin);
  }
  times.sort((a, b) => a - b);
  const quantile = (part: number): number =>
    times[Math.min(count - 1, Math.floor(part * count))] as number;
  return { p50: quantile(0.5), p99: quantile(0.99), worst: quantile(1) };
}
