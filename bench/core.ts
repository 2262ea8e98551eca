/** The driver alone: plain, stepped, and beside a plain copy of the same bytes, all in one run. */
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
import { arm, disarm } from "../src/replay/probe.js";
import { copies_of } from "./copies.js";
import { GRANTS, type Core, prepare } from "./rounds.js";
import type { Say } from "./say.js";

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

export function benchCore(say: Say): void {
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
}
