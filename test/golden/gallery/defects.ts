/** What each walk to a defect promises, by the name of its file. */
import assert from "node:assert/strict";
import type { InvariantName } from "../../../src/core/invariants/rule.js";
import { mem_get16, mem_get32, mem_read } from "../../../src/core/linux/memory.js";
import type { Machine } from "../../../src/core/machine.js";
import type { TraceEvent } from "../../../src/core/tracepoints.js";
import { blkif_request, get_segment } from "../../../src/core/xen/blkif.js";
import { GTF_readonly, grant_entry_addr } from "../../../src/core/xen/grant-table.js";
import { SRING_HEADER } from "../../../src/core/xen/ring.js";
import {
  type EventOf,
  type Kind,
  type Play,
  blank,
  entries,
  eventsOf,
  frame,
  inPage,
  onDisk,
  printed,
  untouched,
  written,
} from "./play.js";

/** Checks of one walk. */
export interface Defect {
  /** At the moment where it goes wrong. */
  here?(machine: Machine, event: TraceEvent): void;
  /** When it has run to its end. */
  end(played: Play): void;
  /** The invariants that break, in order of time. */
  breaks: readonly InvariantName[];
}

/** A check of an event whose kind the file names. */
function on<K extends Kind>(
  kind: K,
  check: (machine: Machine, event: EventOf<K>) => void,
): (machine: Machine, event: TraceEvent) => void {
  return (machine, event) => {
    assert.equal(event.kind, kind);
    check(machine, event as EventOf<K>);
  };
}

function stops({ machine }: Play, kind: "BUG" | "OOPS" | "HANG", func: string, expr: RegExp): void {
  assert.ok(machine.bug !== null, "the kernel has not stopped");
  assert.equal(machine.bug.kind, kind);
  assert.equal(machine.bug.func, func);
  assert.match(machine.bug.expr, expr);
}

function goesOn({ machine }: Play): void {
  assert.equal(machine.bug, null);
}

/** The request has ended with success, as its users see it. */
function endedWell({ users }: Play, nr: number): void {
  assert.deepEqual([...(users.ended.get(nr)?.errors ?? [])], [0]);
}

function neverEnded({ users }: Play, nr: number): void {
  assert.equal(users.ended.get(nr), undefined);
}

/** Requests wait, the queue is stopped, and nothing is on its way that could start it. */
function hangsForEver({ machine }: Play, waiting: number): void {
  const { info, kernel, backend } = machine;
  assert.equal(info.rq?.stopped, true);
  assert.equal(info.rq?.queue_head.length, waiting);
  assert.equal(info.ring.rsp_cons, info.ring.req_prod_pvt, "nothing is on the ring");
  assert.equal(backend.pending.length, 0);
  assert.equal(kernel.evtchn.pending, false);
  assert.equal(kernel.pending_work.length, 0);
}

function freeReferences({ kernel }: Machine): number {
  return kernel.gnttab.gnttab_free_count;
}

const emptyTable: Defect = {
  here: on("empty_sg_table", (_, { nents }) => assert.equal(nents, 0)),
  end: (played) => {
    stops(played, "OOPS", "sg_init_table", /sgl\[4294967295\]/);
    assert.equal(played.machine.gd, null);
  },
  breaks: [],
};

const oversized = /nr_phys_segments \* XEN_PAGES_PER_SEGMENT\) > info->max_indirect_segments/;

/** The page of an indirect frame goes to the spare pages and stays the grant's: it shows when the ring is freed. */
const pageWithTwoOwners: Defect = {
  here: indirectPageAdded,
  end: (played) => {
    stops(played, "BUG", "blkif_free", /^info->feature_persistent$/);
    assert.deepEqual(played.users.wrongSectors(), []);
  },
  breaks: ["pages-accounted"],
};

