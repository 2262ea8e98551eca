/** What each walk along a normal path shows, by the name of its file. */
import assert from "node:assert/strict";
import { blk_rq_sectors } from "../../../src/core/linux/request.js";
import { type Play, entries, eventsOf, printed } from "./play.js";

export interface Path {
  /** Requests that end with an error, as they should: their numbers and the errors. */
  errors?: Readonly<Record<number, number>>;
  check(played: Play): void;
}

/** Operations that went over the ring, in the order of their answers. */
function operations(played: Play): number[] {
  return eventsOf(played, "response_taken").map(({ operation }) => operation);
}

function frames(played: Play, step: number): number {
  return eventsOf(played, "indirect_frame", step).length;
}

export const PATHS: Readonly<Record<string, Path>> = {
  "connect-with-a-ring-of-four-pages": {
    check: ({ machine: { info } }) => {
      assert.equal(info.ring.nr_ents, 128);
      assert.deepEqual(info.ring_ref, [8, 9, 10, 11]);
      assert.equal(entries(info.grants).listed.length, 4224);
    },
  },

  "direct-read": {
    check: (played) => {
      assert.deepEqual(operations(played), [0]);
      assert.equal(frames(played, 0), 0);
      const references = eventsOf(played, "grant_taken").map(({ gref }) => gref);
      assert.deepEqual(references, [9, 10]);
      const [first, second] = entries(played.machine.info.grants).listed;
      assert.deepEqual([first?.gref, second?.gref], [10, 9]);
    },
  },

  "indirect-write": {
    check: (played) => {
      assert.equal(eventsOf(played, "request_id")[0]?.max_grefs, 13);
      assert.equal(eventsOf(played, "indirect_frame")[0]?.gref, 9);
      const references = eventsOf(played, "grant_taken").map(({ gref }) => gref);
      assert.deepEqual(
        references,
        Array.from({ length: 12 }, (_, i) => 10 + i),
      );
    },
  },

  "non-persistent-write": {
    check: (played) => {
      const { info } = played.machine;
      assert.equal(eventsOf(played, "bytes_copied").length, 0);
      assert.equal(info.persistent_gnts_c, 0);
      assert.equal(entries(info.indirect_pages).listed.length, 32);
      assert.ok(entries(info.grants).listed.every(({ gref }) => gref === 0));
    },
  },

  discard: {
    check: (played) => {
      assert.deepEqual(operations(played), [1, 5, 5, 0]);
      for (const step of [2, 4]) assert.equal(eventsOf(played, "grant_taken", step).length, 0);
    },
  },

  "discard-refused": {
    errors: { 1: -95, 2: -95 },
    check: (played) => {
      assert.match(printed(played, 1), /discard op failed/);
      assert.equal(played.machine.info.feature_discard, false);
      assert.equal(eventsOf(played, "request_start", 2).length, 0);
    },
  },

  flush: {
    check: (played) => {
      assert.deepEqual(operations(played), [3, 1, 3, 3]);
      assert.equal(eventsOf(played, "bio_end", 1).length, 1);
    },
  },

  barrier: { check: (played) => assert.deepEqual(operations(played), [2, 2, 1]) },

  "bios-merged": {
    check: (played) => {
      const [only, ...others] = eventsOf(played, "request_start");
      assert.equal(others.length, 0);
      assert.deepEqual([only?.req.nr_phys_segments, only?.req.__data_len], [4, 48 * 1024]);
      assert.equal(played.machine.info.shadow[0]?.num_sg, 3);
      assert.equal(eventsOf(played, "bio_end").length, 4);
    },
  },

  "bios-cut": {
    check: (played) => {
      const sizes = eventsOf(played, "request_start", 0).map(({ req }) => blk_rq_sectors(req));
      assert.deepEqual(sizes, [256, 256, 128]);
      assert.equal(eventsOf(played, "requests_pushed", 0).length, 1);
    },
  },

  "ring-full": {
    check: (played) => {
      assert.deepEqual(
        eventsOf(played, "queue_stop").map(({ ring_full }) => ring_full),
        [true],
      );
      assert.equal(eventsOf(played, "request_id", 0).length, 32);
      const later = eventsOf(played, "request_id", 1).map(({ slot }) => slot);
      assert.deepEqual(later, [0, 1, 2, 3, 4, 5, 6, 7]);
    },
  },

  "grants-exhausted": {
    check: (played) => {
      assert.equal(eventsOf(played, "free_callback", 1)[0]?.count, 8);
      assert.equal(eventsOf(played, "work_run", 2).length, 1);
      assert.equal(eventsOf(played, "request_queued", 2).length, 1);
    },
  },

  "answers-out-of-order": {
    errors: { 1: -5 },
    check: (played) => {
      const answers = eventsOf(played, "response_taken", 1);
      assert.deepEqual(
        answers.map(({ id, slot }) => [id, slot]),
        [
          [2, 0],
          [0, 1],
          [1, 2],
        ],
      );
      assert.equal(eventsOf(played, "request_id", 2)[0]?.id, 1);
      assert.equal(played.machine.info.shadow_free, 1);
    },
  },

  "resume-with-requests-in-flight": {
    check: (played) => {
      const ends = eventsOf(played, "request_end", 1);
      assert.ok(ends.every(({ why }) => why === "recover"));
      assert.equal(eventsOf(played, "bio_end", 1).length, 0);
      assert.equal(eventsOf(played, "submit_bio", 1).length, 2);
      assert.equal(eventsOf(played, "request_requeue", 1).length, 1);
    },
  },

  "hot-resize": {
    check: (played) => {
      assert.match(printed(played, 2), /^Setting capacity to 2097152$/m);
      assert.equal(played.machine.gd?.capacity, 2097152);
    },
  },

  "close-and-remove": {
    check: (played) => {
      const { kernel } = played.machine;
      assert.equal(eventsOf(played, "gref_deferred").length, 0);
      assert.equal(kernel.pages_allocated, 0);
      assert.equal(kernel.gnttab.gnttab_free_count, 512 - 8);
    },
  },

  "purge-of-persistent-grants": {
    check: (played) => {
      const { backend, info } = played.machine;
      assert.equal(eventsOf(played, "backend_unmap", 1).length, 36);
      assert.equal(eventsOf(played, "backend_unmap", 2).length, 5);
      assert.equal(backend.persistent_gnts.size, 100);
      assert.equal(info.persistent_gnts_c, 100);
    },
  },

  qdisk: {
    check: (played) => {
      const { info } = played.machine;
      assert.equal(info.max_indirect_segments, 0);
      assert.equal(info.feature_persistent, false);
      assert.equal(info.rq?.limits.max_segments, 11);
      assert.deepEqual(operations(played), [1, 1, 3, 5, 0, 0]);
    },
  },

  tapdisk: {
    check: (played) => {
      assert.equal(played.machine.info.ring.nr_ents, 256);
      assert.deepEqual(operations(played), [0, 0, 0, 0, 0, 0, 2]);
    },
  },

  "sixteen-kb-pages": {
    check: (played) => {
      assert.equal(played.machine.info.rq?.limits.max_segments, 8);
      assert.deepEqual(
        [0, 1, 2].map((step) => frames(played, step)),
        [0, 1, 0],
      );
      assert.deepEqual(
        [0, 1, 2].map((step) => eventsOf(played, "grefs_alloc", step)[0]?.count),
        [8, 13, 4],
      );
      assert.equal(eventsOf(played, "grant_taken", 2).length, 2);
    },
  },
};
