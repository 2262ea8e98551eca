/** Prints the figures of the budgets, all measured in one run, side by side. */
import * as stepped_dispatch from "stepped:core/blkback/dispatch";
import * as stepped_interrupt from "stepped:core/blkfront/patch-v2/interrupt";
import * as stepped_request_fn from "stepped:core/blkfront/patch-v2/request-fn";
import * as stepped_machine from "stepped:core/machine";
import * as stepped_making from "stepped:core/machine/make-requests";
import * as dispatch from "../src/core/blkback/dispatch.js";
import * as interrupt from "../src/core/blkfront/patch-v2/interrupt.js";
import * as request_fn from "../src/core/blkfront/patch-v2/request-fn.js";
import * as plain_machine from "../src/core/machine.js";
import * as making from "../src/core/machine/make-requests.js";
import { measureTravel } from "../src/replay/measure-travel.js";
import { arm, disarm } from "../src/replay/probe.js";
import { record } from "../src/replay/record.js";
import { copies_of } from "./copies.js";
import { GRANTS, type Core, prepare } from "./rounds.js";
import { long_scenario } from "./long-scenario.js";

const json = process.argv.includes("--json");
const STEPS = 10_000_000;
const JOURNEYS = 1000;

function say(name: string, value: number, unit: string): void {
  if (json) console.log(JSON.stringify({ name, value: Number(value.toPrecision(5)), unit }));
  else console.log(`${name.padEnd(18)} ${value.toFixed(2).padStart(10)} ${unit}`);
}

/** Runs the rounds in turn, so that all meet the same machine, and gives each one's best time a grant, in ns. */
function side_by_side<T extends string>(rounds: Record<T, () => void>): Record<T, number> {
  const names = Object.keys(rounds) as T[];
  const best = Object.fromEntries(names.map((name) => [name, Infinity])) as Record<T, number>;
  for (let turn = 0; turn < 30; turn++) {
    for (const name of names) {
      // The first round of a turn finds the caches full of the others' data.
      for (let i = 0; i < 3; i++) {
        const begin = performance.now();
        rounds[name]();
        const ns = ((performance.now() - begin) * 1e6) / GRANTS;
        best[name] = Math.min(best[name], ns);
      }
    }
  }
  return best;
}

const plain: Core = { ...plain_machine, ...making, ...request_fn, ...interrupt, ...dispatch };
const stepped = {
  ...stepped_machine,
  ...stepped_making,
  ...stepped_request_fn,
  ...stepped_interrupt,
  ...stepped_dispatch,
} as unknown as Core;

const plain_read = prepare(plain, false, "read");
const stepped_read = prepare(stepped, false, "read");
const write = prepare(plain, true, "write");
const copy = copies_of(write.machine, write.round);

const figures = side_by_side({
  "core-plain": plain_read.round,
  "core-stepped": () => {
    arm(Infinity, () => undefined);
    stepped_read.round();
    disarm();
  },
  "core-plain-copy": write.round,
  memcpy: copy,
});
for (const [name, ns] of Object.entries(figures)) say(name, ns, "ns/grant");
say("stepped-ratio", figures["core-stepped"] / figures["core-plain"], "x");
say("copy-ratio", figures["core-plain-copy"] / figures.memcpy, "x");

const recording = record(long_scenario(STEPS));
say("recording-steps", recording.length, "steps");
const travel = measureTravel(recording, JOURNEYS, () => performance.now());
say("travel-p50", travel.p50, "ms");
say("travel-p99", travel.p99, "ms");
say("heap", process.memoryUsage().heapUsed / 2 ** 20, "MiB");
say("array-buffers", process.memoryUsage().arrayBuffers / 2 ** 20, "MiB");
