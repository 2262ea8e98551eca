/** A bio, and what is known of the clones of one that was cut. */
import { REQ_FLAGS, errnoName } from "./constants.js";
import { bytesText, flags, integer, named } from "./numbers.js";
import { page } from "./pages.js";
import { array, derived, field, struct } from "./value.js";
import type { Presenter } from "./world.js";

/** `struct bio_vec`. The memory behind it is the run of bytes that it stands for. */
export const bio_vec: Presenter<"bio_vec"> = (world, raw) => ({
  ...struct(
    "struct bio_vec",
    raw,
    `${raw.bv_len} bytes at 0x${raw.bv_offset.toString(16)} of page 0x${raw.bv_page.toString(16)}`,
    () => [
      field("bv_page", page(world, raw.bv_page)),
      field("bv_len", integer("unsigned int", raw.bv_len)),
      field("bv_offset", integer("unsigned int", raw.bv_offset)),
    ],
  ),
  address: raw.bv_page * world.machine.kernel.PAGE_SIZE + raw.bv_offset,
  size: raw.bv_len,
});

/** `struct bio`. */
export const bio: Presenter<"bio"> = (world, raw) => {
  const what =
    raw.bi_size === 0 ? "no data" : `${bytesText(raw.bi_size)} at sector ${raw.bi_sector}`;
  const ended = raw.ended === 0 ? "" : raw.ended === 1 ? ", ended" : `, ended ${raw.ended} times`;
  return struct("struct bio", raw, `${what}${ended}`, () => [
    field("bi_sector", integer("sector_t", raw.bi_sector)),
    field("bi_size", integer("unsigned int", raw.bi_size)),
    field("bi_rw", flags("unsigned long", raw.bi_rw, REQ_FLAGS)),
    field("bi_error", named("int", raw.error, errnoName(raw.error))),
    field(
      "bi_io_vec",
      array("struct bio_vec *", raw.bi_io_vec, raw.bi_io_vec.length, (index) =>
        world.show("bio_vec", raw.bi_io_vec[index] as never),
      ),
    ),
    field("bi_private", world.point("split_bio", raw.bi_private)),
    derived("nr", integer("unsigned int", raw.nr), (parent) => `${parent}->nr`),
    derived("ended", integer("unsigned int", raw.ended), (parent) => `${parent}->ended`),
  ]);
};

/** `struct split_bio`: what the driver hangs on each clone. */
export const split_bio: Presenter<"split_bio"> = (world, raw) =>
  struct("struct split_bio", raw, `${raw.pending} to end`, () => [
    field("bio", world.point("bio", raw.bio)),
    field("pending", integer("atomic_t", raw.pending)),
    field("err", named("int", raw.err, errnoName(raw.err))),
  ]);
