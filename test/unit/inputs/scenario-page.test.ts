import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseScenario } from "../../../src/inputs/scenario-file.js";
import { BACKEND_PROFILES } from "../../../src/inputs/scenario-defaults.js";

const page = readFileSync("docs/scenario.md", "utf8");

/** The examples of the page; those of a single group become whole files. */
const examples = [...page.matchAll(/```jsonc\n([\s\S]*?)```/g)].map(([, text = ""]) => {
  if (text.includes("{\n") && /^(\/\/.*\n)*\{/.test(text)) return text;
  return text.startsWith(`"workload"`) ? `{ ${text} }` : `{ ${text}, "workload": [] }`;
});

test("every example on the page about scenarios is accepted", () => {
  assert.ok(examples.length > 7);
  for (const example of examples) {
    assert.deepEqual(parseScenario(example).problems, [], example);
  }
});

interface Schema {
  properties?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
}

test("the page names every key of the schema", () => {
  const schema = JSON.parse(readFileSync("schemas/blkfront.schema.json", "utf8")) as Schema;
  for (const [name, object] of [
    ["scenario", schema] as const,
    ...Object.entries(schema.definitions ?? {}),
  ]) {
    for (const key of Object.keys(object.properties ?? {})) {
      assert.ok(page.includes(`\`${key}\``) || page.includes(`"${key}"`), `${name}.${key}`);
    }
  }
});

test("the page's table of profiles has the profiles' values", () => {
  const said = (value: unknown): string =>
    value === true
      ? "yes"
      : value === false
        ? "no"
        : typeof value === "number"
          ? String(value)
          : `\`${String(value)}\``;
  for (const key of Object.keys(BACKEND_PROFILES.blkback)) {
    if (key === "profile") continue;
    const row = page
      .split("\n")
      .find((line) => line.startsWith(`| \`${key}\` |`) && line.split("|").length === 7);
    const cells = row
      ?.split("|")
      .slice(2, 5)
      .map((cell) => cell.trim());
    const values = Object.values(BACKEND_PROFILES).map((profile) =>
      said(profile[key as keyof typeof profile]),
    );
    assert.deepEqual(cells, values, key);
  }
});
