/**
 * C's operators on whole numbers, on pointers and on truth. Numbers are calculated with exactly, in the type that
 * C takes for it. Only what C leaves undefined is not as the guest would have it: a signed result that does not
 * fit into an `int` is a `long`.
 */
import { boolean, integer } from "../present/numbers.js";
import { type Value, isPointer } from "../present/value.js";
import { ExpressionError } from "./syntax.js";
import {
  INT,
  type IntegerType,
  LONG,
  UNSIGNED_LONG,
  common,
  integerType,
  promoted,
  wrap,
} from "./types.js";

interface Operand {
  readonly value: bigint;
  readonly type: IntegerType;
}

const LARGEST = 2n ** 64n - 1n;

/** Whether C takes the value for true. */
export function isTrue({ raw }: Value): boolean {
  return raw !== null && raw !== undefined && raw !== 0 && raw !== false;
}

/** The number that a value is; undefined for what is none. */
function operand({ raw, type }: Value): Operand | undefined {
  if (typeof raw === "boolean") return { value: BigInt(raw), type: INT };
  if (raw === null) return { value: 0n, type: UNSIGNED_LONG };
  if (typeof raw !== "bigint" && !Number.isInteger(raw)) return undefined;
  const value = BigInt(raw as number | bigint);
  const known = integerType(type) ?? (isPointer({ type }) ? UNSIGNED_LONG : LONG);
  // A double near 2^64 may stand for more than 64 bits hold.
  return { value: value > LARGEST ? LARGEST : wrap(value, known), type: known };
}

function number(value: Value, operator: string): Operand {
  const found = operand(value);
  if (found === undefined) throw new ExpressionError(`'${operator}' needs numbers.`);
  return found;
}

/** A number of which the model has every bit. */
function exact(value: Value, operator: string): Operand {
  const found = number(value, operator);
  if (typeof value.raw === "number" && !Number.isSafeInteger(value.raw)) {
    throw new ExpressionError(
      `'${operator}' cannot calculate with ${value.raw}: from 2^53 on the model has not kept every bit of a field.`,
    );
  }
  return found;
}

/** Whether a value is a number that can be calculated with. */
export function isNumber(value: Value): boolean {
  return operand(value) !== undefined;
}

function result(value: bigint, type: IntegerType): Value {
  const wrapped = wrap(value, type === INT ? LONG : type);
  const fits = wrap(wrapped, type) === wrapped;
  return integer(fits ? type.name : LONG.name, wrapped);
}

function same(left: Value, right: Value): boolean {
  const [a, b] = [operand(left), operand(right)];
  if (a === undefined || b === undefined) return left.raw === right.raw;
  const type = common(a.type, b.type);
  return wrap(a.value, type) === wrap(b.value, type);
}

function compare(operator: string, left: Value, right: Value): boolean {
  const [a, b] = [number(left, operator), number(right, operator)];
  const type = common(a.type, b.type);
  const [x, y] = [wrap(a.value, type), wrap(b.value, type)];
  switch (operator) {
    case "<":
      return x < y;
    case ">":
      return x > y;
    case "<=":
      return x <= y;
    default:
      return x >= y;
  }
}

function shift(operator: string, left: Operand, count: bigint): Value {
  const type = promoted(left.type);
  const width = type === INT ? LONG.bits : type.bits;
  if (count < 0n || count >= width) {
    throw new ExpressionError(`'${operator}' needs a count of 0 to ${width - 1} here.`);
  }
  return result(operator === "<<" ? left.value << count : left.value >> count, type);
}

function calculate(operator: string, x: bigint, y: bigint): bigint {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "&":
      return x & y;
    case "|":
      return x | y;
    case "^":
      return x ^ y;
    default:
      if (y === 0n) throw new ExpressionError("Division by zero.");
      return operator === "/" ? x / y : x % y;
  }
}

/** Applies a binary operator; `&&`, `||` and `?:` are the evaluator's, because they leave a side out. */
export function binary(operator: string, left: Value, right: Value): Value {
  if (operator === "==") return boolean(same(left, right));
  if (operator === "!=") return boolean(!same(left, right));
  if (/^[<>]=?$/.test(operator)) return boolean(compare(operator, left, right));
  const [a, b] = [exact(left, operator), exact(right, operator)];
  if (operator === "<<" || operator === ">>") return shift(operator, a, b.value);
  const type = common(a.type, b.type);
  return result(calculate(operator, wrap(a.value, type), wrap(b.value, type)), type);
}

/** Applies a unary operator that works on numbers or on truth. */
export function unary(operator: string, of: Value): Value {
  if (operator === "!") return boolean(!isTrue(of));
  const { value, type } = exact(of, operator);
  const signed = operator === "-" ? -value : operator === "~" ? ~value : value;
  return result(signed, promoted(type));
}

/** Converts to an integer type. */
export function cast(type: IntegerType, of: Value): Value {
  if (type.bits === 1) return boolean(isTrue(of));
  if (operand(of) === undefined) {
    throw new ExpressionError(`'${of.type}' is no number that (${type.name}) could convert.`);
  }
  return integer(type.name, wrap(exact(of, `(${type.name})`).value, type));
}
