import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blkif_free } from "../../../src/core/blkfront/patch-v2/free.js";
import { createMachine } from "../../../src/core/machine.js";
import { mem_get16, mem_get32, mem_put16, mem_read } from "../../../src/core/linux/memory.js";
import {
  gnttab_alloc_grant_references,
  gnttab_cancel_free_callback,
  gnttab_claim_grant_reference,
  gnttab_end_foreign_access,
  gnttab_end_foreign_access_ref,
  type gnttab_free_callback,
  gnttab_free_grant_references,
  gnttab_free_refs,
  gnttab_grant_foreign_access,
  gnttab_grant_foreign_access_ref,
  gnttab_init,
  gnttab_query_foreign_access,
  gnttab_request_free_callback,
  GNTTAB_LIST_END,
  grant_entry_addr,
} from "../../../src/core/xen/grant-table.js";
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

/** A guest whose driver has not begun: all references but the reserved ones are free. */
function guest_with(entries: number, more: Partial<GuestSettings> = {}) {
  const settings = { grantTableSize: entries, grantTableMax: entries, ...more };
  const { kernel } = createMachine(scenario([], settings));
  return kernel;
}

const end_of_chain = () => ({ head: GNTTAB_LIST_END, claimed: 0 });

describe("the free references", () => {
  it("are taken from the head as a chain, in order, and are the chain's alone", () => {
    const k = guest_with(16);
    const chain = end_of_chain();
    assert.equal(gnttab_alloc_grant_references(k, 3, chain), 0);
    assert.equal(k.gnttab.gnttab_free_count, 5);
    assert.deepEqual(gnttab_free_refs(k.gnttab), [11, 12, 13, 14, 15]);
    assert.deepEqual(
      [0, 1, 2].map(() => gnttab_claim_grant_reference(k, chain)),
      [8, 9, 10],
    );
    // The chain is empty; nothing is claimed from the free list.
    assert.equal(gnttab_claim_grant_reference(k, chain), -28);
    assert.equal(k.gnttab.gnttab_free_count, 5);
  });

  it("are all taken or none", () => {
    const k = guest_with(16);
    const chain = end_of_chain();
    assert.equal(gnttab_alloc_grant_references(k, 9, chain), -28);
    assert.equal(chain.head, GNTTAB_LIST_END);
    assert.equal(k.gnttab.gnttab_free_count, 8);
    assert.equal(gnttab_alloc_grant_references(k, 8, chain), 0);
    assert.deepEqual(gnttab_free_refs(k.gnttab), []);
    // And nothing is written where the error's number would be an entry.
    const error_entry = grant_entry_addr(k.gnttab, -28);
    assert.equal(gnttab_grant_foreign_access(k, 0, 0x1234), -28);
    assert.deepEqual(mem_read(k.mem, error_entry, 8), new Uint8Array(8));
  });

  it("are counted in 16 bits", () => {
    const k = guest_with(16);
    const chain = end_of_chain();
    assert.equal(gnttab_alloc_grant_references(k, 0x10003, chain), 0);
    assert.equal(k.gnttab.gnttab_free_count, 5);
    const callback = new_callback();
    gnttab_request_free_callback(k, callback, callback.fn, 0x10005);
    assert.equal(callback.count, 5);
  });

  it("come back in front, a chain in its order", () => {
    const k = guest_with(16);
    const chain = end_of_chain();
    gnttab_alloc_grant_references(k, 4, chain);
    const claimed = gnttab_claim_grant_reference(k, chain);
    gnttab_free_grant_references(k, chain.head);
    assert.deepEqual(gnttab_free_refs(k.gnttab), [9, 10, 11, 12, 13, 14, 15]);
    assert.equal(k.gnttab.gnttab_free_count, 7);
    gnttab_end_foreign_access(k, claimed);
    assert.deepEqual(gnttab_free_refs(k.gnttab, 2), [8, 9]);
    assert.equal(k.gnttab.gnttab_free_count, 8);
  });

  it("do not change when nothing is left of a chain", () => {
    const k = guest_with(16);
    gnttab_free_grant_references(k, GNTTAB_LIST_END);
    assert.equal(k.gnttab.gnttab_free_count, 8);
    assert.deepEqual(gnttab_free_refs(k.gnttab, 1), [8]);
  });

  it("may begin in any order, or be none", () => {
    const some = gnttab_init(0x1000, 16, 32, [12, 9, 15]);
    assert.deepEqual(gnttab_free_refs(some), [12, 9, 15]);
    assert.deepEqual(gnttab_free_refs(some, 2), [12, 9]);
    assert.deepEqual(gnttab_free_refs(some, 0), []);
    assert.equal(some.gnttab_free_count, 3);
    assert.deepEqual(gnttab_free_refs(gnttab_init(0x1000, 16, 32, [])), []);
  });

  it("that are added stand in front of those that are left, also where none is", () => {
    const k = guest_with(512, { grantTableMax: 1024 });
    const chain = end_of_chain();
    assert.equal(gnttab_alloc_grant_references(k, 504, chain), 0);
    assert.equal(k.gnttab.nr_entries, 512);
    // One frame brings exactly 512; a 513th would not fit.
    assert.equal(gnttab_alloc_grant_references(k, 513, end_of_chain()), -28);
    assert.equal(k.gnttab.nr_entries, 512);
    assert.equal(gnttab_alloc_grant_references(k, 512, chain), 0);
    assert.equal(k.gnttab.nr_entries, 1024);
    assert.equal(k.gnttab.gnttab_free_count, 0);
    const claimed = Array.from({ length: 512 }, () => gnttab_claim_grant_reference(k, chain));
    assert.deepEqual([claimed[0], claimed[511]], [512, 1023]);
    assert.equal(gnttab_claim_grant_reference(k, chain), -28);
  });
});

