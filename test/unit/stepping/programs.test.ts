/**
 * Random programs, each written twice: clean, for the probes, and with a call before each statement that
 * notes the variables in scope. Both have to tell the same story.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { build } from "./subject.js";

type Statement =
  | { kind: "declare" | "assign" | "call" | "capture"; value: number }
  | { kind: "if"; value: number; body: Statement[]; other: Statement[] | null }
  | { kind: "for" | "of" | "while"; value: number; body: Statement[] }
  | { kind: "block" | "try"; body: Statement[] }
  | { kind: "break" | "continue" | "return" | "throw" };

const { body: anyProgram } = fc.letrec<{ body: Statement[]; statement: Statement }>((tie) => {
  const value = fc.integer({ min: 0, max: 5 });
  const body = tie("body");
  const kinds = <K extends string>(...names: K[]) => fc.constantFrom(...names);
  return {
    body: fc.array(tie("statement"), { minLength: 1, maxLength: 5 }),
    statement: fc.oneof(
      { depthSize: "small", maxDepth: 4 },
      fc.record({ kind: kinds("declare", "assign", "call", "capture"), value }),
      fc.record({ kind: kinds("break", "continue", "return", "throw") }),
      fc.record({ kind: kinds("block", "try"), body }),
      fc.record({ kind: kinds("for", "of", "while"), value, body }),
      fc.record({ kind: fc.constant("if" as const), value, body, other: fc.option(body) }),
    ),
  };
});

/** Writes one program as two functions. */
class Writer {
  private variables = 0;

  constructor(private readonly noted: boolean) {}

  function(name: string, program: Statement[]): string {
    const scope = ["n", "sum"];
    return [
      `export function ${name}(n: number): unknown {`,
      `${this.note(["n"])} let sum = n; {`,
      ...this.list(program, scope, false),
      "}",
      `${this.note(scope)} return [sum, kept.splice(0).map((read) => read())];`,
      "}",
    ].join("\n");
  }

  /** In the noted version a call; a name stands for itself. */
  private note(scope: string[], end = ";"): string {
    return this.noted ? `note({ ${scope.join(", ")} })${end}` : "";
  }

  private list(list: Statement[], outer: string[], inLoop: boolean): string[] {
    const scope = [...outer];
    return list.flatMap((statement) => this.statement(statement, scope, inLoop));
  }

  private statement(statement: Statement, scope: string[], inLoop: boolean): string[] {
    const note = this.note(scope);
    const name = `v${this.variables++}`;
    switch (statement.kind) {
      case "declare": {
        scope.push(name);
        return [`${note} const ${name} = sum + ${statement.value};`];
      }
      case "assign":
        return [`${note} sum = (sum * 3 + ${statement.value}) % 1000;`];
      case "call":
        return [`${note} sum += leaf(${statement.value});`];
      case "capture": {
        const newest = scope[scope.length - 1];
        return [`${note} kept.push(() => ${newest});`];
      }
      case "return":
        return [`${note} if (sum % 4 === 1) { ${note} return sum; }`];
      case "throw":
        return [`${note} if (sum % 4 === 2) { ${note} throw sum; }`];
      case "break":
      case "continue":
        return inLoop ? [`${note} if (sum % 3 === 1) { ${note} ${statement.kind}; }`] : [];
      case "block":
        return ["{", ...this.list(statement.body, scope, inLoop), "}"];
      case "try":
        return [
          "try {",
          ...this.list(statement.body, scope, inLoop),
          `} catch (${name}) {`,
          `${this.note([...scope, name])} sum += 1;`,
          "}",
        ];
      case "if":
        return [
          `${note} if (sum % 5 < ${statement.value}) {`,
          ...this.list(statement.body, scope, inLoop),
          ...(statement.other ? ["} else {", ...this.list(statement.other, scope, inLoop)] : []),
          "}",
        ];
      case "of":
        return [
          `${note} for (const ${name} of [1, 2, 3].slice(${statement.value})) {`,
          ...this.list(statement.body, [...scope, name], true),
          "}",
        ];
      case "for": {
        const inner = [...scope, name];
        const again = this.note(inner, ", ");
        return [
          `${note} for (let ${name} = 0; ${name} < ${statement.value}; ${again}${name}++) {`,
          ...this.list(statement.body, inner, true),
          "}",
        ];
      }
      case "while": {
        scope.push(name);
        return [
          `${note} let ${name} = 0;`,
          `while (${this.note(scope, ", ")}${name}++ < ${statement.value}) {`,
          ...this.list(statement.body, scope, true),
          "}",
        ];
      }
    }
  }
}

const HELPERS = `
  export const kept: (() => unknown)[] = [];
  export const notes: Record<string, unknown>[] = [];
  function note(seen: Record<string, unknown>): void { notes.push({ ...seen }); }
`;

type Run = (n: number) => unknown;

function outcome(run: () => unknown): unknown {
  try {
    return { returned: run() };
  } catch (thrown) {
    return { thrown };
  }
}

it("random programs take the same steps with the same variables as when they note them themselves", async () => {
  const programs = fc.sample(anyProgram, { numRuns: 120, seed: 7 });
  const leaf = (inner: string) =>
    `function leaf(of: number): number { ${inner} if (of > 3) { ${inner} throw of; } ${inner} return of + 1; }`;
  const subject = await build(
    [
      `export const kept: (() => unknown)[] = [];`,
      leaf(""),
      ...programs.map((program, i) => new Writer(false).function(`f${i}`, program)),
    ].join("\n"),
  );
  const noted = await build(
    [
      HELPERS,
      leaf("note({ of });"),
      ...programs.map((program, i) => new Writer(true).function(`f${i}`, program)),
    ].join("\n"),
  );
  let steps = 0;
  for (const [i] of programs.entries()) {
    const run = () => {
      subject.stepped<unknown[]>("kept").length = 0;
      return subject.stepped<Run>(`f${i}`)(i);
    };
    const notes = noted.plain<Record<string, unknown>[]>("notes");
    notes.length = 0;
    noted.plain<unknown[]>("kept").length = 0;
    const expected = outcome(() => noted.plain<Run>(`f${i}`)(i));
    assert.deepEqual(outcome(run), expected);
    const seen = subject.trace(() => outcome(run));
    assert.equal(seen.length, notes.length, `program ${i}`);
    steps += seen.length;
    for (let step = 0; step < seen.length; step += 1 + (seen.length >> 4)) {
      const [innermost] = subject.pauseAt(step, run);
      assert.deepEqual(innermost?.variables, notes[step], `program ${i}, step ${step}`);
    }
  }
  assert.ok(steps > 2000, `${steps} steps`);
});
