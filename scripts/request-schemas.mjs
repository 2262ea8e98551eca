/** What each request takes: the debug protocol's own, and those of src/adapter/custom-requests.ts. */
import { readFile } from "node:fs/promises";
import { protocolTypes, schemasOf } from "./type-schema.mjs";

/** @typedef {import("./type-schema.mjs").Schema} Schema */

/** What the adapter asks of the client, and not the client of the adapter. */
const REVERSE = ["runInTerminal", "startDebugging"];

/** What a launch takes is the adapter's own affair: the protocol only says that it is an object. */
const OPAQUE = ["LaunchRequestArguments", "AttachRequestArguments"];

/** Distances can be negative. All other numbers of requests count something, or name it. */
const DISTANCES = new Set(["offset", "instructionOffset"]);

/** Every number of a request is whole, which the types do not say. @param {string} name @returns {Schema} */
function wholeNumber(name) {
  return DISTANCES.has(name) ? { type: "integer" } : { type: "integer", minimum: 0 };
}

/**
 * @returns {Promise<{ definitions: Record<string, Schema>, argumentsOf: Record<string, string> }>} the schemas, and
 *   the name of the one for the arguments of each command that takes any
 */
export async function requestSchemas() {
  const custom = schemasOf(
    await readFile(new URL("../src/adapter/custom-requests.ts", import.meta.url), "utf8"),
    wholeNumber,
  );
  const all = { ...custom, ...schemasOf(protocolTypes(), wholeNumber) };
  for (const name of OPAQUE) all[name] = { type: "object" };
  /** @type {Record<string, string>} */
  const argumentsOf = {};
  /** @param {string} command @param {Schema | undefined} taken */
  const add = (command, taken) => {
    if (taken?.$ref !== undefined) argumentsOf[command] = nameIn(taken.$ref);
  };
  for (const [name, { properties }] of Object.entries(all)) {
    if (!name.endsWith("Request")) continue;
    const [command] = properties.command?.enum ?? [];
    if (command !== undefined && !REVERSE.includes(command)) add(command, properties.arguments);
  }
  for (const [command, { properties }] of Object.entries(all.CustomRequests?.properties ?? {})) {
    add(command, properties.arguments);
  }
  return { definitions: reachable(all, Object.values(argumentsOf)), argumentsOf };
}

/** @param {string} reference */
function nameIn(reference) {
  return reference.replace("#/definitions/", "");
}

/**
 * The definitions of these names, and of all that they refer to. What another file declares is not looked at: to
 * such a value the handler has to look itself.
 *
 * @param {Record<string, Schema>} all
 * @param {readonly string[]} names
 */
function reachable(all, names) {
  /** @type {Record<string, Schema>} */
  const found = {};
  /** @param {string} name */
  const add = (name) => {
    if (found[name] !== undefined) return;
    all[name] ??= {};
    found[name] = /** @type {Schema} */ (all[name]);
    for (const [, other] of JSON.stringify(found[name]).matchAll(/"#\/definitions\/(\w+)"/g)) {
      add(/** @type {string} */ (other));
    }
  };
  for (const name of names) add(name);
  return found;
}
