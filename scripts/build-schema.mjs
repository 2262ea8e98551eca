/**
 * Turns schemas/blkfront.schema.json into src/inputs/generated/validate-scenario.js, a module that
 * checks a value without a schema compiler: the extension stays small, and no code is made from text
 * at run time, which the browser's content security policy forbids. And writes what the requests of the
 * debug protocol take into src/adapter/generated/request-schemas.js, as data: as code it would be eight
 * times as long.
 *
 * A module is written only when it changes, so that a watching build does not run in circles.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import Ajv from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import { requestSchemas } from "./request-schemas.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const schemaFile = path.join(root, "schemas", "blkfront.schema.json");
const scenarioModule = path.join(root, "src", "inputs", "generated", "validate-scenario.js");
const requestModule = path.join(root, "src", "adapter", "generated", "request-schemas.js");

/** Keywords that only readers and editors need; without them the module is half as long. */
const ANNOTATIONS = new Set([
  "title",
  "description",
  "default",
  "examples",
  "defaultSnippets",
  "enumDescriptions",
  "patternErrorMessage",
]);

/** The schema without annotations. In `properties` and `definitions` the keys are names. */
function onlyChecks(schema) {
  if (Array.isArray(schema)) return schema.map(onlyChecks);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties" || key === "definitions") {
      kept[key] = Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, onlyChecks(inner)]),
      );
    } else if (!ANNOTATIONS.has(key)) {
      kept[key] = onlyChecks(value);
    }
  }
  return kept;
}

/** The keys of every object, by the name of its definition, to say which one a misspelt key meant. */
function knownKeys(schema) {
  const objects = { scenario: schema, ...schema.definitions };
  return Object.fromEntries(
    Object.entries(objects)
      .filter(([, object]) => object.properties)
      .map(([name, object]) => [name, Object.keys(object.properties)]),
  );
}

/** Checks scenarios. */
async function scenarioCode() {
  const schema = onlyChecks(JSON.parse(await readFile(schemaFile, "utf8")));
  const ajv = new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    strictTypes: false,
    code: { source: true, esm: true, lines: true },
  });
  const code = standaloneCode(ajv, ajv.compile(schema));
  if (/\brequire\(/.test(code)) {
    throw new Error(
      `${path.relative(root, schemaFile)} uses a keyword whose check needs a library at run time ` +
        "(minLength, maxLength, uniqueItems, const of an object, format).",
    );
  }
  const keys = `export const knownKeys = ${JSON.stringify(knownKeys(schema))};`;
  const head = "/* Made by scripts/build-schema.mjs from schemas/blkfront.schema.json. */";
  return `${head}\n${code}\n${keys}\n`;
}

/** What the requests of the debug protocol take, and those that the adapter adds. */
async function requestCode() {
  const { definitions, argumentsOf } = await requestSchemas();
  return [
    "/* Made by scripts/build-schema.mjs from the debug protocol's types and src/adapter/custom-requests.ts. */",
    `export const definitions = ${JSON.stringify(definitions, null, 1)};`,
    `export const argumentsOf = ${JSON.stringify(argumentsOf, null, 1)};`,
    "",
  ].join("\n");
}

/** @returns whether it was another before */
async function write(target, text) {
  const old = await readFile(target, "utf8").catch(() => null);
  if (old === text) return false;
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
  return true;
}

export async function buildSchema() {
  const modules = [
    [scenarioModule, await scenarioCode()],
    [requestModule, await requestCode()],
  ];
  for (const [target, text] of modules) {
    const changed = await write(target, text);
    console.log(`${path.relative(root, target)} ${changed ? "written" : "is up to date"}`);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildSchema();
}