export const DEFECTS: Readonly<Record<string, Defect>> = {
  "no-indirect-on-64k-pages": emptyTable,
  "indirect-limit-below-a-page": emptyTable,
  "indirect-limit-of-zero": emptyTable,

  "resume-to-no-indirect": {
    end: (played) => {
      stops(played, "OOPS", "sg_init_table", /nents=0/);
      assert.equal(played.machine.info.connected, "SUSPENDED");
      neverEnded(played, 1);
    },
    breaks: [],
  },

  "fua-on-a-full-page": {
    end: (played) => {
      stops(played, "BUG", "blkif_queue_rw_req", /REQ_FLUSH \| REQ_FUA/);
      const [first, second] = eventsOf(played, "request_id");
      assert.deepEqual([first?.req.nr_phys_segments, second?.req.nr_phys_segments], [1, 1]);
      assert.equal(eventsOf(played, "grant_taken", 0).length, 11);
    },
    breaks: [],
  },

  "seventeen-grants-for-one-sector": {
    here: on("grefs_alloc", (_, { count, ok }) => assert.deepEqual([count, ok], [17, true])),
    end: (played) => {
      goesOn(played);
      assert.equal(eventsOf(played, "grant_taken").length, 1);
      assert.equal(freeReferences(played.machine), 512 - 8 - 1 - 1);
    },
    breaks: [],
  },

  "free-callback-asks-for-too-many": {
    here: on("free_callback", (machine, { count }) => {
      assert.equal(count, 33);
      assert.equal(machine.info.persistent_gnts_c, 17);
    }),
    end: (played) => {
      hangsForEver(played, 1);
      const [refused] = eventsOf(played, "request_busy");
      assert.equal(refused?.requested, 16);
      assert.equal(freeReferences(played.machine), 32);
      assert.equal(played.machine.reserved.length, 0);
      assert.equal(printed(played, 3), "", "nothing is said");
    },
    breaks: [],
  },

  "request-larger-than-the-grant-table": {
    here: on("request_busy", (_, { max_grefs }) => assert.equal(max_grefs, 33)),
    end: (played) => {
      hangsForEver(played, 2);
      assert.equal(freeReferences(played.machine), 32);
      assert.equal(printed(played, 0), "", "nothing is said");
    },
    breaks: [],
  },

  "resume-raises-the-queue-limit": {
    end: (played) => {
      stops(played, "BUG", "blkif_queue_rw_req", oversized);
      assert.equal(played.machine.info.rq?.limits.max_segments, 32);
      assert.equal(eventsOf(played, "request_id")[0]?.req.nr_phys_segments, 3);
    },
    breaks: ["limits-fit-grants"],
  },

  "resume-cuts-a-bio-wrongly": {
    here: on("submit_bio", (_, { sector, sectors }) =>
      assert.deepEqual([sector, sectors], [256, 256]),
    ),
    end: (played) => {
      goesOn(played);
      assert.equal(eventsOf(played, "submit_bio").length, 2);
      endedWell(played, 1);
      assert.deepEqual(
        played.users.wrongSectors(),
        Array.from({ length: 2048 - 512 }, (_, n) => 512 + n),
      );
      assert.deepEqual(onDisk(played.machine, 512, 512), untouched(512, 512));
    },
    breaks: ["requests-end-once", "limits-fit-grants"],
  },

  "resume-leaves-a-bio-too-large": {
    end: (played) => {
      const [again] = eventsOf(played, "submit_bio");
      assert.deepEqual([again?.split, again?.sectors], [false, 2048]);
      stops(played, "BUG", "blkif_queue_rw_req", oversized);
      assert.equal(played.machine.step, 1);
    },
    breaks: [],
  },

  "persistent-grants-found-after-a-resume": {
    here: on("grant_taken", (machine, { fresh, gref, gfn }) => {
      assert.equal(fresh, false);
      assert.equal(gfn, 0x2000);
      assert.equal(granted(machine, gref), 0x1000);
    }),
    end: (played) => {
      goesOn(played);
      assert.match(printed(played, 2), /^backed has not unmapped grant: 9$/);
      assert.equal(played.machine.info.feature_persistent, false);
      oldPageInstead(played);
      assert.deepEqual(
        played.users.wrongSectors(),
        Array.from({ length: 8 }, (_, n) => 8 + n),
      );
    },
    breaks: ["segments-cover-request"],
  },

  "persistent-grants-lost-after-a-resume": pageWithTwoOwners,

  "ring-freed-with-the-wrong-order": {
    here: on("free_pages_order", (_, { freed, allocated }) =>
      assert.deepEqual([freed, allocated], [2, 0]),
    ),
    end: (played) => {
      goesOn(played);
      assert.equal(played.machine.kernel.pages_allocated, -3);
    },
    breaks: ["pages-accounted"],
  },

  "kunmap-out-of-order": {
    here: on("segment_written", ({ kernel }, { grant_idx }) => {
      assert.equal(grant_idx, 15);
      assert.equal(kernel.kmap.length, 2);
      assert.equal(kernel.kmap[0], 0x1000 * 65536, "the caller's page lies at the bottom");
      assert.equal(kernel.kmap_lifo_violations, 0);
    }),
    end: ({ machine }) => assert.equal(machine.kernel.kmap_lifo_violations, 1),
    breaks: [],
  },

  "one-linux-page-per-grant": {
    here: ({ kernel, info }) => {
      assert.equal(entries(info.grants).listed.length, 1056);
      assert.equal(kernel.pages_allocated, 1056 + 1);
      assert.equal((1056 * kernel.PAGE_SIZE) / 2 ** 20, 66);
    },
    end: goesOn,
    breaks: [],
  },

  "duplicated-response": {
    here: ({ info }) => {
      const [head] = entries(info.grants).listed;
      assert.equal(head?.node.next, head?.node, "the entry's node points to itself");
      assert.equal(info.persistent_gnts_c, 2);
    },
    end: (played) => {
      assert.match(printed(played, 1), /response to write \(id 0\) couldn't be recycled!/);
      stops(played, "OOPS", "get_free_grant", /LIST_POISON1/);
      assert.equal(eventsOf(played, "grant_taken", 2).length, 1);
    },
    breaks: [
      "ring-indexes-ordered",
      "one-answer-per-id",
      "live-grants-first",
      "one-place-per-grant",
    ],
  },

  "stale-response": {
    here: on("grant_taken", ({ info }, { id, gref, fresh }) => {
      assert.deepEqual([gref, fresh], [9, false]);
      assert.equal(info.shadow[1]?.request?.nr, 3);
      assert.equal(info.shadow[1]?.grants_used[1], info.shadow[id]?.grants_used[0]);
    }),
    end: (played) => {
      goesOn(played);
      assert.match(printed(played, 3), /couldn't be recycled!/);
      endedWell(played, 3);
      endedWell(played, 4);
      assert.deepEqual(
        played.users.wrongSectors(),
        Array.from({ length: 8 }, (_, n) => 136 + n),
      );
      assert.deepEqual(onDisk(played.machine, 136, 4096), written(4, 0, 4096));
    },
    breaks: [
      "one-answer-per-id",
      "one-place-per-grant",
      "ring-indexes-ordered",
      "live-grants-first",
    ],
  },

  "invented-response": {
    here: on("response_taken", (_, { id, status }) => assert.deepEqual([id, status], [0, 0])),
    end: (played) => {
      endedWell(played, 1);
      assert.equal(eventsOf(played, "backend_io").length, 0);
      assert.equal(played.users.wrongReads.length, 8);
      assert.equal(eventsOf(played, "response_taken", 2)[0]?.status, -1);
      assert.match(printed(played, 2), /couldn't be recycled!/);
    },
    breaks: [
      "ring-indexes-ordered",
      "one-answer-per-id",
      "one-place-per-grant",
      "references-accounted",
    ],
  },

  "response-with-a-wrong-id": {
    here: on("message", (_, { level, text }) => {
      assert.equal(level, "warn");
      assert.match(text, /response to read has incorrect id \(32\)/);
    }),
    end: (played) => {
      goesOn(played);
      neverEnded(played, 1);
      const { info } = played.machine;
      assert.equal(info.ring.rsp_cons, 1);
      assert.equal(info.shadow[0]?.request?.nr, 1);
    },
    breaks: ["one-answer-per-id"],
  },

  "read-answered-as-a-write": {
    here: on("response_taken", (_, { operation }) => assert.equal(operation, 1)),
    end: (played) => {
      endedWell(played, 1);
      assert.equal(eventsOf(played, "bytes_copied").length, 0);
      assert.deepEqual(inPage(played.machine, 0x1000, 4096), blank(0x1000, 4096));
      const page = played.machine.info.shadow[0]?.grants_used[0]?.page ?? 0;
      assert.deepEqual(inPage(played.machine, page, 4096), untouched(64, 4096));
      assert.equal(played.users.wrongReads.length, 8);
    },
    breaks: [],
  },

  "write-answered-as-a-read": {
    here: on("bytes_copied", (_, { way, dst }) =>
      assert.deepEqual([way, dst], ["back", 0x1000 * 4096]),
    ),
    end: (played) => {
      endedWell(played, 1);
      const page = inPage(played.machine, 0x1000, 4096);
      assert.deepEqual([...page.subarray(0, 4)], [0xde, 0xad, 0xbe, 0xef]);
      assert.deepEqual(page.subarray(4), written(1, 4, 4092));
    },
    breaks: [],
  },

  "write-answered-as-a-discard": {
    here: on("response_taken", (_, { operation }) => assert.equal(operation, 5)),
    end: (played) => {
      goesOn(played);
      assert.equal(eventsOf(played, "grant_released", 1).length, 0);
      assert.equal(entries(played.machine.info.grants).listed.length, 1056 - 8);
      assert.equal(played.machine.info.shadow[0]?.request, null);
    },
    breaks: ["one-place-per-grant"],
  },

  "discard-answered-as-a-read": {
    here: on("bytes_copied", (machine, { way, id, dst }) => {
      assert.deepEqual([way, id, dst], ["back", 0, 0x1000 * 4096]);
      assert.equal(machine.info.shadow[0]?.request?.nr, 2);
    }),
    end: (played) => {
      goesOn(played);
      assert.deepEqual(inPage(played.machine, 0x1000, 4096), written(3, 0, 4096));
    },
    breaks: [],
  },

  "answer-with-an-unknown-operation": {
    end: (played) => {
      stops(played, "BUG", "blkif_interrupt", /^BUG\(\)$/);
      assert.equal(eventsOf(played, "response_taken")[0]?.operation, 6);
      assert.equal(eventsOf(played, "id_recycled").length, 1);
      neverEnded(played, 1);
    },
    breaks: [],
  },

  "failed-read-copied-back": {
    here: on("bytes_copied", (_, { way, dst }) =>
      assert.deepEqual([way, dst], ["back", 0x2000 * 4096]),
    ),
    end: (played) => {
      assert.deepEqual([...(played.users.ended.get(2)?.errors ?? [])], [-5]);
      assert.deepEqual(inPage(played.machine, 0x2000, 4096), written(1, 0, 4096));
    },
    breaks: [],
  },

  "stale-bytes-in-a-granted-page": {
    here: on("bytes_copied", (machine, { len, dst }) => {
      assert.equal(len, 512);
      const shown = frame(machine, dst);
      assert.deepEqual(shown.slice(0, 512), written(2, 0, 512));
      assert.deepEqual(shown.slice(512), written(1, 512, 4096 - 512));
    }),
    end: (played) => {
      const [segment] = eventsOf(played, "segment_written", 2);
      assert.deepEqual([segment?.first_sect, segment?.last_sect], [0, 0]);
      assert.deepEqual(played.users.wrongSectors(), []);
    },
    breaks: [],
  },

  "refused-fua-ends-as-success": {
    here: on("request_end", (_, { error }) => assert.equal(error, 0)),
    end: (played) => {
      endedWell(played, 1);
      assert.equal(eventsOf(played, "response_taken", 1)[0]?.status, -2);
      assert.match(printed(played, 1), /barrier op failed/);
      assert.deepEqual(onDisk(played.machine, 64, 4096), untouched(64, 4096));
      assert.equal(played.users.wrongReads.length, 8);
    },
    breaks: [],
  },

  "grants-kept-mapped": {
    here: on("grant_taken", (machine, { fresh, gref, gfn }) => {
      assert.equal(fresh, false);
      assert.equal(gfn, 0x2000);
      assert.equal(granted(machine, gref), 0x1000);
    }),
    end: (played) => {
      goesOn(played);
      assert.match(printed(played, 1), /^backed has not unmapped grant: 9$/);
      oldPageInstead(played);
      // The read has gone to the first page.
      assert.deepEqual(inPage(played.machine, 0x1000, 4096), untouched(64, 4096));
      assert.deepEqual(inPage(played.machine, 0x3000, 4096), blank(0x3000, 4096));
      assert.equal(played.users.wrongReads.length, 8);
    },
    breaks: ["segments-cover-request"],
  },

  "indirect-page-on-two-lists": pageWithTwoOwners,

  "indirect-page-twice-on-its-list": {
    here: on("grant_released", ({ info }, { indirect }) => {
      assert.equal(indirect, true);
      assert.equal(entries(info.indirect_pages).circle, true);
    }),
    end: (played) => {
      goesOn(played);
      assert.deepEqual(played.users.wrongSectors(), []);
    },
    breaks: ["pages-accounted"],
  },

  "size-check-by-segments": {
    end: (played) => {
      stops(played, "BUG", "blkif_queue_rw_req", oversized);
      const [taken] = eventsOf(played, "request_id");
      assert.equal(taken?.req.nr_phys_segments, 4);
      assert.equal(taken.req.segments.length, 2);
      assert.equal(taken.req.__data_len / 4096, 32, "the limit, and not more");
    },
    breaks: ["limits-fit-grants"],
  },

  "page-of-a-write-changed": {
    here: (machine) => {
      const gref = machine.info.shadow[0]?.grants_used[0]?.gref ?? 0;
      const flags = mem_get16(machine.kernel.mem, grant_entry_addr(machine.kernel.gnttab, gref));
      assert.equal(flags & GTF_readonly, 0);
      const page = inPage(machine, 0x1000, 8);
      assert.deepEqual([...page], [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]);
    },
    end: (played) => {
      endedWell(played, 1);
      assert.deepEqual(played.users.wrongSectors(), [0]);
    },
    breaks: [],
  },

  "lost-interrupt": {
    end: (played) => {
      neverEnded(played, 1);
      neverEnded(played, 2);
      const { info, kernel } = played.machine;
      assert.equal(info.ring.sring?.rsp_prod, 2);
      assert.equal(info.ring.sring?.rsp_event, 1);
      assert.equal(info.ring.rsp_cons, 0);
      assert.equal(kernel.evtchn.pending, false);
    },
    breaks: [],
  },

  "response-index-overrun": {
    here: on("response_taken", (_, { id, operation, status }) =>
      assert.deepEqual([id, operation, status], [0, 0, 0]),
    ),
    end: (played) => {
      assert.match(printed(played, 1), /incorrect id/);
      assert.equal(eventsOf(played, "backend_response").length, 0);
      endedWell(played, 1);
      assert.equal(played.users.wrongReads.length, 8);
    },
    breaks: [
      "ring-indexes-ordered",
      "one-answer-per-id",
      "one-place-per-grant",
      "references-accounted",
    ],
  },

  "in-use-at-close": {
    end: (played) => {
      assert.match(printed(played, 3), /Device in use; refusing to close/);
      assert.match(printed(played, 6), /g\.e\. 0x9 still in use!/);
      assert.match(printed(played, 6), /was hot-unplugged, 1 stale handles/);
      endedWell(played, 2);
      assert.equal(eventsOf(played, "gref_deferred").length, 13 + 1);
      assert.equal(printed(played, 7).match(/freeing g\.e\./g)?.length, 14);
    },
    breaks: [],
  },

  "hot-unplug-with-an-open-disk": {
    end: (played) => {
      stops(played, "HANG", "blk_cleanup_queue", /requests that nobody ends/);
      assert.match(printed(played, 2), /was hot-unplugged, 1 stale handles/);
      neverEnded(played, 1);
    },
    breaks: [],
  },

  "nine-indirect-frames": {
    here: on("indirect_frame", ({ info, backend }, { n, gref, id }) => {
      assert.equal(n, 8);
      assert.equal(info.max_indirect_segments, 4608);
      // Behind indirect_grefs[7] of the slot lies the ninth.
      const slot = new blkif_request(
        backend.mem,
        backend.ring + SRING_HEADER + id * info.layout.entry,
        info.layout,
      );
      assert.equal(slot.u.indirect.indirect_grefs.length, 8);
      assert.ok(!slot.u.indirect.indirect_grefs.includes(gref));
    }),
    end: (played) => {
      goesOn(played);
      const [answer] = eventsOf(played, "backend_message");
      assert.match(answer?.text ?? "", /Bad number of segments in request \(4097\)/);
      assert.deepEqual([...(played.users.ended.get(1)?.errors ?? [])], [-5]);
    },
    breaks: ["limits-fit-grants", "pages-accounted"],
  },

  "slot-with-old-bytes": {
    here: on("request_queued", ({ info, backend }, { slot, id }) => {
      assert.equal(slot, 0);
      const entry = backend.ring + SRING_HEADER;
      const request = new blkif_request(backend.mem, entry, info.layout);
      assert.equal(request.u.rw.nr_segments, 1);
      const tenth = get_segment(backend.mem, request.u.rw.seg_addr(10));
      assert.equal(tenth.gref, 19);
      // So has the driver's private copy.
      const size = info.layout.entry;
      const copy = info.shadow[id]?.req.addr ?? 0;
      assert.deepEqual(mem_read(backend.mem, copy, size), mem_read(backend.mem, entry, size));
    }),
    end: (played) => {
      assert.equal(eventsOf(played, "segment_written", 0)[10]?.gref, 19);
      assert.deepEqual(played.users.wrongSectors(), []);
    },
    breaks: [],
  },

  "reference-zero": {
    here: on("grant_taken", (_, { gref, fresh }) => assert.deepEqual([gref, fresh], [0, true])),
    end: (played) => {
      assert.equal(eventsOf(played, "grefs_alloc", 6).length, 0);
      assert.match(printed(played, 3), /couldn't be recycled!/);
    },
    breaks: [
      "one-answer-per-id",
      "one-place-per-grant",
      "ring-indexes-ordered",
      "live-grants-first",
      "references-accounted",
    ],
  },
};

/** The frame that a reference grants. */
function granted({ kernel }: Machine, gref: number): number {
  return mem_get32(kernel.mem, grant_entry_addr(kernel.gnttab, gref) + 4);
}

/** The second write went to its sectors with the first one's page. */
function oldPageInstead(played: Play): void {
  endedWell(played, 2);
  assert.deepEqual(onDisk(played.machine, 8, 4096), written(1, 0, 4096));
}

function indirectPageAdded({ info }: Machine, event: TraceEvent): void {
  assert.ok(event.kind === "grant_released" && event.indirect && event.to === "tail");
  const used = info.shadow[event.id]?.indirect_grants[0];
  assert.equal(info.feature_persistent, true);
  assert.deepEqual(entries(info.indirect_pages).listed, [used?.page]);
  assert.equal(entries(info.grants).listed.at(-1), used);
}
