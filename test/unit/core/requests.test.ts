// What the driver writes for a request: into the ring, into indirect frames, and into its own pages.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blkif_queue_rw_req } from "../../../src/core/blkfront/patch-v2/queue-rw.js";
import { mem_get8, mem_read } from "../../../src/core/linux/memory.js";
import { REQ_FLUSH, REQ_FUA } from "../../../src/core/linux/request.js";
import { createMachine, type Machine, runTask } from "../../../src/core/machine.js";
import { write_byte } from "../../../src/core/machine/patterns.js";
import type {
  BackendSettings,
  BufferSegment,
  GuestSettings,
  RequestSettings,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import { blkif_request, get_segment } from "../../../src/core/xen/blkif.js";
import { only, run, run_to } from "./run.js";
import { scenario, transfer } from "./scenarios.js";

const NOT_PERSISTENT: Partial<BackendSettings> = { persistent: false, keepsMapped: "none" };

const made = (
  workload: WorkloadStep[],
  guest: Partial<GuestSettings> = {},
  backend: Partial<BackendSettings> = {},
) => scenario(workload, { pageSize: 4096, ...guest }, backend);

const pages = (pfn: number, count: number, length = 4096): BufferSegment[] =>
  Array.from({ length: count }, (_, i) => ({ page: pfn + i, offset: 0, length }));
const answer = (...ids: number[]): WorkloadStep => ({
  complete: ids.map((id) => ({ id, status: "okay" as const })),
});

/** The request in a slot of the ring, as the back end reads it. */
function slot({ info, kernel }: Machine, n: number): blkif_request {
  const ring = info.ring.sring?.addr ?? 0;
  return new blkif_request(kernel.mem, ring + 64 + n * info.layout.entry, info.layout);
}

/** References that are free after each task. */
function free_after(of: ReturnType<typeof made>): number[] {
  const machine = createMachine(of);
  const free: number[] = [];
  while (runTask(machine)) free.push(machine.kernel.gnttab.gnttab_free_count);
  return free;
}

describe("a direct request", () => {
  const segments = [
    { page: 0x1000, offset: 512, length: 1024 },
    { page: 0x1001, offset: 0, length: 4096 },
  ];

  for (const [op, operation] of [
    ["read", 0],
    ["write", 1],
  ] as const) {
    it(`says what a ${op} is, where, for whom, and in which sectors of which frames`, () => {
      const ran = run(made([{ submit: [transfer(1, op, 4242, segments)] }]));
      const req = slot(ran.machine, 0);
      assert.equal(req.operation, operation);
      const { id, sector_number, handle, nr_segments, seg } = req.u.rw;
      assert.deepEqual([id, sector_number, handle, nr_segments], [0, 4242, 51712 & 0xffff, 2]);
      const grefs = only(ran.events, "grant_taken").map(({ gref }) => gref);
      assert.deepEqual(seg, [
        { gref: grefs[0], first_sect: 1, last_sect: 2 },
        { gref: grefs[1], first_sect: 0, last_sect: 7 },
      ]);
      assert.deepEqual(
        only(ran.events, "segment_written").map(({ frame, slot, addr }) => [frame, slot, addr]),
        [0, 1].map((n) => [-1, n, req.u.rw.seg_addr(n)]),
      );
    });
  }

  it("is kept by the driver as it was sent, to the last byte of the slot", () => {
    const { machine } = run(made([{ submit: [transfer(1, "write", 4242, pages(0x1000, 11))] }]));
    const { info, kernel } = machine;
    const kept = mem_read(kernel.mem, info.shadow[0]?.req.addr ?? 0, 112);
    assert.deepEqual(kept, mem_read(kernel.mem, slot(machine, 0).addr, 112));
    assert.equal(info.shadow[0]?.num_sg, 11);
  });

  it("has eleven segments at most; with twelve it is indirect", () => {
    const { machine } = run(
      made([
        {
          submit: [
            transfer(1, "write", 0, pages(0x1000, 11)),
            transfer(2, "write", 512, pages(0x1100, 12)),
          ],
        },
      ]),
    );
    assert.deepEqual([slot(machine, 0).operation, slot(machine, 0).u.rw.nr_segments], [1, 11]);
    assert.deepEqual(
      [slot(machine, 1).operation, slot(machine, 1).u.indirect.nr_segments],
      [6, 12],
    );
  });

  it("is what counts, not what was reserved for the worst case", () => {
    // Two segments of 64 KB pages, 4 KB each: 33 references in the worst case, two are used.
    const segments = pages(0x1000, 2, 4096);
    const steps: WorkloadStep[] = [{ submit: [transfer(1, "write", 0, segments)] }];
    const ran = run(made(steps, { pageSize: 65536 }));
    assert.equal(slot(ran.machine, 0).operation, 1);
    assert.deepEqual(
      only(ran.events, "request_id").map(({ max_grefs, reserved }) => [max_grefs, reserved]),
      [[33, 33]],
    );
    const [before = 0, after = 0] = free_after(made(steps, { pageSize: 65536 }));
    assert.equal(before - after, 2);
  });
});

describe("an indirect request", () => {
  it("says what it is, and its segments lie in its frame", () => {
    for (const [op, inner] of [
      ["read", 0],
      ["write", 1],
    ] as const) {
      const ran = run(made([{ submit: [transfer(1, op, 4242, pages(0x1000, 20))] }]));
      const req = slot(ran.machine, 0);
      const { indirect_op, nr_segments, id, sector_number, handle, indirect_grefs } =
        req.u.indirect;
      assert.deepEqual(
        [req.operation, indirect_op, nr_segments, id, sector_number, handle],
        [6, inner, 20, 0, 4242, 51712 & 0xffff],
      );
      const [frame] = only(ran.events, "indirect_frame");
      assert.deepEqual([frame?.n, frame?.id, frame?.fresh], [0, 0, true]);
      assert.equal(indirect_grefs[0], frame?.gref);
      const grefs = only(ran.events, "grant_taken").map(({ gref }) => gref);
      const { mem } = ran.machine.kernel;
      const page = ran.machine.info.shadow[0]?.indirect_grants[0]?.page ?? 0;
      assert.equal(frame?.addr, page * 4096);
      assert.deepEqual(
        grefs.map((_, i) => get_segment(mem, page * 4096 + i * 8)),
        grefs.map((gref) => ({ gref, first_sect: 0, last_sect: 7 })),
      );
      assert.deepEqual(
        only(ran.events, "segment_written").map(({ frame, slot, addr }) => [frame, slot, addr]),
        grefs.map((_, i) => [0, i, page * 4096 + i * 8]),
      );
    }
  });

  it("has a frame for each 512 segments, from the first of them on", () => {
    const of = made(
      [{ submit: [transfer(1, "write", 0, pages(0x1000, 34, 65536))] }],
      { pageSize: 65536, maxIndirectSegments: 1024, blockLayer: "bypass" },
      { maxIndirectSegments: 1024, segmentLimit: 1024 },
    );
    const ran = run(of);
    assert.equal(ran.machine.bug, null);
    const req = slot(ran.machine, 0);
    assert.equal(req.u.indirect.nr_segments, 544);
    const frames = only(ran.events, "indirect_frame");
    assert.deepEqual(
      frames.map(({ n }) => n),
      [0, 1],
    );
    assert.deepEqual(
      req.u.indirect.indirect_grefs.slice(0, 2),
      frames.map(({ gref }) => gref),
    );
    const written = only(ran.events, "segment_written").map(({ frame, slot }) => [frame, slot]);
    assert.deepEqual(
      [written[511], written[512], written[543]],
      [
        [0, 511],
        [1, 0],
        [1, 31],
      ],
    );
    // 544 pieces and two frames.
    assert.deepEqual(
      only(ran.events, "request_id").map(({ max_grefs }) => max_grefs),
      [546],
    );
    assert.deepEqual(ran.machine.kernel.kmap, []);
  });

  it("of a flush cannot be", () => {
    for (const more of [{ fua: true }, { preflush: true }]) {
      const big = { ...transfer(1, "write", 0, pages(0x1000, 12)), ...more };
      const { machine } = run(
        made([{ submit: [big] }], { blockLayer: "bypass" }, { flush: "barrier" }),
      );
      const { kind, expr, func } = machine.bug ?? {};
      assert.deepEqual(
        [kind, expr, func],
        ["BUG", "req->cmd_flags & (REQ_FLUSH | REQ_FUA)", "blkif_queue_rw_req"],
      );
    }
  });
});

describe("a flush", () => {
  const flush: RequestSettings = { ...transfer(1, "write", 0, []), op: "flush", sector: -1 };
  const fua: RequestSettings = { ...transfer(1, "write", 64, pages(0x1000, 1)), fua: true };

  for (const [offered, request, operation] of [
    ["flush", flush, 3],
    ["barrier", flush, 2],
    ["barrier", fua, 2],
    ["flush", { ...fua, fua: false, preflush: true }, 3],
  ] as const) {
    const what = request.op === "flush" ? "an empty flush" : "a write with its flag";
    it(`is operation ${operation} where the back end offers ${offered}: ${what}`, () => {
      const { machine } = run(made([{ submit: [request] }], {}, { flush: offered }));
      const req = slot(machine, 0);
      assert.equal(req.operation, operation);
      assert.equal(req.u.rw.nr_segments, request.segments.length);
      assert.equal(req.u.rw.sector_number, request.sector);
    });
  }

  it("is a read where the back end has neither, which the request function lets nobody ask", () => {
    // The driver has a case for it all the same.
    for (const feature of [0, REQ_FUA]) {
      const machine = createMachine(made([{ submit: [fua] }], {}, { flush: "barrier" }));
      run_to(machine, 0);
      const { info } = machine;
      const [req] = machine.requests;
      assert.ok(req);
      info.feature_flush = feature;
      assert.equal(blkif_queue_rw_req(req), 0);
      assert.equal(slot(machine, 1).operation, 0);
      info.feature_flush = REQ_FLUSH;
      assert.equal(blkif_queue_rw_req(req), 0);
      assert.equal(slot(machine, 2).operation, 3);
    }
  });
});

describe("a write", () => {
  it("is copied into the driver's own pages where grants persist, in place", () => {
    const segments = [
      { page: 0x1000, offset: 0x200, length: 0x400 },
      { page: 0x1001, offset: 0x3200, length: 0x2600 },
    ];
    const ran = run(made([{ submit: [transfer(1, "write", 0, segments)] }], { pageSize: 65536 }));
    const { info, kernel } = ran.machine;
    const own = (info.shadow[0]?.grants_used ?? []).slice(0, 4).map((used) => used?.page ?? 0);
    const copied = only(ran.events, "bytes_copied");
    assert.deepEqual(
      copied.map(({ way, grant_idx, src, dst, len }) => [way, grant_idx, src, dst, len]),
      [
        ["in", 0, 0x1000 * 65536 + 0x200, (own[0] ?? 0) * 65536 + 0x200, 0x400],
        ["in", 1, 0x1001 * 65536 + 0x3200, (own[1] ?? 0) * 65536 + 0x200, 0xe00],
        ["in", 2, 0x1001 * 65536 + 0x4000, (own[2] ?? 0) * 65536, 0x1000],
        ["in", 3, 0x1001 * 65536 + 0x5000, (own[3] ?? 0) * 65536, 0x800],
      ],
    );
    assert.equal(mem_get8(kernel.mem, (own[3] ?? 0) * 65536 + 0x7ff), write_byte(1, 0x29ff));
    // And every mapping has gone again, in the reverse order.
    assert.deepEqual(kernel.kmap, []);
    assert.equal(kernel.kmap_lifo_violations, 0);
  });

  it("is not copied where grants do not persist, and a read never is", () => {
    for (const [op, backend] of [
      ["write", NOT_PERSISTENT],
      ["read", NOT_PERSISTENT],
      ["read", {}],
    ] as const) {
      const ran = run(made([{ submit: [transfer(1, op, 0, pages(0x1000, 12))] }], {}, backend));
      assert.equal(only(ran.events, "bytes_copied").length, 0);
      assert.deepEqual(ran.machine.kernel.kmap, []);
    }
  });

  it("with an indirect frame leaves nothing mapped; the frame goes out of the stack's order", () => {
    const { machine } = run(made([{ submit: [transfer(1, "write", 0, pages(0x1000, 12))] }]));
    assert.deepEqual(machine.kernel.kmap, []);
    // The frame was mapped above the first page and stays when that goes.
    assert.equal(machine.kernel.kmap_lifo_violations, 1);
  });
});

describe("references", () => {
  const read = (id: number, count: number) =>
    transfer(id, "read", id * 512, pages(0x1000 + id * 64, count));

  it("are reserved for what the live grants do not cover", () => {
    const steps: WorkloadStep[] = [
      { submit: [read(1, 4)] },
      answer(1),
      { submit: [read(2, 4)] },
      answer(2),
      { submit: [read(3, 5)] },
    ];
    const ran = run(made(steps));
    assert.deepEqual(
      only(ran.events, "request_id").map(({ max_grefs, reserved }) => [max_grefs, reserved]),
      [
        [4, 4],
        [4, 0],
        [5, 1],
      ],
    );
    assert.deepEqual(
      only(ran.events, "grefs_alloc").map(({ count, ok }) => [count, ok]),
      [
        [4, true],
        [1, true],
      ],
    );
  });

  it("are not reserved for an indirect frame below twelve segments", () => {
    const ran = run(made([{ submit: [read(1, 11), read(2, 12)] }]));
    assert.deepEqual(
      only(ran.events, "request_id").map(({ max_grefs }) => max_grefs),
      [11, 13],
    );
  });

  it("that are too few are waited for: as many as the request needs in the worst case", () => {
    const steps: WorkloadStep[] = [
      { submit: [read(1, 4)] },
      answer(1),
      { takeGrants: 497 },
      { submit: [read(2, 12)] },
    ];
    const ran = run(made(steps, { grantTableSize: 512, grantTableMax: 512 }));
    assert.deepEqual(
      only(ran.events, "request_busy").map(({ max_grefs, requested }) => [max_grefs, requested]),
      [[13, 9]],
    );
    // All of them, although four are there already.
    assert.deepEqual(
      only(ran.events, "free_callback").map(({ count, already_queued }) => [count, already_queued]),
      [[13, false]],
    );
    // Nothing else has happened.
    const { info } = ran.machine;
    assert.deepEqual([info.ring.req_prod_pvt, info.shadow_free], [1, 0]);
    assert.equal(info.persistent_gnts_c, 4);
  });
});

describe("a request that no block layer lets through", () => {
  const bypassed = (
    segments: BufferSegment[],
    guest: Partial<GuestSettings>,
    backend: Partial<BackendSettings> = {},
    more: Partial<RequestSettings> = {},
  ) => {
    const request = { ...transfer(1, "write", 0, segments), ...more };
    const of = made([{ submit: [request] }], { blockLayer: "bypass", ...guest }, backend);
    const machine = createMachine(of);
    machine.kernel.survives_empty_sg_table = true;
    while (runTask(machine));
    return machine;
  };

  it("stops the kernel with more than eleven pieces and no indirect requests", () => {
    const none = { maxIndirectSegments: null };
    const { bug } = bypassed(pages(0x1000, 12), {}, none);
    assert.deepEqual(
      [bug?.kind, bug?.expr, bug?.func],
      [
        "BUG",
        "info->max_indirect_segments == 0 && (XEN_PAGES_PER_SEGMENT * req->nr_phys_segments) > BLKIF_MAX_SEGMENTS_PER_REQUEST",
        "blkif_queue_rw_req",
      ],
    );
    assert.equal(bypassed(pages(0x1000, 11), {}, none).bug, null);
    // On 64 KB pages one segment is too many already.
    const one = bypassed(pages(0x1000, 1), { pageSize: 65536 }, none);
    assert.match(one.bug?.expr ?? "", /^info->max_indirect_segments == 0 /);
  });

  it("stops the kernel with more pieces than the two ends have agreed on", () => {
    const { bug } = bypassed(pages(0x1000, 33), {});
    assert.deepEqual(
      [bug?.kind, bug?.expr, bug?.func],
      [
        "BUG",
        "info->max_indirect_segments && (req->nr_phys_segments * XEN_PAGES_PER_SEGMENT) > info->max_indirect_segments",
        "blkif_queue_rw_req",
      ],
    );
    assert.equal(bypassed(pages(0x1000, 32), {}).bug, null);
    assert.equal(bypassed(pages(0x1000, 2), { pageSize: 65536 }).bug, null);
    assert.notEqual(bypassed(pages(0x1000, 3, 512), { pageSize: 65536 }).bug, null);
  });

  it("stops the kernel with a piece that reaches beyond its page", () => {
    const { bug } = bypassed([{ page: 0x1000, offset: 512, length: 4096 }], {});
    assert.deepEqual(
      [bug?.kind, bug?.expr, bug?.func],
      ["BUG", "sg->offset + sg->length > PAGE_SIZE", "blkif_queue_rw_req"],
    );
    assert.equal(bypassed([{ page: 0x1000, offset: 512, length: 3584 }], {}).bug, null);
  });

  it("stops the kernel with more pieces than references were reserved for", () => {
    const { bug } = bypassed(pages(0x1000, 2), {}, {}, { physSegments: 1 });
    assert.deepEqual([bug?.expr, bug?.func], ["gnt_list_entry->gref == -ENOSPC", "get_grant"]);
  });
});

describe("a page that is not there", () => {
  /** The fault of a request, where something is done to the machine before its step and after it. */
  function fault(
    op: "read" | "write",
    pfn: number,
    before: (machine: Machine) => void = () => undefined,
    after: (machine: Machine) => void = () => undefined,
  ): unknown[] {
    const request = transfer(1, op, 0, pages(pfn, 1));
    const machine = createMachine(made([{ submit: [request] }, answer(1)]));
    run_to(machine, -1);
    before(machine);
    run_to(machine, 0);
    after(machine);
    while (runTask(machine));
    return [machine.bug?.kind, machine.bug?.expr, machine.bug?.func];
  }
  const in_function = (func: string) => ["OOPS", "kmap_atomic(NULL page)", func];

  it("of the caller faults where a write is copied from it, or a read to it", () => {
    assert.deepEqual(fault("write", 0), in_function("blkif_queue_rw_req"));
    assert.deepEqual(fault("read", 0), in_function("blkif_completion"));
  });

  it("of a grant faults where a write is copied to it, or a read from it", () => {
    const in_pool = ({ info }: Machine) => {
      const head = info.grants.next.entry;
      assert.ok(head);
      head.page = 0;
    };
    assert.deepEqual(fault("write", 0x1000, in_pool), in_function("blkif_setup_rw_req_grant"));
    const in_use = ({ info }: Machine) => {
      const used = info.shadow[0]?.grants_used[0];
      assert.ok(used);
      used.page = 0;
    };
    assert.deepEqual(
      fault("read", 0x1000, undefined, in_use),
      in_function("blkif_copy_from_grant"),
    );
  });
});
