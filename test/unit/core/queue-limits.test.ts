import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  blk_queue_max_hw_sectors,
  blk_queue_max_segment_size,
  blk_queue_max_segments,
  blk_queue_segment_boundary,
} from "../../../src/core/linux/request-queue.js";
import { run } from "./run.js";
import { scenario } from "./scenarios.js";

describe("the block layer's own limits", () => {
  it("raise what a driver sets too low, with a message", () => {
    const { machine } = run(scenario([], { pageSize: 65536 }));
    const { kernel, gd } = machine;
    const q = gd!.queue;
    const before = kernel.log.length;
    blk_queue_max_hw_sectors(kernel, q, 88);
    blk_queue_max_segments(kernel, q, 0);
    blk_queue_segment_boundary(kernel, q, 4095);
    blk_queue_max_segment_size(kernel, q, 4096);
    assert.deepEqual(
      kernel.log.slice(before).map(({ text }) => text),
      [
        "blk_queue_max_hw_sectors: set to minimum 128",
        "blk_queue_max_segments: set to minimum 1",
        "blk_queue_segment_boundary: set to minimum ffff",
        "blk_queue_max_segment_size: set to minimum 65536",
      ],
    );
    assert.equal(q.limits.max_sectors, 128);
    assert.equal(q.limits.max_segments, 1);
    assert.equal(q.limits.seg_boundary_mask, 65535);
    assert.equal(q.limits.max_segment_size, 65536);
  });
});
