import type { request as request_type } from "../../core/linux/request.js";
import { NO_SECTOR, REQ_DISCARD, REQ_FLUSH, REQ_WRITE } from "../../core/linux/request.js";
import type { bio } from "../../core/linux/bio.js";
import type { scatterlist } from "../../core/linux/scatterlist.js";
import { FLUSH_STEPS, REQ_FLAGS, errnoName } from "./constants.js";
import { bytesText, enumerator, flags, integer, named } from "./numbers.js";
import { type Value, array, derived, field, leaf, struct } from "./value.js";
import type { Presenter } from "./world.js";

/** A request in a few words: `write 48 KiB at sector 2048`. */
export function requestText(raw: request_type): string {
  if (raw.cmd_flags & REQ_DISCARD) {
    return `discard ${bytesText(raw.__data_len)} at sector ${raw.__sector}`;
  }
  if (raw.__data_len === 0) return raw.cmd_flags & REQ_FLUSH ? "flush" : "no data";
  const way = raw.cmd_flags & REQ_WRITE ? "write" : "read";
  return `${way} ${bytesText(raw.__data_len)} at sector ${raw.__sector}`;
}

/** `sector_t`: all ones in a request that is about no sector. */
function sector(value: number): Value {
  return value === NO_SECTOR ? leaf("sector_t", value, "~0") : integer("sector_t", value);
}

/** `struct request`. */
export const request: Presenter<"request"> = (world, raw) =>
  struct("struct request", raw, requestText(raw), () => [
    field("cmd_flags", flags("u64", raw.cmd_flags, REQ_FLAGS)),
    ...("cmd_type" in raw && typeof raw.cmd_type === "string"
      ? [field("cmd_type", enumerator("enum rq_cmd_type_bits", raw.cmd_type, raw.cmd_type))]
      : []),
    field("__sector", sector(raw.__sector)),
    field("__data_len", integer("unsigned int", raw.__data_len)),
    field("nr_phys_segments", integer("unsigned short", raw.nr_phys_segments)),
    field("rq_disk", world.point("gendisk", raw.rq_disk as never)),
    field(
      "bio",
      array("struct bio *", raw.bio, raw.bio.length, (index) =>
        world.point("bio", raw.bio[index] as bio),
      ),
    ),
    field("end_io", world.any("end_io", raw.end_io)),
    field("flush_seq", flags("unsigned int", raw.flush_seq, FLUSH_STEPS)),
    field("error", named("int", raw.error, errnoName(raw.error))),
    field(
      "segments",
      array("struct bio_vec []", raw.segments, raw.segments.length, (index) => ({
        ...world.show("scatterlist", raw.segments[index] as scatterlist),
        type: "struct bio_vec",
      })),
    ),
    derived("serves", world.point("request", raw.serves), (parent) => `${parent}->serves`),
    derived("state", enumerator("char *", raw.state, raw.state), (parent) => `${parent}->state`),
    derived("nr", integer("unsigned int", raw.nr), (parent) => `${parent}->nr`),
    derived("part", integer("unsigned int", raw.part), (parent) => `${parent}->part`),
    derived("parts", integer("unsigned int", raw.parts), (parent) => `${parent}->parts`),
  ]);
