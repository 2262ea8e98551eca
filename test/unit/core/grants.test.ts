// The pool of grants, and the walk over a Linux page in Xen pages.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gnttab_foreach_grant } from "../../../src/core/blkfront/patch-v2/foreach-grant.js";
import {
  fill_grant_buffer,
  get_grant,
  get_indirect_grant,
} from "../../../src/core/blkfront/patch-v2/grants.js";
import { list_add, list_entries } from "../../../src/core/linux/list.js";
import { mem_get16, mem_get32 } from "../../../src/core/linux/memory.js";
import { createMachine, type Machine, runTask } from "../../../src/core/machine.js";
import type { BackendSettings, GuestSettings, PageSize } from "../../../src/core/scenario.js";
import {
  gnttab_alloc_grant_references,
  gnttab_query_foreign_access,
  GNTTAB_LIST_END,
  grant_entry_addr,
} from "../../../src/core/xen/grant-table.js";
import { run } from "./run.js";
import { scenario, transfer } from "./scenarios.js";

const NOT_PERSISTENT: Partial<BackendSettings> = { persistent: false, keepsMapped: "none" };

function connected(guest: Partial<GuestSettings>, backend: Partial<BackendSettings> = {}): Machine {
  const machine = createMachine(scenario([], { pageSize: 4096, ...guest }, backend));
  while (runTask(machine));
  return machine;
}

/** A chain of so many references, reserved. */
function reserve({ kernel }: Machine, count: number) {
  const chain = { head: GNTTAB_LIST_END, claimed: 0 };
  if (count > 0) assert.equal(gnttab_alloc_grant_references(kernel, count, chain), 0);
  return chain;
}

/** Flags, domain and frame of a reference's entry in the table. */
function entry({ kernel }: Machine, ref: number): number[] {
  const addr = grant_entry_addr(kernel.gnttab, ref);
  const { mem } = kernel;
  return [mem_get16(mem, addr), mem_get16(mem, addr + 2), mem_get32(mem, addr + 4)];
}

const listed = ({ info }: Machine) => [...list_entries(info.grants, 10_000)];

describe("the walk over a page", () => {
  /** Frame from the page's first, offset and length of each piece. */
  function pieces(pageSize: PageSize, offset: number, len: number): number[][] {
    const { kernel } = createMachine(scenario([], { pageSize }));
    const met: number[][] = [];
    const note = (gfn: number, at: number, length: number, to: number[][]) =>
      void to.push([gfn - (0x30 * pageSize) / 4096, at, length]);
    gnttab_foreach_grant(kernel, 0x30, offset, len, note, met);
    return met;
  }

  it("comes to each Xen page that the bytes touch, with what lies in it", () => {
    assert.deepEqual(pieces(65536, 0x3200, 0x2600), [
      [3, 0x200, 0xe00],
      [4, 0, 0x1000],
      [5, 0, 0x800],
    ]);
    assert.deepEqual(pieces(4096, 512, 1024), [[0, 512, 1024]]);
    assert.deepEqual(pieces(16384, 4096, 8192), [
      [1, 0, 4096],
      [2, 0, 4096],
    ]);
  });

  it("ends with the page, whatever lies beyond", () => {
    assert.deepEqual(pieces(16384, 0x3200, 0x2600), [[3, 0x200, 0xe00]]);
    assert.deepEqual(pieces(65536, 65536 - 512, 4096), [[15, 0xe00, 512]]);
  });

  it("comes nowhere for no bytes", () => {
    assert.deepEqual(pieces(65536, 0x3200, 0), []);
  });
});

