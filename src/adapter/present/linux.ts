/** The kernel around the driver: the disk, its queue, and what C has as globals. */
import type { request } from "../../core/linux/request.js";
import { REQ_FLAGS } from "./constants.js";
import { boolean, enumerator, flags, integer, text } from "./numbers.js";
import { address } from "./pages.js";
import { plainStruct } from "./plain.js";
import { type Value, array, field, leaf, struct } from "./value.js";
import type { Presenter, World, log_line as log_line_type } from "./world.js";

/** `struct gendisk`. */
export const gendisk: Presenter<"gendisk"> = (world, raw) =>
  struct("struct gendisk", raw, raw.disk_name, () => [
    field("disk_name", text(raw.disk_name)),
    field("major", integer("int", raw.major)),
    field("first_minor", integer("int", raw.first_minor)),
    field("minors", integer("int", raw.minors)),
    field("queue", world.point("request_queue", raw.queue)),
    field("capacity", integer("sector_t", raw.capacity)),
    field("private_data", world.point("blkfront_info", raw.private_data)),
    field("ro", boolean(raw.ro)),
    field("removable", boolean(raw.removable)),
    field("cdrom", boolean(raw.cdrom)),
    field("up", boolean(raw.up)),
    field("bd_openers", integer("int", raw.bd_openers)),
    field("bd_size", integer("loff_t", raw.bd_size)),
  ]);

function held(world: World, requests: readonly request[]): Value {
  return array("struct request *[]", requests, requests.length, (index) =>
    world.point("request", requests[index] as request),
  );
}

/** `struct request_queue`. */
export const request_queue: Presenter<"request_queue"> = (world, raw) => {
  const waiting = raw.queue_head.length;
  return struct("struct request_queue", raw, raw.stopped ? "stopped" : `${waiting} waiting`, () => [
    field("queue_head", held(world, raw.queue_head)),
    field("stopped", boolean(raw.stopped)),
    field("queue_flags", plainStruct(world, "queue_flags", raw.queue_flags)),
    field("limits", plainStruct(world, "limits", raw.limits)),
    field("flush_flags", flags("unsigned int", raw.flush_flags, REQ_FLAGS)),
    field(
      "plug",
      raw.plug === null ? leaf("struct blk_plug *", null, "NULL") : held(world, raw.plug),
    ),
  ]);
};

/** The event channel, as the guest has it. */
export const evtchn: Presenter<"evtchn"> = (_world, raw) =>
  struct("struct evtchn", raw, raw.pending ? "an event is pending" : "no event", () => [
    field("port", integer("evtchn_port_t", raw.port)),
    field("pending", boolean(raw.pending)),
    field("sent", integer("unsigned int", raw.sent)),
  ]);

/** A line that the kernel has printed. */
export const log_line: Presenter<"log_line"> = (_world, raw) =>
  struct("struct printk_log", raw, JSON.stringify(raw.text), () => [
    field("level", enumerator("char *", raw.level, raw.level)),
    field("text", text(raw.text)),
  ]);

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
    field("evtchn", world.show("evtchn", raw.evtchn)),
    field("domain", enumerator("enum xen_domain_type", raw.domain, raw.domain)),
    field("requests", held(world, raw.requests)),
    field(
      "failing",
      array("char *[]", raw.failing, raw.failing.length, (index) =>
        text(raw.failing[index] as string),
      ),
    ),
    field(
      "pending_work",
      array("struct work_struct *[]", raw.pending_work, raw.pending_work.length, (index) =>
        world.any("work", raw.pending_work[index]),
      ),
    ),
    field(
      "log",
      array("struct printk_log *", raw.log, raw.log.length, (index) =>
        world.show("log_line", raw.log[index] as log_line_type),
      ),
    ),
  ]);
