/** From a value to what it holds or points to. */
import { hex, integer } from "../present/numbers.js";
import { type Items, type Value, isPointer, pointer } from "../present/value.js";
import { ExpressionError } from "./syntax.js";
import { UNSIGNED_LONG, integerType } from "./types.js";

const LIST = "struct list_head";

function withoutStar(type: string): string {
  return type.replace(/\s*\*$/, "");
}

/** The C type of a value, or of what it points to: members and macros take one for the other. */
export function typeOfTarget({ type }: Value): string {
  return withoutStar(type);
}

/** Whether it is an array, or points to one's first entry. A list's head has entries, but is a structure. */
function isArray(of: Value): of is Value & { items: Items } {
  return of.items !== undefined && typeOfTarget(of) !== LIST;
}

/** `of.name`, and as well `of->name`. */
export function member(of: Value, name: string): Value {
  const members = of.members?.() ?? [];
  // A derived child is a field of the model's structure, though not of C's: `req->nr` is `[nr]`.
  const found = members.find((one) => one.name === name || one.name === `[${name}]`);
  if (found !== undefined) return found.value;
  if (of.raw === null) throw new ExpressionError(`'${name}' of a NULL pointer.`);
  if (name === "length" && of.items !== undefined) return integer("int", of.items.count);
  // A pointer to the first entry of an array, which C follows as any other.
  if (isArray(of) && isPointer(of) && of.items.count > 0) return member(of.items.at(0), name);
  throw new ExpressionError(`${of.type === "" ? "This" : `'${of.type}'`} has no member '${name}'.`);
}

/** `*of`. */
export function follow(of: Value): Value {
  if (of.raw === null) throw new ExpressionError("A NULL pointer points to nothing.");
  if (isArray(of)) return entry(of, 0);
  if (!isPointer(of)) throw new ExpressionError(`'${of.type}' is no pointer.`);
  return { ...of, type: withoutStar(of.type) };
}

/** The numbered entries behind a value. In C any pointer is an array of one at least. */
export function entriesOf(of: Value): Items {
  if (of.items !== undefined) return of.items;
  if (of.raw === null) throw new ExpressionError("A NULL pointer points to nothing.");
  if (!isPointer(of)) throw new ExpressionError(`'${of.type}' has no entries.`);
  return { count: 1, at: () => follow(of) };
}

/** `of[at]`. */
export function entry(of: Value, at: number): Value {
  const { count, at: get } = entriesOf(of);
  if (at < 0 || at >= count) {
    throw new ExpressionError(`${at} is outside of the ${count} entries.`);
  }
  return get(at);
}

/** A structure's own bytes in memory, if it lies there. */
export function ownBytes(of: Value): Value | undefined {
  return of.members?.().find(({ name }) => name === "[bytes]")?.value;
}

/** `&of`. The model's own objects have no address, but a pointer to them is as good as one in C. */
export function pointTo(of: Value): Value {
  const isStructure = of.members !== undefined || /^(struct|union|void)\b/.test(of.type);
  if (!isStructure || isPointer(of) || of.type.endsWith("]")) {
    throw new ExpressionError(`'&' needs a structure, and '${of.type}' is none.`);
  }
  const at = ownBytes(of)?.address;
  const pointed = pointer(of.type, of);
  return at === undefined ? pointed : { ...pointed, text: () => hex(at) };
}

/** `sizeof of`: of numbers and pointers, and of structures that lie in memory; the model's own have no size. */
export function sizeOf(of: Value): Value {
  const bits = isPointer(of) ? UNSIGNED_LONG.bits : integerType(of.type)?.bits;
  const size = bits === undefined ? ownBytes(of)?.items?.count : Math.ceil(bits / 8);
  if (size !== undefined) return integer(UNSIGNED_LONG.name, size);
  throw new ExpressionError(`The size of '${of.type}' is not known: the model has no bytes of it.`);
}
