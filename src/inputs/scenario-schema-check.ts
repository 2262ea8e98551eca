/** Checks a value against the scenario's schema and says in plain words what does not fit. */

import type { JSONPath } from "jsonc-parser";
import validateScenario, { knownKeys, type SchemaError } from "./generated/validate-scenario.js";
import { nearestName } from "./nearest-name.js";
import { OPERATIONS } from "./protocol-names.js";
import { NUMBER_PATTERN, SIZE_PATTERN } from "./quantity.js";
import type { ScenarioSource } from "./scenario-source.js";

/** Which definition of the schema an object belongs to, by its place. */
const DEFINITIONS: readonly (readonly [RegExp, string])[] = [
  [/^$/, "scenario"],
  [/^(guest|backend|disk|start|walk)$/, ""],
  [/^disk\/content$/, "content"],
  [/^walk\/wrong$/, "landmark"],
  [/^workload\/\d+$/, "step"],
  [/\/(submit|bios)\/\d+$/, "request"],
  [/\/segments\/\d+$|\/buffer(\/\d+)?$/, "segment"],
  [/\/complete\/\d+$/, "response"],
  [/\/respond\/\d+$/, "madeUpResponse"],
  [/\/rewrite\/\d+$/, "rewrite"],
  [/\/resume$/, "backend"],
];

const NUMBERS = 'a whole number, or a string in decimal or with 0x, such as "0x1000"';
const SIZES = 'a number of bytes, or a string such as "512", "64K", "16KiB" or "1M"';
const BYTES = 'bytes in hexadecimal, two digits each, such as "55 aa", or a list of numbers';
const OPERATION = `${Object.keys(OPERATIONS).join(", ")}, or a number from 0 to 255`;

/** What is right where a string or number is not, by the last key of the place. */
const WANTED: Readonly<Record<string, string>> = {
  vdev: "a name such as xvda or its number",
  complete: '"all" or a list of request ids',
  unmap: '"all" or a list of references',
  keepsMapped: '"all", "none" or a number of grants',
  keep: '"all", "none" or a number of grants',
  content: '"zeros" or an object with "seed", "file" or "bytes"',
  file: 'a path from the folder of the scenario, with / between folders, such as "images/root.img"',
  bytes: BYTES,
  event: "the name of an event such as grant_released",
  operation: OPERATION,
  shadowId: `${NUMBERS}; -1 stands for the largest of 64 bits`,
  status: "okay, error, unsupported, or a number from -32768 to 32767",
  resize: 'a number of sectors of 512 bytes, or a size such as "1G"',
};

const PATTERNS: Readonly<Record<string, string>> = {
  [NUMBER_PATTERN]: NUMBERS,
  [SIZE_PATTERN]: SIZES,
};

/** Objects of which exactly one key is given. */
const ONE_OF: Readonly<Record<string, string>> = {
  content: 'The content is one of "seed", "file" and "bytes".',
  store: "The step changes no key: give at least one, with its value or null.",
};

const KINDS: Readonly<Record<string, string>> = {
  integer: "a whole number",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};

/** Undoes the escapes of a JSON pointer and gives list positions as numbers. */
function pathOf(pointer: string, root: unknown): JSONPath {
  const path: JSONPath = [];
  let value = root;
  for (const raw of pointer.split("/").slice(1)) {
    const part = raw.replace(/~1/g, "/").replace(/~0/g, "~");
    path.push(Array.isArray(value) ? Number(part) : part);
    value = (value as Record<string, unknown> | undefined)?.[part];
  }
  return path;
}

function valueAt(path: JSONPath, root: unknown): unknown {
  let value = root;
  for (const part of path) value = (value as Record<string | number, unknown> | undefined)?.[part];
  return value;
}

