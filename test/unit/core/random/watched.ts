/** Runs a random scenario under watch, and asks whether anything is left behind. */
import assert from "node:assert/strict";
import {
  BLK_RING_SIZE,
  type blk_shadow,
} from "../../../../src/core/blkfront/patch-v2/blkfront-info.js";
import { watchInvariants } from "../../../../src/core/invariants/watch.js";
import { list_entries } from "../../../../src/core/linux/list.js";
import { type Machine, type Task, createMachine, runTask } from "../../../../src/core/machine.js";
import type { Scenario } from "../../../../src/core/scenario.js";
import type { TraceListener } from "../../../../src/core/tracepoints.js";
import { GRANT_INVALID_REF } from "../../../../src/core/xen/grant-table.js";

/** What the driver has of the guest when nobody asks anything of it. */
export interface Holdings {
  /** Entries on the list of grants, and how many there are. */
  listed: number;
  grants: number;
  spare_pages: number;
  pages_allocated: number;
  free_ids: number;
}

/** Counts; a list that comes back to an entry ends there. */
export function holdings({ info, kernel }: Machine): Holdings {
  const size = BLK_RING_SIZE(info);
  const free = new Set<number>();
  for (let id = info.shadow_free; id < size && !free.has(id);) {
    free.add(id);
    id = (info.shadow[id] as blk_shadow).req.u.rw.id;
  }
  const alive = info.grant_slab.filter((entry) => entry !== null).length;
  return {
    listed: new Set(list_entries(info.grants, 2 * alive + 1)).size,
    grants: alive,
    spare_pages: new Set(list_entries(info.indirect_pages, 10_000)).size,
    pages_allocated: kernel.pages_allocated,
    free_ids: free.size,
  };
}

/** References of the table that belong to nobody's grant, ring page, reservation or deferred list. */
export function lost_references({ info, kernel, reserved }: Machine): number {
  const { gnttab } = kernel;
  const live = info.grant_slab.filter((one) => one !== null && one.gref !== GRANT_INVALID_REF);
  const ring = info.ring_ref.filter((ref) => ref !== GRANT_INVALID_REF);
  const held = live.length + ring.length + reserved.length + gnttab.deferred.length;
  return gnttab.nr_entries - 8 - gnttab.gnttab_free_count - held;
}

/** A machine under watch of the invariants and of whoever else wants to know. */
export class Watched {
  readonly machine: Machine;
  private readonly watch: ReturnType<typeof watchInvariants>;

  constructor(readonly scenario: Scenario) {
    this.machine = createMachine(scenario);
    this.watch = watchInvariants(this.machine);
  }

  /** Runs the next task. @returns it, or null when nothing is left */
  step(listen: TraceListener | null = null): Task | null {
    const [task] = this.machine.agenda;
    if (task === undefined || this.machine.bug !== null) return null;
    runTask(this.machine, (event) => {
      this.watch.listen(event);
      listen?.(event);
    });
    this.watch.afterTask();
    return task;
  }

  /** Runs these tasks with what they bring about. */
  also(...tasks: Task[]): void {
    this.machine.agenda.push(...tasks);
    while (this.step() !== null);
  }

  get broken() {
    return this.watch.broken;
  }
}

/** The kernel has not stopped, and no rule is broken. */
export function assert_sound({ machine, broken }: Watched): void {
  assert.equal(machine.bug?.message ?? null, null);
  assert.deepEqual(
    broken.map(({ invariant, text }) => `${invariant}: ${text}`),
    [],
  );
}

/**
 * Linux pages by which `blkif_free` frees the ring too many: it was allocated as so many Xen pages, and is
 * freed as so many Linux pages.
 */
export function pages_freed_too_many({ info, kernel }: Machine): number {
  const ring = info.nr_ring_pages;
  return ring - Math.max(1, ring / (kernel.PAGE_SIZE / 4096));
}
