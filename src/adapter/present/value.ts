/**
 * A value of the model as the C programmer reads it: a type, a text, and children that are made when somebody
 * looks at them. The variables view, the watches, the hovers and the debug console all show these.
 */

/** How a client wants numbers: everything in hexadecimal, or each as it is usually written. */
export interface Format {
  readonly hex: boolean;
}

export const DECIMAL: Format = { hex: false };

export interface Value {
  /** The C type. */
  readonly type: string;
  text(format: Format): string;
  /**
   * What the evaluator compares and calculates with: a number (a bigint where a result is beyond 2^53), a boolean,
   * null for NULL, or the object.
   */
  readonly raw: unknown;
  /** Physical address of the bytes that it is, or points to. */
  readonly address?: number | undefined;
  /** How many bytes lie there. */
  readonly size?: number | undefined;
  /** Children with names: the fields of a structure. */
  members?(): readonly Member[];
  /** Children with numbers: the entries of an array or of a list. */
  readonly items?: Items | undefined;
}

export interface Member {
  /** Unique among its siblings, the same at every stop, and never a value. */
  readonly name: string;
  readonly value: Value;
  /**
   * The expression that gives the child, from that of its parent. Without it the child is reached by its name,
   * with an arrow through a pointer and with a dot otherwise.
   */
  readonly expression?: ((parent: string) => string) | undefined;
  /** It is not a field of the C structure, but follows from it. */
  readonly derived?: boolean;
}

export interface Items {
  readonly count: number;
  at(index: number): Value;
}

/** Whether the value is a pointer, so that its members are reached with `->`. */
export function isPointer({ type }: Pick<Value, "type">): boolean {
  return type.endsWith("*");
}

/** Whether there is anything to unfold. */
export function hasChildren(value: Value): boolean {
  return value.members !== undefined || (value.items?.count ?? 0) > 0;
}

/** A value without children. */
export function leaf(
  type: string,
  raw: unknown,
  text: string | ((format: Format) => string),
  bytes?: { address: number; size: number },
): Value {
  return { type, raw, text: typeof text === "string" ? () => text : text, ...bytes };
}

/** A structure. */
export function struct(
  type: string,
  raw: unknown,
  text: string | ((format: Format) => string),
  members: () => readonly Member[],
  bytes?: { address: number; size: number },
): Value {
  return { ...leaf(type, raw, text, bytes), members };
}

/** An array of which each entry is made when it is asked for. */
export function array(
  type: string,
  raw: unknown,
  count: number,
  at: (index: number) => Value,
  text: string | ((format: Format) => string) = `[${count}]`,
  bytes?: { address: number; size: number },
): Value {
  return { ...leaf(type, raw, text, bytes), items: { count, at } };
}

/** A pointer to what `target` shows; NULL where there is none. */
export function pointer(type: string, target: Value | null): Value {
  if (target === null) return leaf(`${type} *`, null, "NULL");
  return { ...target, type: `${type} *` };
}

/** A field by its name. */
export function field(name: string, value: Value): Member {
  return { name, value };
}

/** A child that C does not have as a field; its name stands in brackets, and is no part of an expression. */
export function derived(
  name: string,
  value: Value,
  expression: (parent: string) => string,
): Member {
  return { name: `[${name}]`, value, expression, derived: true };
}
