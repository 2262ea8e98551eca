import { derived, field, struct } from "./value.js";
import { hex, integer } from "./numbers.js";
import { grantEntry, isReference, page, reference } from "./pages.js";
import type { Presenter } from "./world.js";

/** `struct grant`. The memory behind it is its page, which is what the back end maps. */
export const grant: Presenter<"grant"> = (world, raw) => {
  const size = world.machine.kernel.PAGE_SIZE;
  const gref = raw.gref === 0 ? "no gref" : `gref ${raw.gref}`;
  const where = raw.page === 0 ? "no page" : `page ${hex(raw.page)}`;
  return struct(
    "struct grant",
    raw,
    (format) => `${raw.gref !== 0 && format.hex ? `gref ${hex(raw.gref)}` : gref} · ${where}`,
    () => [
      field("gref", reference(world, raw.gref)),
      field("page", page(world, raw.page)),
      field("node", world.show("list_head", raw.node)),
      derived("nr", integer("unsigned int", raw.nr), (parent) => `${parent}->nr`),
      ...(isReference(world, raw.gref)
        ? [
            derived(
              "grant entry",
              grantEntry(world, raw.gref),
              (parent) => `$entry(${parent}->gref)`,
            ),
          ]
        : []),
    ],
    raw.page === 0 ? undefined : { address: raw.page * size, size },
  );
};
