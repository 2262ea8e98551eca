/** What the guest's users ask of the disk. */
import { blk_finish_plug, blk_start_plug, submit_bio } from "../linux/blk-core.js";
import { __blk_run_queue } from "../linux/request-queue.js";
import type { RequestSettings } from "../scenario.js";
import { make_bios, make_requests } from "./make-requests.js";
import { store_write_data, touch_pages } from "./patterns.js";
import type { Machine } from "./state.js";

/** Gives a buffer its bytes: data to write, or what lay there before. */
function fill_buffer({ kernel }: Machine, { op, id, segments }: RequestSettings): void {
  touch_pages(kernel.mem, kernel.PAGE_SIZE, segments);
  if (op === "write") store_write_data(kernel.mem, kernel.PAGE_SIZE, id, segments);
}

/** Puts requests on the queue as they are, and runs it once. */
export function submit(machine: Machine, settings: readonly RequestSettings[]): void {
  const { gd, info, kernel, scenario } = machine;
  // Without a disk there is nothing to submit to: the connection failed, or the device is gone.
  if (gd === null || info.rq !== gd.queue) return;
  for (const one of settings) {
    // In order, since a later one may write to the same pages.
    fill_buffer(machine, one);
    gd.queue.queue_head.push(...make_requests(kernel, one, scenario.guest.blockLayer, gd));
  }
  if (gd.queue.stopped) kernel.trace?.({ kind: "queue_is_stopped" });
  __blk_run_queue(gd.queue);
}

/** Hands bios to the block layer, which makes requests of them. */
export function submit_bios(machine: Machine, settings: readonly RequestSettings[]): void {
  const { gd, info, kernel } = machine;
  if (gd === null || info.rq !== gd.queue) return;
  blk_start_plug(gd.queue);
  for (const one of settings) {
    fill_buffer(machine, one);
    for (const bio of make_bios(one, gd)) submit_bio(kernel, gd, bio);
  }
  if (gd.queue.stopped) kernel.trace?.({ kind: "queue_is_stopped" });
  blk_finish_plug(kernel, gd.queue);
}