function sayValue(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function sayName(path: JSONPath): string {
  const last = path[path.length - 1];
  if (last === undefined) return "The scenario";
  return typeof last === "number" ? `Entry ${last + 1} of ${String(path[path.length - 2])}` : last;
}

function sayKinds(kinds: unknown): string {
  const list = (Array.isArray(kinds) ? kinds : String(kinds).split(",")) as string[];
  return list.map((kind) => KINDS[kind] ?? kind).join(" or ");
}

function unknownKey(path: JSONPath, key: string): string {
  const place = path.join("/");
  const definition = DEFINITIONS.find(([pattern]) => pattern.test(place))?.[1];
  const keys = knownKeys[definition === "" ? place : (definition ?? "")] ?? [];
  const meant = nearestName(key, keys);
  const hint = meant ? ` Did you mean "${meant}"?` : ` Known here: ${keys.join(", ")}.`;
  return `"${key}" is not known ${path.length === 0 ? "in a scenario" : `in ${sayName(path)}`}.${hint}`;
}

function report(source: ScenarioSource, error: SchemaError, root: unknown): void {
  const path = pathOf(error.instancePath, root);
  const value = valueAt(path, root);
  const name = sayName(path);
  const params = error.params;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params["additionalProperty"]);
      source.errorAtKey("schema.unknown-key", [...path, key], unknownKey(path, key));
      return;
    }
    case "required": {
      const key = String(params["missingProperty"]);
      source.error("schema.missing-key", path, `${name} needs "${key}".`);
      return;
    }
    case "enum": {
      const allowed = params["allowedValues"] as unknown[];
      const names = allowed.filter((one): one is string => typeof one === "string");
      const meant = typeof value === "string" ? nearestName(value, names) : null;
      const list = allowed.map((one) => JSON.stringify(one)).join(", ");
      const hint = meant ? ` Did you mean "${meant}"?` : "";
      const right = allowed.length === 1 ? `has to be ${list}` : `is one of ${list}`;
      const text = `${name} is ${sayValue(value)}, but it ${right}.${hint}`;
      source.error("schema.value", path, text);
      return;
    }
    case "type": {
      const text = `${name} is ${sayValue(value)}, but it has to be ${sayKinds(params["type"])}.`;
      source.error("schema.type", path, text);
      return;
    }
    case "pattern": {
      const last = path[path.length - 1] ?? "";
      const wanted = WANTED[last] ?? PATTERNS[String(params["pattern"])] ?? "something else";
      source.error(
        "schema.value",
        path,
        `${name} is ${sayValue(value)}, but it has to be ${wanted}.`,
      );
      return;
    }
    case "minimum":
    case "maximum": {
      const bound = error.keyword === "minimum" ? "at least" : "at most";
      const text = `${name} is ${sayValue(value)}, but it has to be ${bound} ${String(params["limit"])}.`;
      source.error("schema.value", path, text);
      return;
    }
    case "minProperties":
    case "maxProperties": {
      const last = path[path.length - 1] ?? "";
      const steps = (knownKeys["step"] ?? []).join(", ");
      const text = ONE_OF[last] ?? `A step does one thing: it has one of ${steps}.`;
      source.error("schema.step", path, text);
      return;
    }
    case "minItems": {
      const last = path[path.length - 1] ?? "";
      const what = last === "submit" || last === "bios" ? "request" : "entry";
      source.error("schema.empty", path, `${name} is empty: put at least one ${what} in it.`);
      return;
    }
    case "propertyNames": {
      const key = String(params["propertyName"]);
      const text = `"${key}" is no key of xenstore: it has letters, digits and - / _ @, such as feature-persistent.`;
      source.errorAtKey("schema.store-key", [...path, key], text);
      return;
    }
    default:
      source.error("schema.value", path, `${name} is ${sayValue(value)}, which does not fit here.`);
  }
}

/** Errors that say nothing new: of the parts of a condition, and of the values where the type is wrong. */
function worthSaying(errors: readonly SchemaError[]): SchemaError[] {
  const mistyped = new Set(
    errors.filter(({ keyword }) => keyword === "type").map(({ instancePath }) => instancePath),
  );
  return errors.filter(
    ({ keyword, instancePath, propertyName }) =>
      keyword !== "if" &&
      propertyName === undefined &&
      (keyword !== "enum" || !mistyped.has(instancePath)),
  );
}

/** Reports what breaks the schema; true when nothing does. */
export function checkSchema(source: ScenarioSource, root: unknown): boolean {
  if (validateScenario(root)) return true;
  for (const error of worthSaying(validateScenario.errors ?? [])) report(source, error, root);
  return false;
}
