/**
 * Reads the C programmer's expressions: members through `.` and `->`, indexes, the operators without side
 * effects, and calls of the debugger's own functions, which begin with `$`.
 */
import { type Expression, ExpressionError } from "./syntax.js";
import { type Token, tokens } from "./tokens.js";

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

/** A name that stands for its neighbours in a message. */
function describe(token: Token): string {
  return token.kind === "end" ? "the end" : `'${token.text}'`;
}

class Parser {
  private at = 0;
  private readonly tokens: readonly Token[];

  constructor(text: string) {
    this.tokens = tokens(text);
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
    return this.postfix(this.primary());
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
      return { kind: "number", value: Number(token.text.replace(/[uUlL]+$/, "")) };
    }
    if (token.kind === "string") {
      return { kind: "string", value: JSON.parse(token.text) as string };
    }
    if (token.kind === "name") {
      if (!this.takeSign("(")) return { kind: "name", name: token.text };
      const argument = this.choice();
      this.expectSign(")");
      return { kind: "call", name: token.text, argument };
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
}

/** @throws ExpressionError */
export function parse(text: string): Expression {
  return new Parser(text).whole();
}

/** What the user wants of the value: `,x` hexadecimal, `,d` decimal, `,b` its bytes. */
export type Suffix = "x" | "d" | "b" | null;

/** Cuts a format suffix off an expression. */
export function splitSuffix(text: string): { text: string; suffix: Suffix } {
  const match = /,\s*([xdb])\s*$/.exec(text);
  if (match === null) return { text, suffix: null };
  return { text: text.slice(0, match.index), suffix: match[1] as Suffix };
}
