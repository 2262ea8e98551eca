// The twelve invariants: each is broken by hand, alone, and holds on every path that a driver may take.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { blk_shadow, grant } from "../../../src/core/blkfront/patch-v2/blkfront-info.js";
import { INVARIANTS, type InvariantName } from "../../../src/core/invariants/rule.js";
import { since } from "../../../src/core/invariants/since.js";
import { type Broken, type Watch, watchInvariants } from "../../../src/core/invariants/watch.js";
import { list_add, list_add_tail, list_del, list_entries } from "../../../src/core/linux/list.js";
import type { request_queue } from "../../../src/core/linux/request-queue.js";
import { createMachine, type Machine, runTask } from "../../../src/core/machine.js";
import type {
  GuestSettings,
  RequestSettings,
  Scenario,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import type { TraceEvent } from "../../../src/core/tracepoints.js";
import type { blkif_sring } from "../../../src/core/xen/ring.js";
import { one_by_one, scenario, transfer } from "./scenarios.js";

/** Makes of an event what the watch is told instead. */
type Lie = (event: TraceEvent, machine: Machine) => TraceEvent[];

/** Each request is taken for one that a resume has ended, and of which these sectors are submitted anew. */
function resubmitted(sector: number, sectors: number): Lie {
  return (event) =>
    event.kind === "request_end"
      ? [
          { ...event, why: "recover" },
          { kind: "submit_bio", req: event.req, sector, sectors, split: true },
        ]
      : [event];
}

const truth: Lie = (event) => [event];

/** Runs a scenario to its end under watch; after task `task` something is done to the machine. */
function watched(
  of: Scenario,
  task = -1,
  harm: (machine: Machine) => void = () => undefined,
  lie: Lie = truth,
): { broken: readonly Broken[]; watch: Watch; machine: Machine } {
  const machine = createMachine(of);
  const watch = watchInvariants(machine);
  const listen = (event: TraceEvent) => lie(event, machine).forEach(watch.listen);
  for (let n = 0; runTask(machine, listen); n++) {
    if (n === task) harm(machine);
    watch.afterTask();
    if (n === task) break;
  }
  return { broken: watch.broken, watch, machine };
}

const page = (n: number, length = 65536) => ({ page: 0x1000 + n, offset: 0, length });
/** A write of 20 grants, whose indirect frame is kept, and a read of 3. */
const two = one_by_one(
  transfer(1, "write", 8, [page(0), page(1, 16384)]),
  transfer(2, "read", 64, [page(2, 12288)]),
);
const usual = scenario(two);
const not_persistent = scenario(two, {}, { persistent: false, keepsMapped: "none" });
/** The tasks of `usual` after which the first request is on the ring, and after which it has ended. */
const QUEUED = 1;
const ENDED = 3;

function listed(machine: Machine): grant[] {
  return [...list_entries(machine.info.grants, 10_000)];
}

interface Harm {
  of: Scenario;
  /** After which task. */
  task: number;
  harm?: (machine: Machine) => void;
  lie?: Lie;
  invariant: InvariantName;
  text: RegExp;
}

/** One change for each rule, which breaks that rule and no other. */
const HARM: Record<string, Harm> = {
  "a grant is counted twice": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => info.persistent_gnts_c++,
    invariant: "live-grants-first",
    text: /^persistent_gnts_c is 22, but the grants on the list that have a reference number 21\.$/,
  },
  "a live grant lies behind a bare one": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => {
      const { node } = info.grants.next.entry as grant;
      list_del(node);
      list_add_tail(node, info.grants);
    },
    invariant: "live-grants-first",
    text: /^Place 1055 of the list of grants has reference \d+, but place 20 in front of it has none\.$/,
  },
  "a grant falls off the list": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => list_del((info.grants.prev.entry as grant).node),
    invariant: "one-place-per-grant",
    text: /^Neither on the list nor with a request is grant \d+ \(no reference\)\.$/,
  },
  "a request has the same grant twice": {
    of: usual,
    task: QUEUED,
    harm: ({ info }) => {
      const { grants_used } = info.shadow[0] as blk_shadow;
      grants_used[1] = grants_used[0] as grant;
    },
    invariant: "one-place-per-grant",
    text: /^In two places, in grants_used\[0\] of id 0 and in grants_used\[1\] of id 0, is grant /,
  },
  "a bare grant is put on the list again, which makes a cycle of it": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => {
      const entry = listed({ info } as Machine)[30] as grant;
      list_add(entry.node, (listed({ info } as Machine)[25] as grant).node);
    },
    invariant: "one-place-per-grant",
    text: /^The list of grants is a cycle: after 31 entries it comes back to grant \d+ \(no reference\)\.$/,
  },
  "the links back disagree with those forwards": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => {
      info.grants.prev.prev = info.grants;
    },
    invariant: "one-place-per-grant",
    text: /^The list of grants has .* behind .*, but its head in front of it\.$/,
  },
  "a grant is freed while the driver is connected": {
    of: not_persistent,
    task: ENDED,
    harm: ({ info }) => {
      const entry = info.grants.prev.entry as grant;
      list_del(entry.node);
      info.grant_slab[entry.nr] = null;
    },
    invariant: "pool-size-constant",
    text: /^The pool has 1055 grants; 32 slots of 32 and 1 for indirect frames make 1056\.$/,
  },
  "an id falls off its list": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => {
      info.shadow_free = (info.shadow[info.shadow_free] as blk_shadow).req.u.rw.id;
    },
    invariant: "ids-accounted",
    text: /^Id 0 is not in the list of free ids, and has no request\.$/,
  },
  "an id is free while its request is on the ring": {
    of: usual,
    task: QUEUED,
    harm: ({ info }) => {
      (info.shadow[0] as blk_shadow).req.u.rw.id = info.shadow_free;
      info.shadow_free = 0;
    },
    invariant: "ids-accounted",
    text: /^Id 0 is in the list of free ids, but request 1 has it\.$/,
  },
  "the list of free ids is a cycle": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => {
      (info.shadow[31] as blk_shadow).req.u.rw.id = 7;
    },
    invariant: "ids-accounted",
    text: /^The list of free ids comes back to id 7\.$/,
  },
  "a request begins at another sector": {
    of: usual,
    task: QUEUED,
    lie: (event, { info }) => {
      if (event.kind === "request_queued") {
        (info.shadow[event.id] as blk_shadow).req.u.rw.sector_number++;
      }
      return [event];
    },
    invariant: "segments-cover-request",
    text: /^The ring request begins at sector 9, but the request at 8\.$/,
  },
  "a request is longer than its segments": {
    of: usual,
    task: QUEUED,
    lie: (event) =>
      event.kind === "request_queued"
        ? [{ ...event, req: { ...event.req, __data_len: event.req.__data_len + 512 } }]
        : [event],
    invariant: "segments-cover-request",
    text: /^The segments have 160 sectors, but the request has 161\.$/,
  },
  "a segment ends behind its frame": {
    of: usual,
    task: QUEUED,
    lie: (event) => [event.kind === "segment_written" ? { ...event, last_sect: 8 } : event],
    invariant: "sectors-in-frame",
    text: /^Segment 0 goes from sector 0 to 8; a frame has 0 to 7\.$/,
  },
  "a segment ends before it begins": {
    of: usual,
    task: QUEUED,
    lie: (event) => [event.kind === "segment_written" ? { ...event, last_sect: -1 } : event],
    invariant: "sectors-in-frame",
    text: /^Segment 0 goes from sector 0 to -1; /,
  },
  "a reserved reference is not returned": {
    of: usual,
    task: QUEUED,
    lie: (event) => [event.kind === "grefs_alloc" ? { ...event, count: event.count + 1 } : event],
    invariant: "references-accounted",
    text: /^34 references were reserved, but 21 used and 12 returned\.$/,
  },
  "a reference is nowhere": {
    of: usual,
    task: ENDED,
    harm: ({ kernel }) => kernel.gnttab.gnttab_free_count--,
    invariant: "references-accounted",
    text: /^The grant table has 4088 references to give, but they are 4065 free, 21 of grants, 1 of ring pages, 0 of other drivers, 0 deferred\.$/,
  },
  "the back end answers what it was not asked": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => (info.ring.sring as blkif_sring).rsp_prod++,
    invariant: "ring-indexes-ordered",
    text: /^rsp_prod is 2 and req_prod 1: more was answered than asked \(rsp_cons is 1\)\.$/,
  },
  "more is shown than was written": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => (info.ring.sring as blkif_sring).req_prod++,
    invariant: "ring-indexes-ordered",
    text: /^req_prod is 2 and req_prod_pvt 1: more is shown than was written/,
  },
  "an id is answered twice": {
    of: usual,
    task: ENDED,
    lie: (event) =>
      event.kind === "request_end"
        ? [event, { kind: "response_taken", id: 0, operation: 1, status: 0, slot: 1 }]
        : [event],
    invariant: "one-answer-per-id",
    text: /^The response in slot 1 names id 0, but request 1 was answered before\.$/,
  },
  "an id is answered that the ring does not have": {
    of: usual,
    task: ENDED,
    lie: (event) => [event.kind === "response_taken" ? { ...event, id: 2 ** 53 } : event],
    invariant: "one-answer-per-id",
    text: /^The response in slot 0 names id 9007199254740992, but the ids go up to 31\.$/,
  },
  "a request ends twice": {
    of: usual,
    task: ENDED,
    lie: (event) => (event.kind === "request_end" ? [event, event] : [event]),
    invariant: "requests-end-once",
    text: /^Request 1 ends for the second time\.$/,
  },
  "a bio ends twice": {
    of: usual,
    task: ENDED,
    lie: (event) => (event.kind === "bio_end" ? [event, { ...event, times: 2 }] : [event]),
    invariant: "requests-end-once",
    text: /^The bio of request 1 from sector 8 on ends 2 times\.$/,
  },
  "a request is started after its end": {
    of: usual,
    task: ENDED,
    lie: (event) =>
      event.kind === "request_end" ? [event, { kind: "request_start", req: event.req }] : [event],
    invariant: "requests-end-once",
    text: /^Request 1 is started after its end\.$/,
  },
  "a recovered request is submitted without its end": {
    of: usual,
    task: ENDED,
    lie: resubmitted(8, 64),
    invariant: "requests-end-once",
    text: /only its sectors up to 72 of 168 were submitted anew\.$/,
  },
  "a recovered request is submitted with a gap": {
    of: usual,
    task: ENDED,
    lie: resubmitted(9, 159),
    invariant: "requests-end-once",
    text: /^Request 1 is submitted anew from sector 9, but 8 comes next\.$/,
  },
  "a page is nobody's": {
    of: usual,
    task: ENDED,
    harm: ({ kernel }) => kernel.pages_allocated++,
    invariant: "pages-accounted",
    text: /^The driver has 1056 pages of grants, 0 spare ones and 1 of the ring, but 1058 are allocated\.$/,
  },
  "two grants have the same page": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => {
      const [first, second] = listed({ info } as Machine) as [grant, grant];
      second.page = first.page;
    },
    invariant: "pages-accounted",
    text: /^Page \d+ is that of grant \d+ .*, but also that of grant \d+ /,
  },
  "pages are freed in another number": {
    of: usual,
    task: ENDED,
    lie: (event) =>
      event.kind === "request_end"
        ? [event, { kind: "free_pages_order", freed: 2, allocated: 0 }]
        : [event],
    invariant: "pages-accounted",
    text: /^The ring had 1 Linux page\(s\), and 4 were freed\.$/,
  },
  "more segments are allowed than a request has grants for": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => ((info.rq as request_queue).limits.max_segments = 3),
    invariant: "limits-fit-grants",
    text: /^max_segments is 3, which is 48 grants, but a request can have 32\.$/,
  },
  "more sectors are allowed than a request has grants for": {
    of: usual,
    task: ENDED,
    harm: ({ info }) => ((info.rq as request_queue).limits.max_hw_sectors = 257),
    invariant: "limits-fit-grants",
    text: /^max_hw_sectors is 257, which is 33 grants, but a request can have 32\.$/,
  },
};

