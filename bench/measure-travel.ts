import type { Recording } from "../src/replay/recording.js";

export interface TravelTimes {
  /** Milliseconds that half of the journeys took at most. */
  readonly p50: number;
  /** Milliseconds that 99 of 100 journeys took at most. */
  readonly p99: number;
  readonly worst: number;
}

/**
 * Stands on steps of a recording and measures how long each journey takes.
 * @param count how many journeys, at least 1
 * @param now a clock in milliseconds
 * @param stepOf the step of the n-th journey, n from 0
 */
export function measureTravel(
  recording: Recording,
  count: number,
  now: () => number,
  stepOf: (n: number) => number,
): TravelTimes {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const step = stepOf(n);
    const begin = now();
    recording.momentAt(step);
    times.push(now() - begin);
  }
  times.sort((a, b) => a - b);
  const quantile = (part: number): number =>
    times[Math.min(count - 1, Math.floor(part * count))] as number;
  return { p50: quantile(0.5), p99: quantile(0.99), worst: quantile(1) };
}
