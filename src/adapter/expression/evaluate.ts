/** Gives the value of an expression at one stop. Nothing is ever changed. */
import { INDIRECT_GREFS } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { CONSTANTS, ENUMERATORS } from "../present/constants.js";
import { boolean, enumerator, integer, text as string } from "../present/numbers.js";
import { address, bytes, grantEntry, isReference } from "../present/pages.js";
import { type Value, isPointer, leaf } from "../present/value.js";
import type { World } from "../present/world.js";
import { binary, truth, unary } from "./arithmetic.js";
import { parse } from "./parse.js";
import { type Expression, ExpressionError } from "./syntax.js";

/** Where names come from. */
export interface Names {
  readonly world: World;
  /** The value that a name stands for here: a variable of the frame, or one of the scopes' roots. */
  lookup(name: string): Value | undefined;
  /** All names that `lookup` knows here. */
  known(): readonly string[];
}

/** What can be called: the debugger's own functions, and a macro of the driver. */
export const FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ["$bytes", "the bytes of a structure"],
  ["$entry", "the grant table's entry for a reference"],
  ["$id", "the id of a shadow entry"],
  ["$xenstore", "the value of a key"],
  ["INDIRECT_GREFS", "the indirect frames that so many Xen pages need"],
]);

/** @throws ExpressionError */
export function evaluate(text: string, names: Names): Value {
  if (text.trim() === "") throw new ExpressionError("The expression is empty.");
  return new Evaluator(names).value(parse(text));
}

/** The value of a part of an expression. @throws ExpressionError */
export function evaluateTree(tree: Expression, names: Names): Value {
  return new Evaluator(names).value(tree);
}

/** Whether C takes the value for true. */
export function isTrue(value: Value): boolean {
  return truth(value.raw);
}

class Evaluator {
  constructor(private readonly names: Names) {}

  value(expression: Expression): Value {
    switch (expression.kind) {
      case "number":
        return integer("int", expression.value);
      case "string":
        return string(expression.value);
      case "name":
        return this.name(expression.name);
      case "member":
        return this.member(this.value(expression.of), expression.name);
      case "index":
        return this.index(this.value(expression.of), this.value(expression.index));
      case "call":
        return this.call(expression.name, this.value(expression.argument));
      case "unary":
        return this.unary(expression.operator, this.value(expression.of));
      case "binary":
        return this.binary(expression.operator, expression.left, expression.right);
      case "choice":
        return this.value(isTrue(this.value(expression.test)) ? expression.yes : expression.no);
    }
  }

  private name(name: string): Value {
    const found = this.names.lookup(name);
    if (found !== undefined) return found;
    const constant = CONSTANTS.get(name);
    const held = ENUMERATORS.get(name);
    if (held !== undefined) return enumerator("enum", held, name);
    if (constant === undefined) {
      throw new ExpressionError(`There is no '${name}' in this frame.`);
    }
    if (constant === null) return leaf("void *", null, "NULL");
    return typeof constant === "boolean" ? boolean(constant) : integer("int", constant);
  }

  private member(of: Value, name: string): Value {
    const members = of.members?.() ?? [];
    // A derived child is a field of the model's structure, though not of C's: `req->nr` is `[nr]`.
    const found = members.find((member) => member.name === name || member.name === `[${name}]`);
    if (found !== undefined) return found.value;
    if (of.raw === null) throw new ExpressionError(`'${name}' of a NULL pointer.`);
    if (name === "length" && of.items !== undefined) return integer("int", of.items.count);
    throw new ExpressionError(
      `${of.type === "" ? "This" : `'${of.type}'`} has no member '${name}'.`,
    );
  }

  private index(of: Value, index: Value): Value {
    const at = index.raw;
    if (typeof at !== "number" || !Number.isInteger(at)) {
      throw new ExpressionError("An index must be a whole number.");
    }
    // In C any pointer is an array of one at least.
    if (of.items === undefined && at === 0 && isPointer(of) && of.raw !== null) return of;
    if (of.items === undefined) throw new ExpressionError(`'${of.type}' has no entries.`);
    if (at < 0 || at >= of.items.count) {
      throw new ExpressionError(`${at} is outside of the ${of.items.count} entries.`);
    }
    return of.items.at(at);
  }

  private call(name: string, argument: Value): Value {
    const { world } = this.names;
    switch (name) {
      case "$bytes": {
        const own = argument.members?.().find((member) => member.name === "[bytes]");
        if (own !== undefined) return own.value;
        if (argument.address === undefined || argument.size === undefined) {
          throw new ExpressionError(`'${argument.type}' does not lie in the guest's memory.`);
        }
        return bytes(world, world.machine.kernel.mem, argument.address, argument.size);
      }
      case "$entry":
        if (typeof argument.raw !== "number" || !isReference(world, argument.raw)) {
          throw new ExpressionError("The grant table has no such reference.");
        }
        return grantEntry(world, argument.raw);
      case "$id":
        return this.member(argument, "id");
      case "$xenstore": {
        const value = world.machine.xbdev.store.get(String(argument.raw));
        if (value === undefined) throw new ExpressionError(`There is no key '${argument.raw}'.`);
        return string(value);
      }
      case "INDIRECT_GREFS":
        return integer("unsigned long", INDIRECT_GREFS(Number(argument.raw)));
      default:
        throw new ExpressionError(`${name}() cannot be called: nothing runs while you look.`);
    }
  }

  private unary(operator: string, of: Value): Value {
    if (operator === "&") {
      if (of.address === undefined) {
        throw new ExpressionError(`'${of.type}' does not lie in the guest's memory.`);
      }
      return address(of.address);
    }
    if (operator === "*") {
      if (of.raw === null) throw new ExpressionError("A NULL pointer points to nothing.");
      if (!isPointer(of)) throw new ExpressionError(`'${of.type}' is no pointer.`);
      return { ...of, type: of.type.replace(/\s*\*$/, "") };
    }
    return result(unary(operator, of.raw));
  }

  private binary(operator: string, left: Expression, right: Expression): Value {
    const first = this.value(left);
    if (operator === "&&") return boolean(isTrue(first) && isTrue(this.value(right)));
    if (operator === "||") return boolean(isTrue(first) || isTrue(this.value(right)));
    return result(binary(operator, first.raw, this.value(right).raw));
  }
}

function result(raw: number | boolean): Value {
  return typeof raw === "boolean" ? boolean(raw) : integer("long", raw);
}
