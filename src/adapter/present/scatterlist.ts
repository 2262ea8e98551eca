import { boolean, hex, integer } from "./numbers.js";
import { page } from "./pages.js";
import { field, struct } from "./value.js";
import type { Presenter } from "./world.js";

/** `struct scatterlist`. The memory behind it is the run of bytes that it stands for. */
export const scatterlist: Presenter<"scatterlist"> = (world, raw) => {
  const at = raw.page * world.machine.kernel.PAGE_SIZE + raw.offset;
  return struct(
    "struct scatterlist",
    raw,
    raw.length === 0
      ? "empty"
      : `${raw.length} bytes at ${hex(raw.offset)} of page ${hex(raw.page)}`,
    () => [
      field("page", page(world, raw.page)),
      field("offset", integer("unsigned int", raw.offset)),
      field("length", integer("unsigned int", raw.length)),
      // A run of a request's bios is the same, but no table and so without the mark of its end.
      ...("last" in raw ? [field("last", boolean(raw.last))] : []),
    ],
    raw.length === 0 ? undefined : { address: at, size: raw.length },
  );
};
