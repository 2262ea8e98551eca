import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { build } from "./subject.js";

const subject = await build(`
  export function straight(a: number): number {
    const b = a + 1;
    let c;
    c = b * 2;
    ;
    return c;
  }
  export function branches(n: number): string {
    if (n === 0) return "none";
    else if (n === 1) {
      return "one";
    } else return "many";
  }
  export function whiles(n: number): number {
    let i = 0;
    while (i < n) i++;
    do {
      i--;
    } while (i > 0);
    return i;
  }
  export function fors(n: number): number {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      if (i === 1) continue;
      sum += i;
    }
    for (;;) break;
    for (let j = n; j > 0; ) j--;
    return sum;
  }
  export function lists(list: number[]): number {
    let sum = 0;
    for (const x of list) sum += x;
    for (const key in list) {
      sum += Number(key);
    }
    return sum;
  }
  export function switches(n: number): number {
    switch (n) {
      case 0:
        return 10;
      case 1: {
        n++;
      }
      case 2:
        const more = n;
        n += more;
        break;
      default:
        n = -1;
    }
    return n;
  }
  export function labels(): number {
    let count = 0;
    outer: for (let i = 0; i < 3; i++) {
      inner: while (true) {
        count++;
        if (i === 1) continue outer;
        break inner;
      }
      if (i === 2) break outer;
    }
    return count;
  }
  export function nothing(): void {}
  function TWICE(n: number): number {
    return double(n);
  }
  export function expands(): number {
    return TWICE(4);
  }
  function double(n: number): number {
    return n * 2;
  }
  export function calls(): number {
    const twice = double(double(1));
    return double(twice);
  }
  export function fallsOff(): void {
    double(1);
  }
  export function callsAll(): void {
    fallsOff();
    nothing();
    calls();
  }
  export function throws(n: number): number {
    if (n > 0) throw new Error("no");
    return n;
  }
  export function catches(n: number): string {
    try {
      throws(n);
      return "fine";
    } catch (error) {
      const { message } = error as Error;
      return message;
    }
  }
  export function catchesAll(): string {
    try {
      throws(1);
    } catch {
      return String(double(1));
    }
    return "";
  }
`);

function texts(name: string, ...args: unknown[]): string[] {
  return subject.texts(() => subject.stepped<(...args: unknown[]) => unknown>(name)(...args));
}

function depths(name: string, ...args: unknown[]): number[] {
  return subject
    .trace(() => subject.stepped<(...args: unknown[]) => unknown>(name)(...args))
    .map(({ depth }) => depth);
}

