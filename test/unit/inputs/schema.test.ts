import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseScenario } from "../../../src/inputs/scenario-file.js";

interface Schema {
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  enumDescriptions?: string[];
  properties?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
  additionalProperties?: boolean;
  items?: Schema;
  $ref?: string;
}

const schema = JSON.parse(readFileSync("schemas/blkfront.schema.json", "utf8")) as Schema;
const definitions = schema.definitions ?? {};

/** Every object of the schema with the name of its definition. */
const objects: [string, Schema][] = [["scenario", schema], ...Object.entries(definitions)];

test("every key has a description, and every choice its own", () => {
  for (const [name, object] of objects) {
    for (const [key, property] of Object.entries(object.properties ?? {})) {
      const described = property.$ref
        ? definitions[property.$ref.replace("#/definitions/", "")]
        : property;
      assert.ok(described?.description, `${name}.${key}`);
      if (property.enum) assert.equal(property.enumDescriptions?.length, property.enum.length);
    }
    if (object.properties) assert.equal(object.additionalProperties, false, name);
  }
});

test("the defaults that editors show are those that are used", () => {
  const written = (group: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(definitions[group]?.properties ?? {})
        .filter(([, property]) => "default" in property)
        .map(([key, property]) => [key, property.default]),
    );
  const shown = { guest: written("guest"), backend: written("backend"), disk: written("disk") };
  const said = parseScenario(JSON.stringify({ ...shown, start: written("start"), workload: [] }));
  const unsaid = parseScenario(`{ "start": {}, "workload": [] }`);
  assert.deepEqual(said, unsaid);
  assert.deepEqual(said.problems, []);
});

test("the examples of every setting are accepted", () => {
  for (const group of ["guest", "backend", "disk"]) {
    for (const [key, property] of Object.entries(definitions[group]?.properties ?? {})) {
      for (const value of [...(property.examples ?? []), ...(property.enum ?? [])]) {
        const { problems } = parseScenario(
          JSON.stringify({ [group]: { [key]: value }, workload: [] }),
        );
        assert.deepEqual(problems, [], `${group}.${key}: ${JSON.stringify(value)}`);
      }
    }
  }
});
