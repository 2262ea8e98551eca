/** The shape of an expression, and of the failure to read one. */
import type { IntegerType } from "./types.js";

export type Expression =
  | { kind: "number"; value: bigint; type: IntegerType }
  | { kind: "string"; value: string }
  | { kind: "name"; name: string }
  | { kind: "member"; of: Expression; name: string }
  | { kind: "index"; of: Expression; index: Expression }
  | { kind: "call"; name: string; arguments: Expression[] }
  | { kind: "cast"; type: IntegerType; of: Expression }
  | { kind: "sizeof"; of: Expression }
  | { kind: "unary"; operator: string; of: Expression }
  | { kind: "binary"; operator: string; left: Expression; right: Expression }
  | { kind: "choice"; test: Expression; yes: Expression; no: Expression };

/** An expression that says something wrong or nothing at all, in words for the user. */
export class ExpressionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ExpressionError";
  }
}
