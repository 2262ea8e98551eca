/** Checks a value against the scenario's schema and says in plain words what does not fit. */

import type { JSONPath } from "jsonc-parser";
import validateScenario, { knownKeys, type SchemaError } from "./generated/validate-scenario.js";
import { nearestName } from "./nearest-name.js";
import { NUMBER_PATTERN, SIZE_PATTERN } from "./quantity.js";
import type { ScenarioSource } from "./scenario-source.js";

/** Which definition of the schema an object belongs to, by its place. */
const DEFINITIONS: readonly (readonly [RegExp, string])[] = [
  [/^$/, "scenario"],
  [/^(guest|backend|disk|start)$/, ""],
  [/^workload\/\d+$/, "step"],
  [/\/submit\/\d+$/, "request"],
  [/\/segments\/\d+$|\/buffer(\/\d+)?$/, "segment"],
  [/\/complete\/\d+$/, "response"],
];

const PATTERNS: Readonly<Record<string, string>> = {
  [NUMBER_PATTERN]: 'a whole number, or a string in decimal or with 0x, such as "0x1000"',
  [SIZE_PATTERN]: 'a number of bytes, or a string such as "512", "64K", "16KiB" or "1M"',
  "^all$": '"all" or a list of request ids',
  "^(all|none)$": '"all", "none" or a number of grants',
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
      const text = `${name} is ${sayValue(value)}, but it is one of ${list}.${hint}`;
      source.error("schema.value", path, text);
      return;
    }
    case "type": {
      const text = `${name} is ${sayValue(value)}, but it has to be ${sayKinds(params["type"])}.`;
      source.error("schema.type", path, text);
      return;
    }
    case "pattern": {
      const wanted = PATTERNS[String(params["pattern"])] ?? "a name such as xvda or its number";
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
    case "maxProperties":
      source.error("schema.step", path, 'A step has either "submit" or "complete".');
      return;
    case "minItems":
      source.error("schema.empty", path, `${name} is empty: put at least one request in it.`);
      return;
    default:
      source.error("schema.value", path, `${name} is ${sayValue(value)}, which does not fit here.`);
  }
}

/** Reports what breaks the schema; true when nothing does. */
export function checkSchema(source: ScenarioSource, root: unknown): boolean {
  if (validateScenario(root)) return true;
  for (const error of validateScenario.errors ?? []) report(source, error, root);
  return false;
}
