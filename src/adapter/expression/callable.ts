/** What can be called in an expression: it reads the machine, and gives a value. */
import { type Value, isPointer } from "../present/value.js";
import type { World } from "../present/world.js";
import { typeOfTarget } from "./access.js";
import { cast, isNumber } from "./arithmetic.js";
import { ExpressionError } from "./syntax.js";
import type { IntegerType } from "./types.js";

/** An argument's place. */
export interface Parameter<T> {
  readonly name: string;
  /** What the argument must be, in words. */
  readonly is: string;
  /** What the function works on; undefined for an argument that it cannot. */
  take(argument: Value): T | undefined;
}

export interface Callable {
  /** As in its definition: `min(a, b)`. */
  readonly signature: string;
  /** What it gives, in words. */
  readonly about: string;
  /** @throws ExpressionError for arguments that it does not take */
  call(world: World, given: readonly Value[]): Value;
}

/** Makes something callable of a function on what its parameters take. */
export function callable<Taken extends unknown[] | []>(
  name: string,
  parameters: { readonly [K in keyof Taken]: Parameter<Taken[K]> },
  about: string,
  apply: (world: World, ...taken: Taken) => Value,
): readonly [string, Callable] {
  const list = parameters as readonly Parameter<unknown>[];
  const signature = `${name}(${list.map((parameter) => parameter.name).join(", ")})`;
  const call = (world: World, given: readonly Value[]): Value => {
    if (given.length !== list.length) {
      const count = list.length === 1 ? "1 argument" : `${list.length} arguments`;
      throw new ExpressionError(`${signature} takes ${count}, not ${given.length}.`);
    }
    const taken = list.map((parameter, i) => {
      const value = parameter.take(given[i] as Value);
      if (value !== undefined) return value;
      throw new ExpressionError(`${signature}: ${parameter.name} must be ${parameter.is}.`);
    });
    return apply(world, ...(taken as Taken));
  };
  return [name, { signature, about, call }];
}

export function anything(name: string): Parameter<Value> {
  return { name, is: "a value", take: (argument) => argument };
}

export function number(name: string): Parameter<Value> {
  return {
    name,
    is: "a number",
    take: (argument) => (isNumber(argument) ? argument : undefined),
  };
}

/** A number of which the model's own functions take every one. */
export function count(name: string): Parameter<number> {
  return {
    name,
    is: "a whole number from 0 to 2^53",
    take: ({ raw }) => (Number.isSafeInteger(raw) && Number(raw) >= 0 ? Number(raw) : undefined),
  };
}

/** A number that C converts to a type of 32 bits or less where it is used. */
export function converted(name: string, type: IntegerType): Parameter<number> {
  return {
    name,
    is: "a number",
    take: (argument) => (isNumber(argument) ? Number(cast(type, argument).raw) : undefined),
  };
}

/** A structure of the model, or a pointer to it. */
export function structure<T extends object>(name: string, type: string): Parameter<T> {
  const take = (argument: Value): T | undefined => {
    const { raw, items } = argument;
    if (typeOfTarget(argument) !== type || typeof raw !== "object" || raw === null)
      return undefined;
    if (!Array.isArray(raw)) return raw as T;
    // The model has an array where C has a pointer to the first of several.
    return isPointer(argument) && items && items.count > 0 ? take(items.at(0)) : undefined;
  };
  return { name, is: `a ${type} or a pointer to one`, take };
}
