/** The kernel around the driver: the disk, its queue, and what C has as globals. */
import type { request } from "../../core/linux/request.js";
import { boolean, flags, integer, text } from "./numbers.js";
import { address } from "./pages.js";
import { plainStruct } from "./plain.js";
import { REQ_FLAGS } from "./request.js";
import { array, field, leaf, struct } from "./value.js";
import type { Presenter } from "./world.js";

/** `struct gendisk`. */
export const gendisk: Presenter<"gendisk"> = (world, raw) =>
  struct("struct gendisk", raw, raw.disk_name, () => [
    field("disk_name", text(raw.disk_name)),
    field("queue", world.point("request_queue", raw.queue)),
    field("capacity", integer("sector_t", raw.capacity)),
    field("private_data", world.point("blkfront_info", raw.private_data)),
  ]);

/** `struct request_queue`. */
export const request_queue: Presenter<"request_queue"> = (world, raw) => {
  const waiting = raw.queue_head.length;
  return struct("struct request_queue", raw, raw.stopped ? "stopped" : `${waiting} waiting`, () => [
    field(
      "queue_head",
      array("struct request *[]", raw.queue_head, waiting, (index) =>
        world.point("request", raw.queue_head[index] as request),
      ),
    ),
    field("stopped", boolean(raw.stopped)),
    field("limits", plainStruct(world, "limits", raw.limits)),
    field("flush_flags", flags("unsigned int", raw.flush_flags, REQ_FLAGS)),
  ]);
};

/** What the guest's kernel has in one place. */
export const kernel: Presenter<"kernel"> = (world, raw) =>
  struct("struct kernel", raw, `pages of ${raw.PAGE_SIZE} bytes`, () => [
    field("PAGE_SIZE", integer("unsigned long", raw.PAGE_SIZE)),
    field("pages_allocated", integer("long", raw.pages_allocated)),
    field(
      "page_limit",
      raw.page_limit === null ? leaf("long", null, "no limit") : integer("long", raw.page_limit),
    ),
    field("next_pfn", world.any("pfn", raw.next_pfn)),
    field(
      "kmap",
      array("void *[]", raw.kmap, raw.kmap.length, (index) => address(raw.kmap[index] as number)),
    ),
    field("kmap_lifo_violations", integer("unsigned int", raw.kmap_lifo_violations)),
    field("gnttab", world.show("gnttab", raw.gnttab)),
    field(
      "pending_work",
      array("struct work_struct *[]", raw.pending_work, raw.pending_work.length, (index) =>
        world.any("work", raw.pending_work[index]),
      ),
    ),
    field(
      "log",
      array("char *[]", raw.log, raw.log.length, (index) => text(raw.log[index]?.text ?? "")),
    ),
  ]);