describe("an invariant", () => {
  for (const [name, { of, task, harm, lie, invariant, text }] of Object.entries(HARM)) {
    it(`is broken, and no other: ${name}`, () => {
      const { broken } = watched(of, task, harm, lie);
      assert.deepEqual(
        broken.map((one) => one.invariant),
        [invariant],
        JSON.stringify(broken),
      );
      assert.match(broken[0]?.text ?? "", text);
    });
  }

  it("is each in the list above", () => {
    const shown = new Set(Object.values(HARM).map(({ invariant }) => invariant));
    assert.deepEqual(
      INVARIANTS.filter((name) => !shown.has(name)),
      [],
    );
  });

  it("is reported once, with its place in the run and the request in hand", () => {
    const machine = createMachine(usual);
    const watch = watchInvariants(machine);
    const events: TraceEvent[] = [];
    const listen = (event: TraceEvent) => {
      events.push(event);
      watch.listen(event.kind === "segment_written" ? { ...event, last_sect: 99 } : event);
    };
    while (runTask(machine, listen)) watch.afterTask();
    const event = events.findIndex(({ kind }) => kind === "segment_written");
    assert.deepEqual(
      watch.broken.map(({ invariant, request, at }) => ({ invariant, request, at })),
      [
        {
          invariant: "sectors-in-frame",
          request: 1,
          at: { task: 1, event, kind: "segment_written" },
        },
      ],
    );
  });

  it("is not looked for where the kernel has stopped in the middle of a request", () => {
    const segments = [0, 1, 2].map((n) => page(n, 512));
    const of = scenario(one_by_one(transfer(1, "read", 0, segments)), { blockLayer: "bypass" });
    const { broken, machine } = watched(of);
    assert.equal(machine.bug?.func, "blkif_queue_rw_req");
    assert.deepEqual(broken, []);
  });
});

