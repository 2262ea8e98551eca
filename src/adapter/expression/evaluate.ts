/** Gives the value of an expression at one stop. Nothing is ever changed. */
import { CONSTANTS, ENUMERATORS } from "../present/constants.js";
import { boolean, enumerator, integer, text as string } from "../present/numbers.js";
import { type Value, leaf } from "../present/value.js";
import type { World } from "../present/world.js";
import { entry, follow, member, pointTo, sizeOf } from "./access.js";
import { binary, cast, isTrue, unary } from "./arithmetic.js";
import { FUNCTIONS } from "./functions.js";
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

/** @throws ExpressionError */
export function evaluate(text: string, names: Names): Value {
  if (text.trim() === "") throw new ExpressionError("The expression is empty.");
  return new Evaluator(names).value(parse(text));
}

/** The value of a part of an expression. @throws ExpressionError */
export function evaluateTree(tree: Expression, names: Names): Value {
  return new Evaluator(names).value(tree);
}

class Evaluator {
  constructor(private readonly names: Names) {}

  value(expression: Expression): Value {
    switch (expression.kind) {
      case "number":
        return integer(expression.type.name, expression.value);
      case "string":
        return string(expression.value);
      case "name":
        return this.name(expression.name);
      case "member":
        return member(this.value(expression.of), expression.name);
      case "index":
        return this.index(this.value(expression.of), this.value(expression.index));
      case "call":
        return this.call(expression.name, expression.arguments);
      case "cast":
        return cast(expression.type, this.value(expression.of));
      case "sizeof":
        return sizeOf(this.value(expression.of));
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
    const held = ENUMERATORS.get(name);
    if (held !== undefined) return enumerator("enum", held, name);
    const constant = CONSTANTS.get(name);
    const called = FUNCTIONS.get(name);
    if (called !== undefined) {
      throw new ExpressionError(`'${name}' needs its arguments: ${called.signature}.`);
    }
    if (constant === undefined) {
      throw new ExpressionError(`There is no '${name}' in this frame.`);
    }
    if (constant === null) return leaf("void *", null, "NULL");
    return typeof constant === "boolean" ? boolean(constant) : integer("int", constant);
  }

  private index(of: Value, index: Value): Value {
    const at = index.raw;
    if (typeof at !== "number" || !Number.isInteger(at)) {
      throw new ExpressionError("An index must be a whole number.");
    }
    return entry(of, at);
  }

  private call(name: string, given: readonly Expression[]): Value {
    const called = FUNCTIONS.get(name);
    if (called === undefined) {
      throw new ExpressionError(`${name}() cannot be called: nothing runs while you look.`);
    }
    return called.call(
      this.names.world,
      given.map((argument) => this.value(argument)),
    );
  }

  private unary(operator: string, of: Value): Value {
    if (operator === "&") return pointTo(of);
    return operator === "*" ? follow(of) : unary(operator, of);
  }

  private binary(operator: string, left: Expression, right: Expression): Value {
    const first = this.value(left);
    if (operator === "&&") return boolean(isTrue(first) && isTrue(this.value(right)));
    if (operator === "||") return boolean(isTrue(first) || isTrue(this.value(right)));
    return binary(operator, first, this.value(right));
  }
}
