import {
  GNTTAB_LIST_END,
  type deferred_entry as deferred_entry_type,
} from "../../core/xen/grant-table.js";
import { hexadecimal, integer, named } from "./numbers.js";
import { address, grantEntry, reference } from "./pages.js";
import { type Value, array, field, struct } from "./value.js";
import type { Presenter, World } from "./world.js";

/** A link of a chain of references. */
function link(world: World, ref: number): Value {
  return ref === GNTTAB_LIST_END
    ? named("grant_ref_t", ref, "GNTTAB_LIST_END")
    : reference(world, ref);
}

/** `struct deferred_entry`. */
export const deferred_entry: Presenter<"deferred_entry"> = (world, raw) =>
  struct("struct deferred_entry", raw, `gref ${raw.ref}`, () => [
    field("ref", reference(world, raw.ref)),
    field("warn_delay", integer("uint16_t", raw.warn_delay)),
  ]);

/** The grant table: the shared entries, and the chain of free references. */
export const gnttab: Presenter<"gnttab"> = (world, raw) =>
  struct("struct gnttab", raw, `${raw.gnttab_free_count} of ${raw.nr_entries} free`, () => [
    field("gnttab_free_head", link(world, raw.gnttab_free_head)),
    field("gnttab_free_count", integer("int", raw.gnttab_free_count)),
    field("nr_entries", integer("unsigned int", raw.nr_entries)),
    field("max_entries", integer("unsigned int", raw.max_entries)),
    field("shared", address(raw.shared)),
    field(
      "entries",
      array("struct grant_entry_v1 *", raw, raw.nr_entries, (ref) => grantEntry(world, ref)),
    ),
    field(
      "gnttab_list",
      array("grant_ref_t *", raw.gnttab_list, raw.nr_entries, (ref) =>
        link(world, raw.gnttab_list[ref] ?? GNTTAB_LIST_END),
      ),
    ),
    field(
      "deferred",
      array("struct deferred_entry *", raw.deferred, raw.deferred.length, (index) =>
        world.show("deferred_entry", raw.deferred[index] as deferred_entry_type),
      ),
    ),
    field(
      "free_callbacks",
      array(
        "struct gnttab_free_callback *",
        raw.free_callbacks,
        raw.free_callbacks.length,
        (index) => world.any("callback", raw.free_callbacks[index]),
      ),
    ),
  ]);

/** `grant_ref_t *private_head`: the references reserved for a request, first one first. */
export const grant_ref_chain: Presenter<"grant_ref_chain"> = (world, raw) => {
  const { gnttab_list, nr_entries } = world.machine.kernel.gnttab;
  const refs: number[] = [];
  let ref = raw.head;
  // A chain that was taken apart can lead anywhere, and in a circle.
  while (ref !== GNTTAB_LIST_END && ref > 0 && ref < nr_entries && refs.length < nr_entries) {
    refs.push(ref);
    ref = gnttab_list[ref] ?? GNTTAB_LIST_END;
  }
  const unset = raw.head === 0;
  return {
    ...struct("grant_ref_t", raw, unset ? "0" : `${refs.length} references`, () => [
      field("head", unset ? hexadecimal("grant_ref_t", 0) : link(world, raw.head)),
    ]),
    items: { count: refs.length, at: (index) => reference(world, refs[index] as number) },
  };
};
