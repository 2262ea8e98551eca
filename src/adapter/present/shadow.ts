import { integer } from "./numbers.js";
import { requestText } from "./request.js";
import { type Value, array, derived, field, struct } from "./value.js";
import type { Presenter, World } from "./world.js";
import type { grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import type { scatterlist } from "../../core/linux/scatterlist.js";

function grants(world: World, held: readonly (grant | null | undefined)[]): Value {
  // The driver leaves the pointers of earlier requests behind, so this counts what was ever used.
  const used = held.reduce((n, entry) => (entry ? n + 1 : n), 0);
  return array(
    "struct grant **",
    held,
    held.length,
    (index) => world.point("grant", held[index]),
    `${used} of ${held.length} set`,
  );
}

/** `struct blk_shadow`. */
export const blk_shadow: Presenter<"blk_shadow"> = (world, raw) => {
  const index = (): number => world.machine.info.shadow.indexOf(raw);
  return struct(
    "struct blk_shadow",
    raw,
    raw.request === null ? "free" : requestText(raw.request),
    () => [
      field("req", world.show("blkif_request", raw.req)),
      field("request", world.point("request", raw.request)),
      field("grants_used", grants(world, raw.grants_used)),
      field("indirect_grants", grants(world, raw.indirect_grants)),
      field(
        "sg",
        array(
          "struct scatterlist *",
          raw.sg,
          raw.sg.length,
          (at) => world.show("scatterlist", raw.sg[at] as scatterlist),
          `${raw.num_sg} of ${raw.sg.length} in use`,
        ),
      ),
      field("num_sg", integer("unsigned int", raw.num_sg)),
      derived("id", integer("unsigned long", index()), (parent) => `$id(${parent})`),
    ],
  );
};