describe("an entry of the grant table", () => {
  const entry_of = (k: ReturnType<typeof guest_with>, ref: number) => {
    const addr = grant_entry_addr(k.gnttab, ref);
    return [mem_get16(k.mem, addr), mem_get16(k.mem, addr + 2), mem_get32(k.mem, addr + 4)];
  };

  it("has flags, domain and frame, eight bytes for each reference", () => {
    const k = guest_with(16);
    assert.equal(grant_entry_addr(k.gnttab, 9), k.gnttab.shared + 72);
    gnttab_grant_foreign_access_ref(k, 9, 7, 0x12345678, false);
    assert.deepEqual(entry_of(k, 9), [1, 7, 0x12345678]);
    gnttab_grant_foreign_access_ref(k, 10, 7, 0x12345678, true);
    assert.deepEqual(entry_of(k, 10), [5, 7, 0x12345678]);
    assert.deepEqual(entry_of(k, 8), [0, 0, 0]);
    const ref = gnttab_grant_foreign_access(k, 3, 0x99);
    assert.equal(ref, 8);
    assert.deepEqual(entry_of(k, 8), [1, 3, 0x99]);
  });

  it("says whether the other end reads or writes it, and can be ended when it does neither", () => {
    const k = guest_with(16);
    const addr = grant_entry_addr(k.gnttab, 9);
    for (const bits of [8, 16, 24]) {
      gnttab_grant_foreign_access_ref(k, 9, 0, 0x99, false);
      mem_put16(k.mem, addr, 1 | bits);
      assert.equal(gnttab_query_foreign_access(k, 9), bits);
      assert.equal(gnttab_end_foreign_access_ref(k, 9), false);
      assert.deepEqual(entry_of(k, 9), [1 | bits, 0, 0x99]);
    }
    const warning = "xen:grant_table: WARNING: g.e. 0x9 still in use!";
    assert.deepEqual(
      k.log,
      [1, 2, 3].map(() => ({ level: "warning", text: warning })),
    );
    mem_put16(k.mem, addr, 1 | 4);
    assert.equal(gnttab_query_foreign_access(k, 9), 0);
    assert.equal(gnttab_end_foreign_access_ref(k, 9), true);
    assert.equal(mem_get16(k.mem, addr), 0);
    assert.equal(k.log.length, 3);
  });
});

function new_callback(fn: () => void = () => undefined): gnttab_free_callback {
  return { fn, arg: null, count: 0, queued: false };
}

describe("who waits for free references", () => {
  it("is called once, when there are as many as it wants", () => {
    const k = guest_with(16);
    const chain = end_of_chain();
    gnttab_alloc_grant_references(k, 8, chain);
    const refs = Array.from({ length: 8 }, () => gnttab_claim_grant_reference(k, chain));
    let calls = 0;
    const callback = new_callback();
    gnttab_request_free_callback(k, callback, () => void calls++, 3);
    assert.deepEqual([calls, callback.queued], [0, true]);
    refs.slice(0, 2).forEach((ref) => gnttab_end_foreign_access(k, ref));
    assert.deepEqual([calls, callback.queued], [0, true]);
    gnttab_end_foreign_access(k, refs[2] as number);
    assert.deepEqual([calls, callback.queued], [1, false]);
    gnttab_end_foreign_access(k, refs[3] as number);
    assert.equal(calls, 1);
  });

  it("is called at once when there are enough", () => {
    const k = guest_with(16);
    let calls = 0;
    gnttab_request_free_callback(k, new_callback(), () => void calls++, 8);
    assert.equal(calls, 1);
  });

  it("waits once, with what it asked for first", () => {
    const k = guest_with(16);
    const chain = end_of_chain();
    gnttab_alloc_grant_references(k, 8, chain);
    const calls: string[] = [];
    const callback = new_callback();
    gnttab_request_free_callback(k, callback, () => calls.push("first"), 8);
    gnttab_request_free_callback(k, callback, () => calls.push("second"), 1);
    assert.equal(callback.count, 8);
    gnttab_free_grant_references(k, chain.head);
    assert.deepEqual(calls, ["first"]);
  });

  it("is called with others that wait, the last one first, and those who want more wait on", () => {
    const k = guest_with(16);
    const chain = end_of_chain();
    gnttab_alloc_grant_references(k, 8, chain);
    const calls: number[] = [];
    const ask = (n: number, count: number) =>
      gnttab_request_free_callback(k, new_callback(), () => calls.push(n), count);
    ask(1, 4);
    ask(2, 5);
    ask(3, 4);
    const refs = Array.from({ length: 8 }, () => gnttab_claim_grant_reference(k, chain));
    refs.slice(0, 4).forEach((ref) => gnttab_end_foreign_access(k, ref));
    assert.deepEqual(calls, [3, 1]);
    gnttab_end_foreign_access(k, refs[4] as number);
    assert.deepEqual(calls, [3, 1, 2]);
  });

  it("can stop waiting, which is no matter to the others, and wait again", () => {
    const k = guest_with(16);
    const chain = end_of_chain();
    gnttab_alloc_grant_references(k, 8, chain);
    const calls: number[] = [];
    const [one, two] = [new_callback(), new_callback()];
    gnttab_request_free_callback(k, two, () => calls.push(2), 8);
    // One does not wait, so there is nothing to stop.
    gnttab_cancel_free_callback(k, one);
    gnttab_request_free_callback(k, one, () => calls.push(1), 8);
    gnttab_cancel_free_callback(k, one);
    assert.equal(one.queued, false);
    gnttab_free_grant_references(k, chain.head);
    assert.deepEqual(calls, [2]);
    gnttab_request_free_callback(k, one, () => calls.push(1), 8);
    assert.deepEqual(calls, [2, 1]);
  });
});

