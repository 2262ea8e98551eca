import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BuildFailure } from "esbuild";
import { build } from "./subject.js";

async function refusal(source: string): Promise<string> {
  try {
    await build(source);
  } catch (error) {
    const [first] = (error as BuildFailure).errors;
    return `${first?.location?.line}: ${first?.text}`;
  }
  return "built";
}

describe("a file that cannot be instrumented", () => {
  for (const [what, source, expected] of [
    ["a generator", "\nexport function* f() { yield 1; }", "2: a generator cannot be instrumented"],
    [
      "an async function",
      "export async function f() {}",
      "1: an async function cannot be instrumented",
    ],
    ["await", "\n\nexport const x = await 1;", "3: a step cannot wait: no await, no yield"],
    [
      "var",
      "export function f() {\n var x = 1;\n return x; }",
      "2: only let and const can be instrumented",
    ],
    [
      "finally",
      "export function f() { try { f(); }\n finally { f(); } }",
      "2: finally would run when the machine is paused",
    ],
    [
      "a class in a function",
      "export function f() {\n class A {}\n return A; }",
      "2: ClassDeclaration cannot be instrumented",
    ],
    [
      "a name of ours",
      "export function f($s: number) { return $s; }",
      "1: $s: names with a leading $ belong to the probes",
    ],
    [
      "a labelled block",
      "export function f() {\n a: { break a; } }",
      "2: only loops and switches can have a label",
    ],
  ] as const) {
    it(`is refused with its line: ${what}`, async () => {
      assert.equal(await refusal(source), expected);
    });
  }

  it("is refused when it is no TypeScript", async () => {
    assert.match(await refusal("export function f() {\n const = 1; }"), /^2: /);
  });

  it("is refused when it is imported and not there", async () => {
    await assert.rejects(build('import { x } from "./gone"; export const y = x;'));
  });
});
