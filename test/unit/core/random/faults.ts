/** What can go wrong, one kind at a time. */
import fc from "fast-check";
import type { InvariantName } from "../../../../src/core/invariants/rule.js";
import { KERNEL_CALLS, type MappingPolicy, type Scenario } from "../../../../src/core/scenario.js";
import { BACKEND_PROFILES } from "../../../../src/inputs/scenario-defaults.js";
import { sound } from "./good.js";
import { Planner, acts } from "./plan.js";
import type { Complaint } from "./reference.js";
import { type Surroundings, surroundings } from "./settings.js";

export interface Fault {
  /** Changes the guest, back end or disk, where the fault is one of theirs. */
  around?(around: Surroundings, n: readonly number[]): Surroundings;
  /** Adds steps, where it is one of the workload's. */
  plan?(planner: Planner, n: readonly number[]): void;
  /** What it can break, and whether the driver or the fault itself does so. */
  readonly why: string;
  /** "anything" where what the driver keeps may be anything from then on, and the kernel may stop anywhere. */
  readonly may_break: "anything" | readonly (InvariantName | Complaint)[];
  /** Where the kernel may stop: in which function, with which expression. */
  readonly may_stop?: readonly (readonly [func: string, expr: RegExp])[];
}

function at<T>(list: readonly T[], n: number | undefined): T {
  return list[(n ?? 0) % list.length] as T;
}

const STATUS = [0, -1, -2, 1, -32768];
const OPERATIONS = [0, 1, 2, 3, 4, 5, 6, 255];
const KEYS: Record<string, readonly (string | null)[]> = {
  "feature-persistent": ["0", "1", "2", null, "yes"],
  "feature-max-indirect-segments": ["0", "1", "8", "16", "32", "4096", "5000", null, "-1", "x"],
  "feature-flush-cache": ["0", "1", null],
  "feature-barrier": ["0", "1", null],
  "feature-discard": ["0", "1", null],
  "discard-granularity": ["0", "512", null],
  "discard-secure": ["0", "1", null],
  "max-ring-page-order": ["0", "1", "4", "5", null],
  sectors: ["0", "8", "100000", null],
  info: ["0", "4", "65535", null],
  "sector-size": ["512", "4096", "0", null],
  "physical-sector-size": ["4096", null],
};