describe("the pool", () => {
  it("has a page for each entry where grants persist, and none where they do not", () => {
    const persistent = connected({});
    const pages = listed(persistent).map(({ page }) => page);
    // 32 pieces and their indirect frame for each of 32 slots.
    assert.equal(pages.length, 33 * 32);
    assert.equal(new Set(pages).size, pages.length);
    assert.ok(!pages.includes(0));
    const other = connected({}, NOT_PERSISTENT);
    assert.equal(listed(other).length, 33 * 32);
    assert.ok(listed(other).every(({ page, gref }) => page === 0 && gref === 0));
    // The spare pages of the indirect frames are its only ones, beside the ring.
    assert.equal([...list_entries(other.info.indirect_pages, 100)].length, 32);
    assert.equal(other.kernel.pages_allocated, 32 + 1);
  });

  it("that cannot be filled leaves nothing behind", () => {
    const ran = run(scenario([], { pageSize: 4096, pagesLeft: 1055 }));
    const { info, kernel } = ran.machine;
    assert.deepEqual(listed(ran.machine), []);
    assert.ok(info.grant_slab.every((slot) => slot === null));
    // The ring's page is the only one that is still there.
    assert.equal(kernel.pages_allocated, 1);
    assert.notEqual(info.connected, "CONNECTED");
  });

  it("says -ENOMEM when it cannot be filled, and 0 when it can", () => {
    const machine = connected({});
    const { info, kernel } = machine;
    Object.assign(info.grants, { next: info.grants, prev: info.grants });
    kernel.page_limit = 2;
    assert.equal(fill_grant_buffer(info, 3), -12);
    assert.deepEqual(listed(machine), []);
    kernel.page_limit = 3;
    assert.equal(fill_grant_buffer(info, 3), 0);
    assert.equal(listed(machine).length, 3);
  });

  it("stops the kernel when it runs out of pages with more on the list than it has put there", () => {
    const { info, kernel } = connected({});
    kernel.page_limit = 2;
    assert.throws(() => fill_grant_buffer(info, 3), {
      kind: "BUG",
      expr: "i != 0",
      func: "fill_grant_buffer",
    });
  });

  it("faults when it runs out of pages with an entry that is on the list twice", () => {
    const { info, kernel } = connected({});
    const { node } = info.grants.prev.entry ?? {};
    assert.ok(node);
    list_add(node, info.grants);
    kernel.page_limit = 2;
    assert.throws(() => fill_grant_buffer(info, 3), { kind: "OOPS", func: "fill_grant_buffer" });
  });

  it("gives from its head, and no more than it has", () => {
    for (const backend of [{}, NOT_PERSISTENT]) {
      const machine = connected({}, backend);
      const { info } = machine;
      const order = listed(machine);
      const chain = reserve(machine, order.length + 1);
      for (const expected of order) assert.equal(get_grant(chain, 0x1234, info), expected);
      assert.throws(() => get_grant(chain, 0x1234, info), {
        kind: "BUG",
        expr: "list_empty(&info->grants)",
        func: "get_free_grant",
      });
    }
  });

  it("grants its own page to the back end's domain, to read and to write, where grants persist", () => {
    const machine = connected({ pageSize: 65536 });
    const chain = reserve(machine, 2);
    const first = get_grant(chain, 0x1234, machine.info);
    assert.deepEqual(entry(machine, first.gref), [1, 0, first.page * 16]);
    const frame = get_indirect_grant(chain, machine.info);
    assert.deepEqual(entry(machine, frame.gref), [1, 0, frame.page * 16]);
    assert.notEqual(first.gref, frame.gref);
  });

  it("grants the caller's frame where they do not, and a spare page for an indirect frame", () => {
    const machine = connected({ pageSize: 65536 }, NOT_PERSISTENT);
    const chain = reserve(machine, 2);
    const [spare] = list_entries(machine.info.indirect_pages, 1);
    const used = get_grant(chain, 0x1234, machine.info);
    assert.deepEqual(entry(machine, used.gref), [1, 0, 0x1234]);
    assert.equal(used.page, 0);
    const frame = get_indirect_grant(chain, machine.info);
    assert.equal(frame.page, spare);
    assert.deepEqual(entry(machine, frame.gref), [1, 0, frame.page * 16]);
    assert.ok(![...list_entries(machine.info.indirect_pages, 100)].includes(frame.page));
  });

  it("uses a live grant as it is, without a new reference", () => {
    const one = transfer(1, "write", 0, [{ page: 0x1000, offset: 0, length: 4096 }]);
    for (const get of [
      (machine: Machine) => get_grant(reserve(machine, 0), 0x1234, machine.info),
      (machine: Machine) => get_indirect_grant(reserve(machine, 0), machine.info),
    ]) {
      const { machine } = run(
        scenario([{ submit: [one] }, { complete: [{ id: 1, status: "okay" }] }]),
      );
      const [live] = listed(machine);
      assert.ok(live && live.gref !== 0);
      const before = entry(machine, live.gref);
      assert.equal(machine.info.persistent_gnts_c, 1);
      assert.equal(get(machine), live);
      assert.equal(machine.info.persistent_gnts_c, 0);
      assert.deepEqual(entry(machine, live.gref), before);
      assert.ok(gnttab_query_foreign_access(machine.kernel, live.gref));
    }
  });

  for (const [get, func] of [
    [(machine: Machine) => get_grant(reserve(machine, 0), 0, machine.info), "get_grant"],
    [
      (machine: Machine) => get_indirect_grant(reserve(machine, 0), machine.info),
      "get_indirect_grant",
    ],
  ] as const) {
    it(`stops the kernel in ${func} when too few references were reserved`, () => {
      assert.throws(() => get(connected({})), {
        kind: "BUG",
        expr: "gnt_list_entry->gref == -ENOSPC",
        func,
      });
    });

    it(`faults in ${func === "get_grant" ? func : "grant_foreign_access"} once the device is gone`, () => {
      const machine = connected({}, func === "get_grant" ? NOT_PERSISTENT : {});
      const chain = reserve(machine, 1);
      machine.info.xbdev = null;
      const take = () =>
        func === "get_grant"
          ? get_grant(chain, 0, machine.info)
          : get_indirect_grant(chain, machine.info);
      assert.throws(take, {
        kind: "OOPS",
        expr: "NULL struct xenbus_device",
        func: func === "get_grant" ? func : "grant_foreign_access",
      });
    });
  }

  it("stops the kernel when no spare page is left for an indirect frame", () => {
    const machine = connected({}, NOT_PERSISTENT);
    const { info } = machine;
    const chain = reserve(machine, 33);
    for (let n = 0; n < 32; n++) get_indirect_grant(chain, info);
    assert.throws(() => get_indirect_grant(chain, info), {
      kind: "BUG",
      expr: "list_empty(&info->indirect_pages)",
      func: "get_indirect_grant",
    });
  });
});
