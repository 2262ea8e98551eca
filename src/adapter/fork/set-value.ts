/** A value that is put in the place of another: what may be put where, and the edit that does it. */
import { type Machine, cloneMachine } from "../../core/machine.js";
import { findPlace } from "../data/find-place.js";
import type { Place } from "../data/place.js";
import { type Names, evaluate } from "../expression/evaluate.js";
import { ExpressionError } from "../expression/syntax.js";
import { type IntegerType, integerType, wrap } from "../expression/types.js";
import { Failure, FailureId } from "../failure.js";
import { isReference } from "../present/pages.js";
import { type Value, isPointer } from "../present/value.js";

/** Fields here that C does not have: a constant by which memory is laid out, and the memories. */
const FIXED = ["kernel.PAGE_SIZE", "kernel.mem *", "backend.private_mem *"];

/** What makes an edit of a machine, and where it makes it. */
export interface Change {
  readonly place: Place;
  readonly apply: (machine: Machine) => void;
}

/**
 * Sets what an expression gives to what another gives.
 * @throws Failure that says why it cannot be set
 */
export function setValue(target: string, text: string, names: Names): Change {
  try {
    return change(target, text, names);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new Failure(FailureId.expression, error.message);
  }
}

function change(target: string, text: string, names: Names): Change {
  const { machine } = names.world;
  const place = findPlace(target, names);
  if (place === null) {
    throw refused(`${target} cannot be set: it is computed, or a variable of a function.`);
  }
  if (FIXED.includes(place.key)) throw refused(`${target} is the same for the whole run.`);
  const source = sourceOf(target, evaluate(target, names), text, names, place);
  const apply = (to: Machine): void => place.write(to, source(to));
  const trial = cloneMachine(machine);
  apply(trial);
  if (!takes(place.read(trial), source(trial))) {
    throw refused(
      `${target} cannot be set: it follows from other values, or ${text} does not fit in it.`,
    );
  }
  return { place, apply };
}

function takes(held: unknown, wanted: unknown): boolean {
  return held instanceof Uint8Array || Object.is(held, wanted);
}

/** What gives the new value in any machine. */
function sourceOf(
  target: string,
  old: Value,
  text: string,
  names: Names,
  place: Place,
): (machine: Machine) => unknown {
  const value = evaluate(text, names);
  const current = place.read(names.world.machine);
  if (Array.isArray(current)) throw refused(`${target} is a whole array: set its entries.`);
  if (isPointer(old) && (current === null || typeof current === "object")) {
    if (value.raw === null || value.raw === 0) return () => null;
    const from = value.type === old.type ? findPlace(text, names) : null;
    if (from === null) throw refused(`${target} takes NULL, or another ${old.type}.`);
    return (machine) => from.read(machine);
  }
  const isElsewhere = value.raw !== 0 && !isReference(names.world, Number(value.raw));
  if (old.type === "grant_ref_t" && isElsewhere) {
    // The kernel's list of free references would lead there, and nowhere from there.
    throw refused(`${target} does not take ${text}: the grant table has no such reference.`);
  }
  const constant = constantOf(typeof current, value.raw, integerType(old.type));
  if (constant === undefined) {
    throw refused(
      typeof current === "object"
        ? `${target} is a whole structure: set its fields.`
        : `${target} does not take ${text}.`,
    );
  }
  return () => constant;
}

/** As C stores it: what does not fit in the type loses its upper bits. */
function constantOf(held: string, raw: unknown, type: IntegerType | undefined): unknown {
  switch (held) {
    case "number": {
      const whole = integerOf(raw);
      if (whole === undefined) return undefined;
      const stored = Number(type === undefined ? whole : wrap(whole, type));
      return Number.isSafeInteger(stored) ? stored : undefined;
    }
    case "boolean":
      return integerOf(raw) === undefined ? undefined : integerOf(raw) !== 0n;
    case "string":
      return typeof raw === "string" ? raw : undefined;
    default:
      return undefined;
  }
}

function integerOf(raw: unknown): bigint | undefined {
  if (raw === null) return 0n;
  if (typeof raw === "bigint" || typeof raw === "boolean") return BigInt(raw);
  return Number.isInteger(raw) ? BigInt(raw as number) : undefined;
}

function refused(text: string): Failure {
  return new Failure(FailureId.badArguments, text, true);
}
