import type { request as request_type } from "../../core/linux/request.js";
import {
  REQ_DISCARD,
  REQ_FLUSH,
  REQ_FLUSH_SEQ,
  REQ_FUA,
  REQ_NOMERGE,
  REQ_SECURE,
  REQ_STARTED,
  REQ_WRITE,
} from "../../core/linux/request.js";
import type { scatterlist } from "../../core/linux/scatterlist.js";
import { errnoName } from "./constants.js";
import { bytesText, enumerator, flags, integer, named } from "./numbers.js";
import { array, derived, field, struct } from "./value.js";
import type { Presenter } from "./world.js";

/** The request flags that the driver or the block layer looks at. */
export const REQ_FLAGS: ReadonlyMap<number, string> = new Map([
  [REQ_WRITE, "REQ_WRITE"],
  [REQ_DISCARD, "REQ_DISCARD"],
  [REQ_SECURE, "REQ_SECURE"],
  [REQ_FUA, "REQ_FUA"],
  [REQ_FLUSH, "REQ_FLUSH"],
  [REQ_NOMERGE, "REQ_NOMERGE"],
  [REQ_STARTED, "REQ_STARTED"],
  [REQ_FLUSH_SEQ, "REQ_FLUSH_SEQ"],
]);

/** A request in a few words: `write 48 KiB at sector 2048`. */
export function requestText(raw: request_type): string {
  if (raw.cmd_flags & REQ_DISCARD) {
    return `discard ${bytesText(raw.__data_len)} at sector ${raw.__sector}`;
  }
  if (raw.__data_len === 0) return raw.cmd_flags & REQ_FLUSH ? "flush" : "no data";
  const way = raw.cmd_flags & REQ_WRITE ? "write" : "read";
  return `${way} ${bytesText(raw.__data_len)} at sector ${raw.__sector}`;
}

/** `struct request`. */
export const request: Presenter<"request"> = (world, raw) =>
  struct("struct request", raw, requestText(raw), () => [
    field("cmd_flags", flags("u64", raw.cmd_flags, REQ_FLAGS)),
    ...("cmd_type" in raw && typeof raw.cmd_type === "string"
      ? [field("cmd_type", enumerator("enum rq_cmd_type_bits", raw.cmd_type, raw.cmd_type))]
      : []),
    field("__sector", integer("sector_t", raw.__sector)),
    field("__data_len", integer("unsigned int", raw.__data_len)),
    field("nr_phys_segments", integer("unsigned short", raw.nr_phys_segments)),
    field("rq_disk", world.point("gendisk", raw.rq_disk as never)),
    field("error", named("int", raw.error, errnoName(raw.error))),
    field(
      "segments",
      array("struct bio_vec []", raw.segments, raw.segments.length, (index) => ({
        ...world.show("scatterlist", raw.segments[index] as scatterlist),
        type: "struct bio_vec",
      })),
    ),
    derived("state", enumerator("char *", raw.state, raw.state), (parent) => `${parent}->state`),
    derived("nr", integer("unsigned int", raw.nr), (parent) => `${parent}->nr`),
    derived("part", integer("unsigned int", raw.part), (parent) => `${parent}->part`),
    derived("parts", integer("unsigned int", raw.parts), (parent) => `${parent}->parts`),
  ]);