describe("a second, closer look", () => {
  it("finds the first event at rest after which the state is wrong", () => {
    // The back end unmaps all; of three requests in one interrupt the second has an indirect frame.
    const requests = [
      transfer(1, "read", 0, [page(0, 4096)]),
      transfer(2, "read", 64, [page(1)]),
      transfer(3, "read", 256, [page(2, 4096)]),
    ];
    const complete = requests.map(({ id }) => ({ id, status: "okay" as const }));
    const of = scenario([{ submit: requests }, { complete }], {}, { keepsMapped: "none" });
    const { broken, watch } = watched(of);
    assert.deepEqual(
      broken.map(({ invariant, request, at: { task, kind } }) => [invariant, request, task, kind]),
      [["pages-accounted", null, 3, "task_end"]],
    );

    const events: TraceEvent[] = [];
    const machine = createMachine(of);
    while (runTask(machine, (event) => events.push(event)));
    assert.equal(broken[0]?.at.event, events.length);
    const first = events.findIndex((event) => event.kind === "grant_released" && event.indirect);
    const recycled = events.findIndex((event, i) => i > first && event.kind === "id_recycled");
    assert.deepEqual(since(of, watch), [
      {
        invariant: "pages-accounted",
        text: broken[0]?.text,
        request: 2,
        at: { task: 3, event: recycled, kind: "id_recycled" },
      },
    ]);
  });

  it("finds what was wrong before the kernel stopped in the same task", () => {
    // After the resume the bio is submitted anew, three pages at once: more than a slot can hold.
    const segments = [0, 1, 2].map((n) => page(n, 512));
    const { backend } = scenario([]);
    const of = scenario(
      [
        { submit: [transfer(1, "read", 0, segments)] },
        { resume: { ...backend, maxIndirectSegments: 32 } },
      ],
      { maxIndirectSegments: 64 },
      { maxIndirectSegments: 64 },
    );
    const { broken, watch, machine } = watched(of);
    assert.equal(machine.bug?.func, "blkif_queue_rw_req");
    assert.deepEqual(broken, []);
    assert.deepEqual(
      since(of, watch).map(({ invariant, request, at: { task, kind } }) => [
        invariant,
        request,
        task,
        kind,
      ]),
      [["limits-fit-grants", 1, 2, "request_start"]],
    );
  });
});

