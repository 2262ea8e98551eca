/** C's operators on whole numbers of 64 bits, on pointers and on truth. */
import { ExpressionError } from "./syntax.js";

/** What an operator works on: a number, a boolean, null for NULL, text, or an object for a pointer to it. */
export type Operand = unknown;

/** Whether C takes the operand for true. */
export function truth(operand: Operand): boolean {
  return operand !== null && operand !== undefined && operand !== 0 && operand !== false;
}

function number(operand: Operand, operator: string): number {
  if (typeof operand === "number") return operand;
  if (typeof operand === "boolean") return Number(operand);
  if (operand === null) return 0;
  throw new ExpressionError(`'${operator}' needs numbers.`);
}

function same(left: Operand, right: Operand): boolean {
  const plain = (operand: Operand): Operand =>
    operand === null || operand === false ? 0 : operand === true ? 1 : operand;
  return plain(left) === plain(right);
}

/** The operators on bits, in 64 bits: numbers of the driver do not fit in 32. */
function bits(operator: string, left: number, right: number): number {
  const [a, b] = [BigInt(left), BigInt(right)];
  const count = b & 63n;
  switch (operator) {
    case "&":
      return Number(a & b);
    case "|":
      return Number(a | b);
    case "^":
      return Number(a ^ b);
    case "<<":
      return Number(BigInt.asIntN(64, a << count));
    default:
      return Number(a >> count);
  }
}

function divide(operator: string, left: number, right: number): number {
  if (right === 0) throw new ExpressionError("Division by zero.");
  return operator === "/" ? Math.trunc(left / right) : left % right;
}

/** Applies a binary operator; `&&`, `||` and `?:` are the evaluator's, because they leave a side out. */
export function binary(operator: string, left: Operand, right: Operand): number | boolean {
  if (operator === "==") return same(left, right);
  if (operator === "!=") return !same(left, right);
  const a = number(left, operator);
  const b = number(right, operator);
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
    case "%":
      return divide(operator, a, b);
    case "<":
      return a < b;
    case ">":
      return a > b;
    case "<=":
      return a <= b;
    case ">=":
      return a >= b;
    default:
      return bits(operator, a, b);
  }
}

/** Applies a unary operator. */
export function unary(operator: string, operand: Operand): number | boolean {
  switch (operator) {
    case "!":
      return !truth(operand);
    case "~":
      return Number(~BigInt(number(operand, operator)));
    case "-":
      return -number(operand, operator);
    default:
      return number(operand, operator);
  }
}
