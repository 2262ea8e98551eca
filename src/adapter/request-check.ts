/** Holds what a client sends against the protocol before a handler sees it, and says in words what does not fit. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { Failure, FailureId } from "./failure.js";
import { type Schema, argumentsOf, definitions } from "./generated/request-schemas.js";

/** So deep may a value nest that nests in itself, as sources do. */
const DEEPEST = 20;

/** Characters of a text that an error repeats. */
const MOST_REPEATED = 40;

/** Whether it is an object in the sense of JSON. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether something can be the number of a message. */
export function isSequence(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** A message of the client as a request. @throws Failure that says why it is none */
export function asRequest(message: unknown): DebugProtocol.Request {
  if (!isObject(message)) throw bad(`A message is an object, and not ${said(message)}.`);
  const { type, seq, command } = message;
  if (type !== "request") {
    throw bad(`The "type" of a message to the adapter is "request", and not ${said(type)}.`);
  }
  if (!isSequence(seq)) {
    throw bad(`The "seq" of a request is a whole number from 0 on, and not ${said(seq)}.`);
  }
  if (typeof command !== "string") {
    throw bad(`The "command" of a request is a string, and not ${said(command)}.`);
  }
  return message as unknown as DebugProtocol.Request;
}

/**
 * The arguments as a handler can take them: a copy without what is null, which counts as not given.
 * @throws Failure that names what is wrong, and what it has to be
 */
export function checkedArguments(command: string, given: unknown): object {
  const args = given ?? {};
  if (!isObject(args)) {
    throw bad(`The arguments of ${command} are ${said(args)}, but they have to be an object.`);
  }
  const name = Object.hasOwn(argumentsOf, command) ? argumentsOf[command] : undefined;
  const schema = name === undefined ? undefined : definitions[name];
  return schema === undefined ? args : new Check(command).object(schema, args, "", 0);
}

class Check {
  constructor(private readonly command: string) {}

  object(
    { properties = {}, required = [] }: Schema,
    value: Record<string, unknown>,
    path: string,
    depth: number,
  ): Record<string, unknown> {
    const fitting = { ...value };
    for (const [name, schema] of Object.entries(properties)) {
      const place = path === "" ? name : `${path}.${name}`;
      const child = Object.hasOwn(value, name) ? value[name] : undefined;
      if (child !== undefined && child !== null) {
        fitting[name] = this.value(schema, child, place, depth + 1);
      } else if (required.includes(name)) {
        throw bad(`${this.command} needs "${place}".`);
      } else {
        delete fitting[name];
      }
    }
    return fitting;
  }

  private value(schema: Schema, value: unknown, path: string, depth: number): unknown {
    const alternatives = alternativesOf(schema);
    const fitting = alternatives.find((one) => fits(one, value));
    if (fitting === undefined) {
      const wanted = [...new Set(alternatives.map(wantedBy))].join(" or ");
      throw bad(`"${path}" of ${this.command} is ${said(value)}, but it has to be ${wanted}.`);
    }
    if (depth > DEEPEST) throw bad(`"${path}" of ${this.command} is nested too deep.`);
    const { items } = fitting;
    if (items !== undefined && Array.isArray(value)) {
      return value.map((item, index) => this.value(items, item, `${path}[${index}]`, depth + 1));
    }
    return isObject(value) ? this.object(fitting, value, path, depth) : value;
  }
}

/** What a schema allows, one or the other. */
function alternativesOf(schema: Schema): readonly Schema[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap(alternativesOf);
  if (schema.$ref === undefined) return [schema];
  return alternativesOf(definitions[schema.$ref.replace("#/definitions/", "")] ?? {});
}

/** Whether a value is what a schema allows, whatever there is inside of it. */
function fits({ type, enum: texts, minimum = -Infinity }: Schema, value: unknown): boolean {
  if (texts !== undefined) return texts.includes(value as string);
  switch (type) {
    case undefined:
      return true;
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isSafeInteger(value) && (value as number) >= minimum;
    default:
      return typeof value === type;
  }
}

/** What a schema allows, in words. */
function wantedBy({ type, enum: texts, minimum }: Schema): string {
  if (texts !== undefined) {
    const list = texts.map((text) => JSON.stringify(text)).join(", ");
    return texts.length > 1 ? `one of ${list}` : list;
  }
  switch (type) {
    case "object":
      return "an object";
    case "array":
      return "a list";
    case "string":
      return "a string";
    case "boolean":
      return "true or false";
    default:
      return minimum === undefined
        ? "a whole number of less than 2^53"
        : `a whole number from ${minimum} to 2^53 - 1`;
  }
}

/** A value in an error: short, whatever it is. */
export function said(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > MOST_REPEATED ? `${value.slice(0, MOST_REPEATED)}…` : value);
}

function bad(text: string): Failure {
  return new Failure(FailureId.badArguments, text);
}