export const FAULTS = {
  "a status that is no success": {
    plan: (p, [a = 0, b = 0]) =>
      p.complete([{ id: p.pick(a), status: b % 2 ? "error" : "unsupported" }]),
    why: "the caller is told of an error that the disk did not have",
    may_break: ["right-errors"],
  },
  "an answer that comes twice": {
    plan: (p, [a = 0, b = 0]) =>
      p.complete([{ id: p.pick(a), status: "okay", times: 2 + (b % 3) }]),
    why: "a stale shadow entry is completed again before its id is looked at",
    may_break: "anything",
  },
  "an answer that never comes": {
    plan: (p, [a = 0, b = 0]) => {
      const id = p.pick(a);
      p.never.add(id);
      // Executed or not; of a discard one would not see it.
      const { op } = p.requests.find((one) => one.id === id) ?? {};
      if (b % 2 && (op === "read" || op === "write"))
        p.complete([{ id, status: "okay", times: 0 }]);
    },
    why: "the request waits, and nothing else minds",
    may_break: [],
  },
  "an answer with another id": {
    plan: (p, [a = 0, b = 0]) =>
      p.complete([
        { id: p.pick(a), status: "okay", shadowId: at([0, 1, 2, 5, 31, 32, 600, -1], b) },
      ]),
    why: "any id within the ring is completed, whoever it belongs to",
    may_break: "anything",
  },
  "an answer with another operation": {
    plan: (p, [a = 0, b = 0]) =>
      p.complete([{ id: p.pick(a), status: "okay", operation: at(OPERATIONS, b) }]),
    why: "the response's operation decides what is copied and given back",
    may_break: ["one-place-per-grant", "right-bytes", "right-errors"],
    may_stop: [["blkif_interrupt", /BUG/]],
  },
  "an answer to nothing": {
    plan: (p, [a = 0, b = 0, c = 0]) =>
      void p.workload.push({
        respond: [
          {
            shadowId: at([0, 1, 2, 3, 31, 32, -1], a),
            operation: at(OPERATIONS, b),
            status: at(STATUS, c),
          },
        ],
      }),
    why: "a shadow entry that is out is completed, and one that is not, too",
    may_break: "anything",
  },
  "answers that were not written": {
    plan: (p, [a = 0]) => void p.workload.push({ overrun: 1 + (a % 40) }),
    why: "the driver takes the requests in its slots for responses",
    may_break: "anything",
  },
  "an event that is lost": {
    plan: (p, [a = 0]) => p.complete([{ id: p.pick(a), status: "okay" }], "lost"),
    why: "a frame may be unmapped between the answer and the look at it",
    may_break: ["pages-accounted"],
  },
  "a ring slot written over": {
    plan: (p, n) => rewrite(p, "slot", n, 108),
    why: "the driver has its own copy, and the back end had taken its own",
    may_break: [],
  },
  "an indirect frame written over": {
    plan: (p, n) => rewrite(p, "indirect", n, 4096),
    why: "the back end reads the frame when it executes the request",
    may_break: ["right-errors", "right-bytes"],
  },
  "data written over": {
    plan: (p, n) => rewrite(p, "data", n, 4096),
    why: "the page is shared until the driver has copied it",
    may_break: ["right-bytes"],
  },
  "grants kept that do not persist": {
    around: (around, [a = 0]) => ({
      ...around,
      backend: {
        ...around.backend,
        persistent: false,
        keepsMapped: at<MappingPolicy>(["all", 1, 5, 20], a),
      },
    }),
    plan: (p, [a = 0]) =>
      void p.workload.push({ keep: at<MappingPolicy>(["all", "none", 3, 30], a) }),
    why: "a reference that is kept is used again for another page",
    may_break: ["segments-cover-request", "right-bytes", "pages-accounted"],
    may_stop: [["blkif_setup_rw_req_grant", /kmap_atomic/]],
  },
  "persistent grants not kept": {
    around: (around, [a = 0]) => ({
      ...around,
      backend: {
        ...around.backend,
        persistent: true,
        keepsMapped: at<MappingPolicy>(["none", 1, 5, 20], a),
        maxPersistentGrants: at([null, 0, 3, 100], a),
      },
    }),
    plan: (p, [a = 0]) =>
      void p.workload.push({ keep: at<MappingPolicy>(["all", "none", 3, 30], a) }),
    why: "the page of an indirect frame that was unmapped gets two owners",
    may_break: ["pages-accounted"],
    may_stop: [["blkif_free", /feature_persistent/]],
  },
  "other keys at a resume": {
    plan: (p, [a = 0, b = 0, c = 0]) => {
      const key = at(Object.keys(KEYS), a);
      p.workload.push({ store: { [key]: at(KEYS[key] as string[], b) } });
      if (c % 2) p.workload.push({ resume: null });
    },
    why: "the queue's limits are not those of the new back end",
    // A ring that has become smaller is looked at in its new size: what had a larger id is lost.
    may_break: [
      "told-once",
      "limits-fit-grants",
      "pages-accounted",
      "requests-end-once",
      "right-errors",
    ],
    may_stop: [
      ["blkif_queue_rw_req", /XEN_PAGES_PER_SEGMENT/],
      ["sg_init_table", /./],
      ["blkif_recover", /./],
    ],
  },
  "another back end at a resume": {
    plan: (p, [a = 0, b = 0, c = 0]) => {
      const profile = at(["blkback", "qdisk", "tapdisk"] as const, a);
      const base = BACKEND_PROFILES[profile];
      p.workload.push({
        resume:
          b % 3 === 0
            ? base
            : {
                ...base,
                maxIndirectSegments: at([null, 0, 8, 16, 32, 256], b),
                persistent: c % 2 === 0,
                keepsMapped: c % 2 === 0 ? "all" : "none",
              },
      });
    },
    why: "whether grants persist is not read again",
    may_break: [
      "told-once",
      "limits-fit-grants",
      "pages-accounted",
      "requests-end-once",
      "segments-cover-request",
      "right-bytes",
      "right-errors",
    ],
    may_stop: [
      ["blkif_queue_rw_req", /XEN_PAGES_PER_SEGMENT/],
      ["sg_init_table", /./],
      ["blkif_recover", /./],
      ["blkif_setup_rw_req_grant", /kmap_atomic/],
      ["blkif_free", /feature_persistent/],
      ["bio_trim", /./],
    ],
  },
  "a resume": {
    plan: (p) => void p.workload.push({ resume: null }),
    why: "the queue's limit is not divided by the Xen pages of a segment",
    may_break: ["limits-fit-grants", "pages-accounted"],
    may_stop: [["blkif_queue_rw_req", /XEN_PAGES_PER_SEGMENT/]],
  },
  "a disk that shrinks": {
    plan: (p, [a = 0]) => void p.workload.push({ resize: a }),
    why: "what was there is beyond the end",
    may_break: ["right-errors"],
  },
  "a back end that closes": {
    plan: (p, [a = 0]) => {
      if (a % 2) p.workload.push({ openDisk: true });
      p.workload.push({ close: true });
      if (a % 4 > 1) p.workload.push({ closeDisk: true });
    },
    why: "a disk at rest goes at once, with requests that nobody ends",
    may_break: [],
    may_stop: [
      ["blk_cleanup_queue", /./],
      ["kick_pending_request_queues", /NULL/],
    ],
  },
  "a device that is removed": {
    plan: (p, [a = 0]) => {
      if (a % 2) p.workload.push({ openDisk: true });
      p.workload.push({ remove: true });
      if (a % 4 > 1) p.workload.push({ closeDisk: true });
    },
    why: "nobody answers what is out",
    may_break: ["told-once", "pages-accounted"],
    may_stop: [["blk_cleanup_queue", /./]],
  },
  "a table that others have": {
    around: (around, [a = 0]) => ({
      ...around,
      guest: {
        ...around.guest,
        grantTableSize: at([12, 20, 40, 100], a),
        grantTableMax: at([512, 1024], a),
      },
    }),
    plan: (p, [a = 0]) => {
      p.workload.push({ takeGrants: 1 + (a % 600) });
      p.greedy = true;
    },
    why: "what is granted for a ring that does not come about is not freed",
    may_break: ["told-once", "references-accounted"],
  },
  "a call that fails": {
    around: (around, [a = 0, b = 0]) => ({
      ...around,
      guest: { ...around.guest, failing: [at(KERNEL_CALLS, a), at(KERNEL_CALLS, b)] },
    }),
    plan: (p, [a = 0]) => {
      p.workload.push(
        a % 3 === 0 ? { resume: null } : a % 3 === 1 ? { remove: true } : { close: true },
      );
    },
    why: "the device does not come up, or does not come back",
    may_break: ["told-once", "pages-accounted", "limits-fit-grants", "references-accounted"],
    may_stop: [
      ["blkif_free", /NULL/],
      ["xlvbd_alloc_gendisk", /info->gd != NULL/],
      ["blkif_queue_rw_req", /XEN_PAGES_PER_SEGMENT/],
      ["blkfront_closing", /NULL/],
      ["blkif_recover", /./],
      ["kick_pending_request_queues", /NULL/],
      ["blk_cleanup_queue", /./],
    ],
  },
  "no page left": {
    around: (around, [a = 0]) => ({ ...around, guest: { ...around.guest, pagesLeft: a } }),
    plan: (p, [a = 0]) => {
      if (a % 2) p.workload.push({ resume: null });
    },
    why: "the pool cannot be filled",
    may_break: ["told-once", "pages-accounted", "limits-fit-grants"],
    may_stop: [["blkif_queue_rw_req", /XEN_PAGES_PER_SEGMENT/]],
  },
  "a request that no block layer lets through": {
    around: (around) => ({ ...around, guest: { ...around.guest, blockLayer: "bypass" } }),
    plan: (p) => p.unbound(),
    why: "the driver trusts the block layer",
    may_break: ["right-errors"],
    may_stop: [
      ["blkif_queue_rw_req", /XEN_PAGES_PER_SEGMENT/],
      ["blkif_queue_rw_req", /REQ_FUA/],
    ],
  },
  "more or less segments than are said": {
    around: (around) => ({ ...around, guest: { ...around.guest, blockLayer: "bypass" } }),
    plan: (p, [a = 0]) => p.change((one) => ({ ...one, physSegments: a % 7 })),
    why: "references are reserved for the segments that are said",
    may_break: [
      "segments-cover-request",
      "references-accounted",
      "right-bytes",
      "right-errors",
      "live-grants-first",
    ],
    may_stop: [
      ["get_grant", /-ENOSPC/],
      ["blkif_queue_rw_req", /XEN_PAGES_PER_SEGMENT/],
    ],
  },
  "a request of no file system": {
    plan: (p) => p.change((one) => ({ ...one, passthrough: true })),
    why: "the driver refuses it",
    may_break: ["right-errors"],
  },
  "flushes and discards that nobody offers": {
    plan: (p) => p.unbound(),
    why: "the driver refuses them, or sends them all the same",
    may_break: ["right-errors"],
    may_stop: [
      ["blkif_queue_rw_req", /XEN_PAGES_PER_SEGMENT/],
      ["blkif_queue_rw_req", /REQ_FUA/],
    ],
  },
  "no grant for a whole page": {
    around: (around, [a = 0]) => ({
      ...around,
      guest: { ...around.guest, pageSize: 65536 },
      backend: { ...around.backend, maxIndirectSegments: at([null, 0, 8, 15], a) },
    }),
    why: "a scatterlist without an entry is written behind",
    may_break: [],
    may_stop: [["sg_init_table", /./]],
  },
  "large blocks": {
    around: (around) => ({ ...around, disk: { ...around.disk, sectorSize: 4096 } }),
    why: "the back end moves whole blocks only",
    may_break: ["right-errors"],
  },
  "a disk that can only be read": {
    around: (around) => ({ ...around, disk: { ...around.disk, readonly: true } }),
    why: "writes are refused",
    may_break: ["right-errors"],
  },
  "another kind of guest or disk": {
    around: (around, [a = 0, b = 0]) => ({
      ...around,
      guest: { ...around.guest, type: at(["pv", "hvm", "hvm-emulated-disks"] as const, a) },
      disk: {
        ...around.disk,
        cdrom: b % 2 === 0,
        removable: b % 3 === 0,
        vdev: at([51712, 768, 832, 2048, 5632, 268435456, 536870912, 51713, 0, 65536, 1 << 27], b),
      },
    }),
    plan: (p, [a = 0]) => {
      if (a % 2) p.workload.push({ resume: null }, { remove: true });
    },
    why: "the device may not be taken at all",
    may_break: ["told-once", "limits-fit-grants", "pages-accounted"],
    may_stop: [["blk_cleanup_queue", /./]],
  },
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

function rewrite(
  p: Planner,
  where: "slot" | "indirect" | "data",
  [a = 0, b = 0, c = 0, d = 0]: readonly number[],
  size: number,
): void {
  const id = p.outstanding[a % Math.max(1, p.outstanding.length)];
  if (id === undefined) return;
  const bytes = [c & 0xff, d & 0xff, c & 1, 0, 255].slice(0, 1 + (d % 5));
  const offset = b % (size - bytes.length);
  p.workload.push({
    rewrite: [{ id, where, index: a % 3, offset: a % 2 ? offset : b % 32, bytes }],
  });
}

/** A scenario and what is known of it. */
export interface Faulty {
  scenario: Scenario;
  /** Requests that are never answered, deliberately. */
  never: ReadonlySet<number>;
}

const numbers = fc.array(fc.nat(1023), { minLength: 6, maxLength: 6 });

/** Random scenarios with this fault, and no other. */
export function faulty(name: FaultName): fc.Arbitrary<Faulty> {
  const fault: Fault = FAULTS[name];
  return fc.tuple(surroundings, acts([name]), numbers).map(([any, wishes, n]) => {
    const { around, bounds } = sound(any);
    const planner = new Planner(fault.around?.(around, n) ?? around, { ...bounds, secure: false });
    for (const wish of wishes) {
      if (!planner.add(wish) && "n" in wish) fault.plan?.(planner, wish.n);
    }
    planner.finish();
    return { scenario: planner.scenario(), never: planner.never };
  });
}

/** Random scenarios with any of the faults, in any configuration. */
export const anything: fc.Arbitrary<Scenario> = fc
  .tuple(
    surroundings,
    acts([...FAULT_NAMES, "resume"], 16),
    numbers,
    fc.subarray(FAULT_NAMES, { maxLength: 2 }),
    fc.boolean(),
  )
  .map(([any, wishes, n, changes, bounded]) => {
    const { around: usual, bounds } = bounded ? sound(any) : { around: any, bounds: undefined };
    let around = usual;
    for (const name of changes) around = (FAULTS[name] as Fault).around?.(around, n) ?? around;
    const planner = new Planner(around, bounds);
    for (const wish of wishes) {
      if (planner.add(wish) || !("n" in wish)) continue;
      (FAULTS[wish.act as FaultName] as Fault).plan?.(planner, wish.n);
    }
    planner.finish();
    return planner.scenario();
  });
