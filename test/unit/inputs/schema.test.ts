import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { KERNEL_CALLS, type WorkloadStep } from "../../../src/core/scenario.js";
import { BACKEND_PROFILES } from "../../../src/inputs/scenario-defaults.js";
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

/** The keys of every member of a union. */
type KeyOf<T> = T extends unknown ? keyof T : never;

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
      for (const choice of [property, property.items]) {
        if (choice?.enum) assert.equal(choice.enumDescriptions?.length, choice.enum.length, key);
      }
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
        const errors = problems.filter(({ severity }) => severity === "error");
        assert.deepEqual(errors, [], `${group}.${key}: ${JSON.stringify(value)}`);
      }
    }
  }
});

test("the examples of every step are accepted", () => {
  for (const [key, property] of Object.entries(definitions["step"]?.properties ?? {})) {
    if (key === "interrupt") continue;
    for (const value of [...(property.examples ?? []), ...(property.enum ?? [])]) {
      const { scenario, problems } = parseScenario(
        JSON.stringify({ workload: [{ [key]: value }] }),
      );
      assert.ok(scenario, `${key}: ${JSON.stringify(value)}: ${JSON.stringify(problems)}`);
    }
  }
});

test("a step of the schema is one that the machine knows, and the other way round", () => {
  // The compiler holds this list against the type.
  const known: Record<KeyOf<WorkloadStep>, true> = {
    submit: true,
    bios: true,
    complete: true,
    respond: true,
    overrun: true,
    interrupt: true,
    rewrite: true,
    keep: true,
    unmap: true,
    purge: true,
    store: true,
    resize: true,
    close: true,
    resume: true,
    openDisk: true,
    closeDisk: true,
    remove: true,
    takeGrants: true,
    giveGrants: true,
    wait: true,
  };
  assert.deepEqual(
    Object.keys(definitions["step"]?.properties ?? {}).sort(),
    Object.keys(known).sort(),
  );
});

test("the calls that can fail are those of the model", () => {
  const failing = definitions["guest"]?.properties?.["failing"]?.items?.enum;
  assert.deepEqual([...(failing ?? [])].sort(), [...KERNEL_CALLS].sort());
});

test("the profiles are those of the model", () => {
  const profiles = definitions["backend"]?.properties?.["profile"]?.enum;
  assert.deepEqual(profiles, Object.keys(BACKEND_PROFILES));
});
