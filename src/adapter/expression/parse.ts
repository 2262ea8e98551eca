/**
 * Reads the C programmer's expressions: members through `.` and `->`, indexes, the operators without side
 * effects, casts, and calls of macros and of the debugger's own functions, which begin with `$`.
 */
import { type Expression, ExpressionError } from "./syntax.js";
import { type Token, tokens } from "./tokens.js";
import { type IntegerType, TYPE_WORDS, UNSIGNED_LONG, constant, integerType } from "./types.js";

/** How strongly a binary operator binds; C's order. */
const STRENGTH: ReadonlyMap<string, number> = new Map([
  ["||", 1],
  ["&&", 2],
  ["|", 3],
  ["^", 4],
  ["&", 5],
  ["==", 6],
  ["!=", 6],
  ["<", 7],
  [">", 7],
  ["<=", 7],
  [">=", 7],
  ["<<", 8],
  [">>", 8],
  ["+", 9],
  ["-", 9],
  ["*", 10],
  ["/", 10],
  ["%", 10],
]);

/** What a type's name begins with, also that of a type to which nothing can be cast. */
const TYPE_BEGINS = new Set([...TYPE_WORDS, "struct", "union", "enum", "void", "const"]);

/** More nest so deep that reading them takes more stack than there is. */
const MOST_TOKENS = 1000;

/** What stands in the parentheses of a cast. */
interface TypeName {
  readonly text: string;
  readonly isPointer: boolean;
}

/** A name that stands for its neighbours in a message. */
function describe(token: Token): string {
  return token.kind === "end" ? "the end" : `'${token.text}'`;
}

class Parser {
  private at = 0;
  private readonly tokens: readonly Token[];

  constructor(text: string) {
    this.tokens = tokens(text);
    if (this.tokens.length > MOST_TOKENS) throw new ExpressionError("The expression is too long.");
  }

  whole(): Expression {
    const expression = this.choice();
    if (this.next.kind !== "end") {
      throw new ExpressionError(`Unexpected ${describe(this.next)} in the expression.`);
    }
    return expression;
  }

  private get next(): Token {
    return this.tokens[this.at] as Token;
  }

  private take(): Token {
    const token = this.next;
    if (token.kind !== "end") this.at++;
    return token;
  }

  private takeSign(sign: string): boolean {
    if (this.next.kind !== "sign" || this.next.text !== sign) return false;
    this.at++;
    return true;
  }

  private expectSign(sign: string): void {
    if (!this.takeSign(sign)) {
      throw new ExpressionError(`'${sign}' is missing before ${describe(this.next)}.`);
    }
  }

  private choice(): Expression {
    const test = this.binary(1);
    if (!this.takeSign("?")) return test;
    const yes = this.choice();
    this.expectSign(":");
    return { kind: "choice", test, yes, no: this.choice() };
  }

  private binary(weakest: number): Expression {
    let left = this.unary();
    for (;;) {
      const strength = this.next.kind === "sign" ? STRENGTH.get(this.next.text) : undefined;
      if (strength === undefined || strength < weakest) return left;
      const operator = this.take().text;
      left = { kind: "binary", operator, left, right: this.binary(strength + 1) };
    }
  }

  private unary(): Expression {
    for (const operator of ["-", "+", "!", "~", "*", "&"]) {
      if (this.takeSign(operator)) return { kind: "unary", operator, of: this.unary() };
    }
    if (this.next.kind === "name" && this.next.text === "sizeof") return this.sizeOf();
    const type = this.typeInParentheses();
    if (type === null) return this.postfix(this.primary());
    return { kind: "cast", type: typeToCastTo(type), of: this.unary() };
  }

  private sizeOf(): Expression {
    this.take();
    const type = this.typeInParentheses();
    if (type === null) return { kind: "sizeof", of: this.unary() };
    const bits = type.isPointer ? UNSIGNED_LONG.bits : integerType(type.text)?.bits;
    if (bits === undefined) {
      throw new ExpressionError(
        `The size of '${type.text}' is not known; sizeof of a value may be.`,
      );
    }
    return { kind: "number", value: BigInt(Math.ceil(bits / 8)), type: UNSIGNED_LONG };
  }

  /** A type's name between parentheses, if that comes next. */
  private typeInParentheses(): TypeName | null {
    const [open, first] = [this.next, this.tokens[this.at + 1]];
    if (open.text !== "(" || first?.kind !== "name" || !TYPE_BEGINS.has(first.text)) return null;
    this.take();
    const words: string[] = [];
    while (this.next.kind === "name") words.push(this.take().text);
    const text = words.filter((word) => word !== "const").join(" ");
    const stars = this.at;
    while (this.takeSign("*"));
    const isPointer = this.at > stars;
    this.expectSign(")");
    return { text, isPointer };
  }

  private postfix(start: Expression): Expression {
    let of = start;
    for (;;) {
      if (this.takeSign(".") || this.takeSign("->")) {
        const name = this.take();
        if (name.kind !== "name") {
          throw new ExpressionError(`A member's name is missing before ${describe(name)}.`);
        }
        of = { kind: "member", of, name: name.text };
      } else if (this.takeSign("[")) {
        const index = this.choice();
        this.expectSign("]");
        of = { kind: "index", of, index };
      } else {
        return of;
      }
    }
  }

  private primary(): Expression {
    const token = this.take();
    if (token.kind === "number") {
      const number = constant(token.text);
      if (number !== undefined) return { kind: "number", ...number };
      throw new ExpressionError(`${token.text} does not fit into 64 bits.`);
    }
    if (token.kind === "string") return { kind: "string", value: unquoted(token.text) };
    if (token.kind === "name") {
      if (!this.takeSign("(")) return { kind: "name", name: token.text };
      return { kind: "call", name: token.text, arguments: this.arguments() };
    }
    if (token.text === "(") {
      const inner = this.choice();
      this.expectSign(")");
      return inner;
    }
    throw new ExpressionError(
      token.kind === "end"
        ? "The expression is not complete."
        : `Unexpected ${describe(token)} in the expression.`,
    );
  }

  /** What stands between a call's parentheses, the first of which was taken. */
  private arguments(): Expression[] {
    const given: Expression[] = [];
    if (this.takeSign(")")) return given;
    do given.push(this.choice());
    while (this.takeSign(","));
    this.expectSign(")");
    return given;
  }
}

/** @throws ExpressionError */
function unquoted(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    throw new ExpressionError(`${token} is no text: a \\ in it must begin an escape.`);
  }
}

/** @throws ExpressionError */
function typeToCastTo({ text, isPointer }: TypeName): IntegerType {
  const type = isPointer ? undefined : integerType(text);
  if (type !== undefined) return type;
  const what = isPointer ? `the pointer type '${text} *'` : `'${text}'`;
  throw new ExpressionError(`There is no cast to ${what} here, only to integer types.`);
}

/** @throws ExpressionError */
export function parse(text: string): Expression {
  return new Parser(text).whole();
}

/** The expression as it can stand before `->` and `[`. @throws ExpressionError */
export function asOperand(text: string): string {
  const binds = ["name", "member", "index", "call"].includes(parse(text).kind);
  return binds ? text : `(${text})`;
}