const piece = fc
  .record({ first: fc.nat(127), count: fc.integer({ min: 1, max: 128 }) })
  .map(({ first, count }) => ({ first, count: Math.min(count, 128 - first) }));

const any_request = fc.record({
  write: fc.boolean(),
  sector: fc.nat(4096),
  pieces: fc.array(piece, { minLength: 1, maxLength: 5 }),
  status: fc.constantFrom("okay" as const, "okay" as const, "error" as const),
  fua: fc.boolean(),
});

/** What can come between the requests and their answers. */
const any_event: fc.Arbitrary<WorkloadStep> = fc.constantFrom(
  { interrupt: "now" },
  { takeGrants: 40 },
  { giveGrants: 40 },
  { wait: 3 },
  { resume: null },
);

/** Batches that may overfill the ring; each is answered whole, in another order, if nothing comes between. */
const any_batch = fc.record({
  requests: fc.array(any_request, { minLength: 1, maxLength: 12 }),
  bios: fc.boolean(),
  between: fc.option(any_event),
  lost: fc.boolean(),
});

const any_workload = fc
  .array(any_batch, { minLength: 1, maxLength: 4 })
  .map((batches): WorkloadStep[] => {
    let id = 0;
    return batches.flatMap(({ requests, bios, between, lost }): WorkloadStep[] => {
      const made = requests.map(({ write, sector, pieces, status, fua }) => {
        const segments = pieces.map(({ first, count }, i) => ({
          page: 0x1000 + i,
          offset: first * 512,
          length: count * 512,
        }));
        const request = transfer(++id, write ? "write" : "read", sector, segments);
        return { request: { ...request, fua: fua && write && bios }, status };
      });
      const submitted = made.map(({ request }) => request);
      const answers = made.map(({ request, status }) => ({ id: request.id, status })).reverse();
      return [
        bios ? { bios: submitted } : { submit: submitted },
        ...(between === null ? [] : [between]),
        lost ? { complete: answers, interrupt: "lost" } : { complete: answers },
      ];
    });
  });

