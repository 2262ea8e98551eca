/** A long recording: how fast it is made, how long it takes to stand anywhere in it, and what it holds. */
import { createMachine, runTask } from "../src/core/machine.js";
import type { Scenario } from "../src/core/scenario.js";
import { record } from "../src/replay/record.js";
import { long_scenario } from "./long-scenario.js";
import { type TravelTimes, measureTravel } from "./measure-travel.js";
import type { Say } from "./say.js";

const STEPS = 10_000_000;
const JOURNEYS = 1000;
/** Runs of each kind, of which the fastest counts. */
const TURNS = 3;

/** Milliseconds that the plain core takes for a scenario. */
function plainRun(scenario: Scenario): number {
  const begin = performance.now();
  const machine = createMachine(scenario);
  while (runTask(machine));
  return performance.now() - begin;
}

function sayTimes(say: Say, name: string, { p50, p99, worst }: TravelTimes): void {
  say(`${name}-p50`, p50, "ms");
  say(`${name}-p99`, p99, "ms");
  say(`${name}-max`, worst, "ms");
}

export function benchTravel(say: Say): void {
  const scenario = long_scenario(STEPS);
  sayTravel(say, scenario);
  let plain = Infinity;
  let recorded = Infinity;
  for (let turn = 0; turn < TURNS; turn++) {
    plain = Math.min(plain, plainRun(scenario));
    const begin = performance.now();
    record(scenario);
    recorded = Math.min(recorded, performance.now() - begin);
  }
  say("recording-time", recorded, "ms");
  say("recording-ratio", recorded / plain, "x the plain run");
}

function sayTravel(say: Say, scenario: Scenario): void {
  const recording = record(scenario);
  const { length } = recording;
  say("recording-steps", length, "steps");
  const now = (): number => performance.now();
  let state = 1;
  const anywhere = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * length);
  };
  sayTimes(say, "travel", measureTravel(recording, JOURNEYS, now, anywhere));
  // As one who holds down the key that steps back, from the last step on.
  sayTimes(
    say,
    "back",
    measureTravel(recording, JOURNEYS, now, (n) => length - 1 - n),
  );
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  say("heap", heapUsed / 2 ** 20, "MiB");
  say("array-buffers", arrayBuffers / 2 ** 20, "MiB");
  // With the engine itself, and with what it has not collected.
  say("peak-memory", process.resourceUsage().maxRSS / 1024, "MiB");
}
