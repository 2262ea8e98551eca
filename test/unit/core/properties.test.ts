/**
 * Random scenarios of every kind: what holds where nothing is wrong, that everything comes to an end, and that a
 * scenario is run in one way only.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createMachine, type Machine, runTask } from "../../../src/core/machine.js";
import type { request } from "../../../src/core/linux/request.js";
import type { Scenario } from "../../../src/core/scenario.js";
import type { TraceEvent, TraceListener } from "../../../src/core/tracepoints.js";
import { fingerprint } from "../replay/fingerprint.js";
import { anything } from "./random/faults.js";
import { good } from "./random/good.js";
import { Reference } from "./random/reference.js";
import { assert_slot } from "./random/ring-bytes.js";
import {
  Watched,
  assert_sound,
  holdings,
  lost_references,
  pages_freed_too_many,
} from "./random/watched.js";

/** Runs of the property without a fault, and of the others. */
/** The same scenarios each time, so that a change of the driver is told from luck. */
const SEED = 1;
const GOOD = 200;
const OTHERS = 60;

/** Runs a scenario to its end, with a reference at its side. */
function run(scenario: Scenario, listen?: (watched: Watched) => TraceListener) {
  const watched = new Watched(scenario);
  const reference = new Reference(watched.machine, scenario);
  const more = listen?.(watched);
  const both: TraceListener = (event) => {
    reference.listen(event);
    more?.(event);
  };
  const connected = watched.step(both);
  assert.equal(connected?.kind, "connect");
  const before = holdings(watched.machine);
  for (let task = watched.step(both); task !== null; task = watched.step(both)) {
    reference.after(task);
  }
  return { watched, reference, before };
}

describe("a driver that nothing is wrong with", () => {
  it("moves the right bytes, tells everybody once, and leaves nothing behind", () => {
    fc.assert(
      fc.property(good, (scenario) => {
        const { watched, reference, before } = run(scenario, slots_of(scenario));
        const { machine } = watched;
        assert_sound(watched);
        assert.equal(machine.info.connected, "CONNECTED");
        reference.check_bytes();
        reference.check_told();
        assert.deepEqual(reference.complaints, []);
        assert.deepEqual(holdings(machine), before);
        assert.equal(lost_references(machine), 0);
        assert.deepEqual(machine.kernel.gnttab.deferred, []);

        watched.also({ kind: "remove" });
        // The table looks at ten deferred references a second.
        const seconds = Math.ceil(machine.kernel.gnttab.deferred.length / 10);
        watched.also({ kind: "wait", seconds });
        assert.equal(machine.bug, null);
        const { grants, spare_pages, pages_allocated } = holdings(machine);
        const nothing = { grants: 0, spare_pages: 0, pages_allocated: 0 };
        const too_many = pages_freed_too_many(machine);
        assert.deepEqual(
          { grants, spare_pages, pages_allocated: pages_allocated + too_many },
          nothing,
        );
        const { gnttab } = machine.kernel;
        assert.equal(gnttab.gnttab_free_count, gnttab.nr_entries - 8);
      }),
      { numRuns: GOOD, seed: SEED },
    );
  });
});

/** Holds each slot of the ring against what was asked, when it has been written. */
function slots_of({ guest }: Scenario): (watched: Watched) => TraceListener {
  return ({ machine, scenario }) =>
    (event) => {
      if (event.kind === "request_queued") assert_slot(machine, scenario, guest.abi, event);
    };
}

/** Runs a machine to its end, and says all that happened in it. */
function rest_of(machine: Machine, requests: Map<request, number>): string[] {
  const said: string[] = [];
  const number = (req: request) => {
    const known = requests.get(req) ?? requests.size;
    requests.set(req, known);
    return known;
  };
  const listen = (event: TraceEvent) => {
    said.push(JSON.stringify("req" in event ? { ...event, req: number(event.req) } : event));
  };
  while (runTask(machine, listen));
  return said;
}

describe("a machine that anything may be wrong with", () => {
  it("stops where the kernel stops, or comes to its end", () => {
    fc.assert(
      fc.property(anything, (scenario) => {
        const machine = createMachine(scenario);
        while (runTask(machine));
        assert.ok(machine.bug !== null || machine.agenda.length === 0);
        if (machine.bug !== null)
          assert.match(machine.bug.message, /^(kernel BUG|Oops|The kernel hangs) in \w+: ./);
      }),
      { numRuns: 2 * OTHERS, seed: SEED },
    );
  });

  it("does the same each time", () => {
    fc.assert(
      fc.property(fc.oneof(good, anything), (scenario) => {
        const [one, other] = [createMachine(scenario), createMachine(scenario)];
        assert.deepEqual(rest_of(one, new Map()), rest_of(other, new Map()));
        assert.ok(fingerprint(one) === fingerprint(other));
      }),
      { numRuns: OTHERS / 2, seed: SEED },
    );
  });
});