/** The same bytes on pages of another size: what crosses a page's end becomes two segments. */
function on_pages(one: RequestSettings, size: number): RequestSettings {
  const segments = one.segments.flatMap(({ page: first, offset, length }) => {
    const parts = [];
    for (let at = offset; at < offset + length;) {
      const end = Math.min(at - (at % size) + size, offset + length);
      const n = first * (65536 / size) + Math.floor(at / size);
      parts.push({ page: n, offset: at % size, length: end - at });
      at = end;
    }
    return parts;
  });
  return { ...one, segments };
}

function steps_on_pages(steps: WorkloadStep[], size: number): WorkloadStep[] {
  return steps.flatMap((step): WorkloadStep[] => {
    // The limits after a resume are right only where a segment is one grant.
    if ("resume" in step && size > 4096) return [];
    if ("submit" in step) return [{ submit: step.submit.map((one) => on_pages(one, size)) }];
    if ("bios" in step) return [{ bios: step.bios.map((one) => on_pages(one, size)) }];
    return [step];
  });
}

describe("a driver without a defect in its way", () => {
  it("keeps every rule, whatever it is asked", () => {
    fc.assert(
      fc.property(
        any_workload,
        fc.constantFrom(4096 as const, 16384 as const, 65536 as const),
        fc.constantFrom({ persistent: true }, { persistent: false, keepsMapped: "none" as const }),
        fc.constantFrom(16, 32, 256),
        fc.constantFrom([512, 512], [512, 4096]),
        (steps, pageSize, backend, maxIndirectSegments, [grantTableSize, grantTableMax]) => {
          const of = scenario(
            steps_on_pages(steps, pageSize),
            { pageSize, grantTableSize, grantTableMax, maxIndirectSegments } as GuestSettings,
            { ...backend, maxIndirectSegments, flush: "flush" },
          );
          const { broken, machine } = watched(of);
          assert.equal(machine.bug, null);
          assert.deepEqual(broken, []);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("breaks one as soon as a defect is in its way", () => {
    // The same on larger pages: the limits are wrong after a resume.
    const { broken } = watched(scenario([...two, { resume: null }]));
    assert.deepEqual(
      broken.map(({ invariant }) => invariant),
      ["limits-fit-grants"],
    );
  });

  it("keeps them where a guest had been running before", () => {
    const start = {
      ringIndex: 0xfffffffe,
      freeIds: [5, 2],
      liveGrants: [152, 11],
      freeGrefs: [76, 75],
    };
    assert.deepEqual(watched({ ...usual, start }).broken, []);
  });
});