describe("the deferred references", () => {
  /** A guest that has ended so many references while the other end maps them. */
  function deferred(count: number) {
    const made = scenario([{ wait: 59 }, { wait: 1 }, { wait: 1 }, { wait: 100 }], {
      grantTableSize: 32,
      grantTableMax: 32,
    });
    const machine = createMachine(made);
    const { kernel: k } = machine;
    for (let ref = 8; ref < 8 + count; ref++) {
      assert.equal(gnttab_grant_foreign_access(k, 0, 0x99), ref);
      mem_put16(k.mem, grant_entry_addr(k.gnttab, ref), 1 | 8);
      gnttab_end_foreign_access(k, ref);
    }
    // The driver does not begin: there is only the table.
    machine.agenda.shift();
    return machine;
  }

  it("are announced one by one, in a message that nobody sees by default", () => {
    const { kernel: k } = deferred(2);
    assert.deepEqual(
      k.log.filter(({ level }) => level === "debug"),
      [
        { level: "debug", text: "deferring g.e. 0x8 (pfn 0xffffffffffffffff)" },
        { level: "debug", text: "deferring g.e. 0x9 (pfn 0xffffffffffffffff)" },
      ],
    );
    assert.equal(k.gnttab.gnttab_free_count, 22);
  });

  it("are tried no more than once in a second, and complained about after sixty tries", () => {
    const machine = deferred(3);
    const pending = () =>
      machine.kernel.log.filter(({ text }) => text.includes("still pending")).length;
    run_to(machine, 0);
    assert.equal(pending(), 0);
    run_to(machine, 1);
    assert.equal(pending(), 3);
    run_to(machine, 3);
    assert.equal(pending(), 3);
    assert.deepEqual(
      machine.kernel.gnttab.deferred.map(({ ref }) => ref),
      [8, 9, 10],
    );
    const complaint = { level: "info", text: "xen:grant_table: g.e. 0x8 still pending" };
    assert.deepEqual(
      machine.kernel.log.find(({ text }) => text === complaint.text),
      complaint,
    );
  });

  it("come back to the free list when the other end has unmapped them, each by itself", () => {
    const machine = deferred(3);
    const { kernel: k } = machine;
    mem_put16(k.mem, grant_entry_addr(k.gnttab, 9), 1);
    run_to(machine, 0);
    assert.deepEqual(
      k.gnttab.deferred.map(({ ref }) => ref),
      [8, 10],
    );
    assert.deepEqual(gnttab_free_refs(k.gnttab, 2), [9, 11]);
    assert.deepEqual(k.log.at(-1), { level: "info", text: "xen:grant_table: freeing g.e. 0x9" });
    assert.equal(mem_get16(k.mem, grant_entry_addr(k.gnttab, 9)), 0);
  });

  it("are lost, with a warning, when there is no memory to remember them", () => {
    const k = guest_with(32, { failing: ["kmalloc deferred_entry"] });
    const ref = gnttab_grant_foreign_access(k, 0, 0x99);
    mem_put16(k.mem, grant_entry_addr(k.gnttab, ref), 1 | 16);
    gnttab_end_foreign_access(k, ref);
    assert.deepEqual(k.gnttab.deferred, []);
    assert.deepEqual(k.log.at(-1), {
      level: "warning",
      text: "leaking g.e. 0x8 (pfn 0xffffffffffffffff)",
    });
  });
});
