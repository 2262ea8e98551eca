import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blkif_free } from "../../../src/core/blkfront/patch-v2/free.js";
import { createMachine } from "../../../src/core/machine.js";
import { gnttab_free_refs } from "../../../src/core/xen/grant-table.js";
import type { GuestSettings, WorkloadStep } from "../../../src/core/scenario.js";
import { ends, only, run, run_to, said } from "./run.js";
import { scenario, transfer } from "./scenarios.js";

const pages = (pfn: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ page: pfn + i, offset: 0, length: 4096 }));
const read = (id: number, count: number) => transfer(id, "read", 0, pages(0x1000 + id * 64, count));
const answer = (...ids: number[]): WorkloadStep => ({
  complete: ids.map((id) => ({ id, status: "okay" as const })),
});

function of(workload: WorkloadStep[], guest: Partial<GuestSettings>) {
  return run(scenario(workload, { pageSize: 4096, ...guest }));
}

describe("a grant table", () => {
  it("grows by whole frames, whose references come first", () => {
    const ran = of([{ takeGrants: 500 }, { submit: [read(1, 8)] }], {
      grantTableSize: 512,
      grantTableMax: 2048,
    });
    const { gnttab } = ran.machine.kernel;
    assert.equal(gnttab.nr_entries, 1024);
    // 3 were left of the first frame; they stand behind the 504 of the second that are free.
    assert.equal(gnttab.gnttab_free_count, 3 + 512 - 8);
    assert.deepEqual(
      only(ran.events, "grant_taken").map(({ gref }) => gref),
      [512, 513, 514, 515, 516, 517, 518, 519],
    );
    assert.deepEqual(gnttab_free_refs(gnttab).slice(-3), [509, 510, 511]);
  });

  it("grows by as many frames as are wanted at once", () => {
    const ran = of([{ takeGrants: 2000 }], { grantTableSize: 512, grantTableMax: 32768 });
    assert.equal(ran.machine.kernel.gnttab.nr_entries, 2048);
    assert.equal(ran.machine.reserved.length, 2000);
  });

  it("that cannot grow enough gives nothing", () => {
    const ran = of([{ takeGrants: 500 }, { submit: [read(1, 8)] }], {
      grantTableSize: 512,
      grantTableMax: 1000,
    });
    assert.equal(ran.machine.kernel.gnttab.nr_entries, 512);
    assert.deepEqual(ends(ran), []);
    assert.equal(ran.machine.gd?.queue.stopped, true);
  });

  it("wakes the queue when enough references are free, and not before", () => {
    const steps: WorkloadStep[] = [
      { takeGrants: 500 },
      { submit: [read(1, 8)] },
      { giveGrants: 4 },
      { giveGrants: 1 },
      answer(1),
    ];
    const guest = { grantTableSize: 512, grantTableMax: 512 };
    const early = of(steps.slice(0, 3), guest);
    assert.equal(only(early.events, "work_run").length, 0);
    const ran = of(steps, guest);
    assert.equal(only(ran.events, "work_run").length, 1);
    assert.deepEqual(ends(ran), [[1, 0]]);
  });

  it("wakes the queue when it grows for another driver", () => {
    const ran = of(
      [{ takeGrants: 500 }, { submit: [read(1, 8)] }, { takeGrants: 600 }, answer(1)],
      { grantTableSize: 512, grantTableMax: 2048 },
    );
    assert.deepEqual(ends(ran), [[1, 0]]);
  });
});

describe("a reference that the back end still maps", () => {
  const mapped: WorkloadStep[] = [{ submit: [read(1, 12)] }, answer(1), { keep: "all" }];

  it("is tried again once in a second, ten at a time", () => {
    const ran = of([...mapped, { remove: true }, { wait: 1 }], { grantTableSize: 1024 });
    // 12 pages, their indirect frame and the ring.
    assert.equal(only(ran.events, "gref_deferred").length, 14);
    assert.equal(ran.machine.kernel.gnttab.deferred.length, 4);
    const all = of([...mapped, { remove: true }, { wait: 2 }], { grantTableSize: 1024 });
    assert.equal(all.machine.kernel.gnttab.deferred.length, 0);
    assert.equal(said(all).filter((text) => text.includes("freeing g.e.")).length, 14);
  });

  it("is complained about after a minute, once", () => {
    const machine = createMachine(
      scenario([...mapped, { wait: 120 }], { pageSize: 4096, grantTableSize: 1024 }),
    );
    run_to(machine, 2);
    // The guest ends what the back end goes on mapping, as on a removal that the back end does not follow.
    blkif_free(machine.info, false);
    run_to(machine, 3);
    const { kernel } = machine;
    assert.equal(kernel.gnttab.deferred.length, 14);
    const pending = kernel.log.filter(({ text }) => text.includes("still pending"));
    assert.equal(pending.length, 14);
    assert.match(pending[0]?.text ?? "", /^xen:grant_table: g\.e\. 0x[0-9a-f]+ still pending$/);
  });

  it("is lost when there is no memory to remember it", () => {
    const ran = of([...mapped, { remove: true }, { wait: 5 }], {
      grantTableSize: 1024,
      failing: ["kmalloc deferred_entry"],
    });
    assert.ok(said(ran).some((text) => text.startsWith("leaking g.e. 0x")));
    assert.equal(ran.machine.kernel.gnttab.gnttab_free_count, 1024 - 8 - 1);
  });
});
