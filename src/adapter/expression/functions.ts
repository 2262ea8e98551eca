/** All that can be called: the debugger's own functions, which begin with a dollar sign, and the macros. */
import { text } from "../present/numbers.js";
import { bytes, grantEntry, isReference } from "../present/pages.js";
import { member, ownBytes } from "./access.js";
import { type Callable, anything, callable } from "./callable.js";
import { MACROS } from "./macros.js";
import { ExpressionError } from "./syntax.js";

const OWN = [
  callable("$bytes", [anything("x")], "the bytes of a structure", (world, x) => {
    const own = ownBytes(x);
    if (own !== undefined) return own;
    if (x.address === undefined || x.size === undefined) {
      throw new ExpressionError(`'${x.type}' does not lie in the guest's memory.`);
    }
    return bytes(world, world.machine.kernel.mem, x.address, x.size);
  }),
  callable("$entry", [anything("gref")], "the grant table's entry for a reference", (world, x) => {
    if (typeof x.raw !== "number" || !isReference(world, x.raw)) {
      throw new ExpressionError("The grant table has no such reference.");
    }
    return grantEntry(world, x.raw);
  }),
  callable("$id", [anything("shadow")], "the id of a shadow entry", (_world, shadow) =>
    member(shadow, "id"),
  ),
  callable("$xenstore", [anything("key")], "the value of a key", (world, { raw }) => {
    const value = world.machine.xbdev.store.get(String(raw));
    if (value === undefined) throw new ExpressionError(`There is no key '${raw}'.`);
    return text(value);
  }),
] as const;

export const FUNCTIONS: ReadonlyMap<string, Callable> = new Map([...OWN, ...MACROS]);
