/**
 * Random scenarios of every kind: what holds where nothing is wrong, what one fault may break and nothing else,
 * and that a scenario is run in one way only.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { cloneMachine, createMachine, type Machine, runTask } from "../../../src/core/machine.js";
import type { request } from "../../../src/core/linux/request.js";
import type { Scenario } from "../../../src/core/scenario.js";
import type { TraceEvent, TraceListener } from "../../../src/core/tracepoints.js";
import { fingerprint } from "../replay/fingerprint.js";
import { FAULTS, FAULT_NAMES, type Fault, anything, faulty } from "./random/faults.js";
import { good } from "./random/good.js";
import { holds } from "./random/holds.js";
import { Reference } from "./random/reference.js";
import { assert_slot } from "./random/ring-bytes.js";
import {
  Watched,
  assert_sound,
  holdings,
  lost_references,
  pages_freed_too_many,
} from "./random/watched.js";

/** Runs of the properties without a fault; of each fault; and of all others. */
const GOOD = 800;
const EACH_FAULT = 40;
const OTHERS = 250;

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
  it("moves the right bytes, tells everybody once, and leaves nothing behind", (t) => {
    holds(
      t,
      GOOD,
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

describe("a driver that one thing is wrong with", () => {
  for (const name of FAULT_NAMES) {
    const { may_break, may_stop = [], why }: Fault = FAULTS[name];
    it(`${name}: ${why}`, (t) => {
      holds(
        t,
        EACH_FAULT,
        fc.property(faulty(name), ({ scenario, never }) => {
          const { watched, reference } = run(scenario);
          const { bug, agenda } = watched.machine;
          if (may_break === "anything") return assert.ok(bug !== null || agenda.length === 0);
          if (bug === null) {
            reference.check_bytes();
            reference.check_told(never);
          } else {
            const known = may_stop.some(([func, expr]) => func === bug.func && expr.test(bug.expr));
            assert.ok(known, bug.message);
          }
          const broken = [
            ...watched.broken.map(({ invariant, text }) => [invariant, text] as const),
            ...reference.complaints,
          ];
          const unexpected = broken.filter(([rule]) => !may_break.includes(rule));
          assert.deepEqual(unexpected, []);
        }),
      );
    });
  }
});

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
  it("stops where the kernel stops, or comes to its end", (t) => {
    holds(
      t,
      2 * OTHERS,
      fc.property(anything, (scenario) => {
        const machine = createMachine(scenario);
        while (runTask(machine));
        assert.ok(machine.bug !== null || machine.agenda.length === 0);
        if (machine.bug !== null)
          assert.match(machine.bug.message, /^(kernel BUG|Oops|The kernel hangs) in \w+: ./);
      }),
    );
  });

  it("does the same each time", (t) => {
    holds(
      t,
      OTHERS / 2,
      fc.property(fc.oneof(good, anything), (scenario) => {
        const [one, other] = [createMachine(scenario), createMachine(scenario)];
        assert.deepEqual(rest_of(one, new Map()), rest_of(other, new Map()));
        assert.ok(fingerprint(one) === fingerprint(other));
      }),
    );
  });

  it("goes on as its copy does, and neither notices the other", (t) => {
    holds(
      t,
      OTHERS,
      fc.property(fc.oneof(good, anything), fc.nat(), (scenario, n) => {
        const machine = createMachine(scenario);
        const tasks = n % machine.agenda.length;
        for (let i = 0; i < tasks; i++) runTask(machine);
        const before = fingerprint(machine);
        const copy = cloneMachine(machine);
        assert.ok(fingerprint(copy) === before);
        const said = rest_of(copy, numbered(copy));
        assert.ok(fingerprint(machine) === before);
        assert.deepEqual(rest_of(machine, numbered(machine)), said);
        assert.ok(fingerprint(machine) === fingerprint(copy));
      }),
    );
  });
});

/** The requests that a machine has, by their place. */
function numbered({ requests }: Machine): Map<request, number> {
  return new Map(requests.map((req, n) => [req, n]));
}