describe("the order of steps", () => {
  it("is that of the statements, declarations without a value left out", () => {
    assert.deepEqual(texts("straight", 1), ["const b = a + 1;", "c = b * 2;", "return c;"]);
  });

  it("enters one branch", () => {
    assert.deepEqual(texts("branches", 0), ["if (n === 0)", 'return "none";']);
    assert.deepEqual(texts("branches", 1), ["if (n === 0)", "if (n === 1)", 'return "one";']);
    assert.deepEqual(texts("branches", 2), ["if (n === 0)", "if (n === 1)", 'return "many";']);
  });

  it("comes to the head of while and do each time it is evaluated", () => {
    assert.deepEqual(texts("whiles", 2), [
      "let i = 0;",
      "while (i < n)",
      "i++;",
      "while (i < n)",
      "i++;",
      "while (i < n)",
      "i--;",
      "while (i > 0);",
      "i--;",
      "while (i > 0);",
      "return i;",
    ]);
  });

  it("comes to the head of for once, then to its increment and test", () => {
    assert.deepEqual(texts("fors", 2), [
      "let sum = 0;",
      "for (let i = 0; i < n; i++)",
      "if (i === 1)",
      "sum += i;",
      "i++",
      "if (i === 1)",
      "continue;",
      "i++",
      "for (;;)",
      "break;",
      "for (let j = n; j > 0; )",
      "j--;",
      "j > 0",
      "j--;",
      "j > 0",
      "return sum;",
    ]);
  });

  it("says which entry of the table is the second part of which head", () => {
    const again = subject.statements.find(({ text }) => text === "i++");
    assert.equal(subject.statements[again?.again ?? -1]?.text, "for (let i = 0; i < n; i++)");
    assert.ok(
      subject.statements.filter(({ text }) => text === "i++;").every((s) => s.again === -1),
    );
  });

  it("comes to the head of for-of and for-in once", () => {
    assert.deepEqual(texts("lists", [5, 6]), [
      "let sum = 0;",
      "for (const x of list)",
      "sum += x;",
      "sum += x;",
      "for (const key in list)",
      "sum += Number(key);",
      "sum += Number(key);",
      "return sum;",
    ]);
  });

  it("falls through the cases of a switch", () => {
    assert.deepEqual(texts("switches", 0), ["switch (n)", "return 10;"]);
    assert.deepEqual(texts("switches", 1), [
      "switch (n)",
      "n++;",
      "const more = n;",
      "n += more;",
      "break;",
      "return n;",
    ]);
    assert.deepEqual(texts("switches", 7), ["switch (n)", "n = -1;", "return n;"]);
  });

  it("follows labels", () => {
    const seen = texts("labels");
    assert.equal(seen.filter((text) => text === "count++;").length, 3);
    assert.equal(seen.filter((text) => text === "continue outer;").length, 1);
    assert.equal(subject.stepped<() => number>("labels")(), 3);
  });

  it("goes through calls, each one deeper than its caller", () => {
    assert.deepEqual(texts("calls"), [
      "const twice = double(double(1));",
      "return n * 2;",
      "return n * 2;",
      "return double(twice);",
      "return n * 2;",
    ]);
    assert.deepEqual(depths("calls"), [1, 2, 2, 1, 2]);
    assert.deepEqual(depths("callsAll"), [1, 2, 3, 1, 1, 2, 3, 3, 2, 3]);
  });

  it("does not enter macros, but what they call", () => {
    assert.deepEqual(texts("expands"), ["return TWICE(4);", "return n * 2;"]);
    assert.deepEqual(depths("expands"), [1, 2]);
  });

  it("ends where something is thrown, and goes on where it is caught", () => {
    assert.deepEqual(texts("throws", 1), ["if (n > 0)", 'throw new Error("no");']);
    assert.deepEqual(texts("catches", 1), [
      "throws(n);",
      "if (n > 0)",
      'throw new Error("no");',
      "const { message } = error as Error;",
      "return message;",
    ]);
    assert.deepEqual(depths("catches", 1), [1, 2, 2, 1, 1]);
    assert.deepEqual(depths("catchesAll"), [1, 2, 2, 1, 2]);
  });

  it("is the same however often the track overflows", () => {
    const run = () => subject.stepped<(n: number) => number>("whiles")(100_000);
    const seen = subject.texts(run);
    assert.equal(seen.length, 4 * 100_000 + 3);
    assert.equal(seen[0], "let i = 0;");
    assert.equal(seen[200_001], "while (i < n)");
    assert.equal(seen[200_002], "i--;");
  });

  it("leaves results as the plain build has them", () => {
    for (const [name, ...args] of [
      ["straight", 3],
      ["branches", 2],
      ["whiles", 3],
      ["fors", 5],
      ["lists", [1, 2, 3]],
      ["switches", 0],
      ["switches", 1],
      ["switches", 2],
      ["switches", 3],
      ["labels"],
      ["calls"],
      ["catches", 0],
      ["catches", 1],
      ["catchesAll"],
    ] as const) {
      type Any = (...args: readonly unknown[]) => unknown;
      assert.deepEqual(
        subject.stepped<Any>(name)(...args),
        subject.plain<Any>(name)(...args),
        name,
      );
    }
  });
});
