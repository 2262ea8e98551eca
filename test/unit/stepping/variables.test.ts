import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { build } from "./subject.js";

const subject = await build(
  `
  import { each } from "../helper";
  interface pair { a: number; b: number }
  type Reader = () => number;

  export function declared(n: number): number {
    const a = n + 1;
    let b: number;
    let c = a, d = c * 2;
    b = d;
    return b;
  }
  export function shadows(x: number): number {
    {
      const x = "inner";
      touch(x);
      {
        let x = true;
        touch(x);
      }
      touch("after");
    }
    touch(x);
    return x;
  }
  function touch(what: unknown): void {
    void what;
  }
  export function destructures({ a, b: renamed }: pair, [first, ...rest]: number[]): number {
    const { length } = rest;
    const { a: { deep = 7, ...others } = {}, list: [, second] } = { list: [1, 2], a: { other: 1 } } as any;
    const [x, y = x]: number[] = [first];
    let { z }: { z: number } = { z: y };
    z++;
    return a + renamed + length + deep + Object.keys(others).length + second + z;
  }
  export function loops(list: number[]): number {
    let total = 0;
    for (let i = 0, n = list.length; i < n; i++) {
      const value = list[i]!;
      total += value;
    }
    for (const [key, { v }] of list.map((v) => [v, { v }] as const)) total += key + v;
    for (const key in { one: 1 }) {
      total += key.length;
    }
    return total;
  }
  export function closures(): number[] {
    const readers: Reader[] = [];
    for (let i = 0; i < 3; i++) {
      const square = i * i;
      readers.push(() => { return i * 100 + square; });
    }
    for (const x of [7, 8]) {
      readers.push(() => x);
    }
    let n = 0;
    while (n < 2) {
      let mine = n++;
      readers.push(() => mine++);
    }
    return [...readers, ...readers].map((read) => read());
  }
  export function headCalls(n: number): number {
    let i = 0;
    for (let left = n; left > limit(left); left = less(left)) {
      left--;
      i++;
    }
    return i;
  }
  function limit(of: number): number {
    return of < 0 ? of : 0;
  }
  function less(by: number): number {
    return by - 1;
  }
  export function caught(): number {
    const before = 1;
    try {
      const inside = 2;
      throw new Error("x" + inside);
    } catch (error) {
      const length = String(error).length;
      return length + before;
    }
  }
  export function cases(n: number): number {
    switch (n) {
      case 0:
        let zero = "z";
        touch(zero);
        break;
      default:
        const other = n;
        touch(other);
    }
    return n;
  }
  const methods = {
    method(by: number): number {
      const result = by + 1;
      return result;
    },
    arrow: (by: number): number => {
      return by + 2;
    },
  };
  export const arrow = (by: number): number => {
    const here = methods.method(by);
    return methods.arrow(here);
  };
  export function callback(): number {
    let sum = 0;
    each([1, 2], (item) => {
      const doubled = item * 2;
      sum += doubled;
    });
    return sum;
  }
  export function recursion(n: number): number {
    const here = n * 10;
    if (n === 0) return here;
    return recursion(n - 1) + here;
  }
  export function early(n: number): number {
    if (n > 0) {
      const why = "early";
      touch(why);
      return 1;
    }
    const late = 2;
    return late;
  }
  export function defaults(a = 1, b = (() => { return a + 1; })()): number {
    return a + b;
  }
`,
  {
    "helper.ts":
      "export function each<T>(list: T[], f: (item: T) => void) { for (const x of list) f(x); }",
  },
);

type Any = (...args: unknown[]) => unknown;

function at(name: string, args: unknown[], text: string, n = 0) {
  return subject.at(text, () => subject.stepped<Any>(name)(...args), n).variables;
}

describe("the variables at a step", () => {
  it("are those that have been set", () => {
    assert.deepEqual(at("declared", [1], "const a = n + 1;"), { n: 1 });
    assert.deepEqual(at("declared", [1], "let c = a, d = c * 2;"), { n: 1, a: 2, b: undefined });
    assert.deepEqual(at("declared", [1], "b = d;"), { n: 1, a: 2, b: undefined, c: 2, d: 4 });
    assert.deepEqual(at("declared", [1], "return b;"), { n: 1, a: 2, b: 4, c: 2, d: 4 });
  });

  it("hide outer ones of the same name, as long as their block lasts", () => {
    assert.deepEqual(at("shadows", [5], 'const x = "inner";'), { x: 5 });
    assert.deepEqual(at("shadows", [5], "touch(x);", 0), { x: "inner" });
    assert.deepEqual(at("shadows", [5], "let x = true;"), { x: "inner" });
    assert.deepEqual(at("shadows", [5], "touch(x);", 1), { x: true });
    assert.deepEqual(at("shadows", [5], 'touch("after");'), { x: "inner" });
    assert.deepEqual(at("shadows", [5], "touch(x);", 2), { x: 5 });
  });

  it("come out of patterns", () => {
    const args = [{ a: 1, b: 2 }, [3, 4, 5]];
    const all = at("destructures", args, "z++;");
    assert.deepEqual(all, {
      a: 1,
      renamed: 2,
      first: 3,
      rest: [4, 5],
      length: 2,
      deep: 7,
      others: { other: 1 },
      second: 2,
      x: 3,
      y: 3,
      z: 3,
    });
    assert.equal(
      subject.stepped<Any>("destructures")(...args),
      subject.plain<Any>("destructures")(...args),
    );
  });

  it("of a for are seen in its body, its increment and what they call", () => {
    assert.deepEqual(at("loops", [[4, 5]], "for (let i = 0, n = list.length; i < n; i++)"), {
      list: [4, 5],
      total: 0,
    });
    assert.deepEqual(at("loops", [[4, 5]], "total += value;", 1), {
      list: [4, 5],
      total: 4,
      i: 1,
      n: 2,
      value: 5,
    });
    assert.deepEqual(at("loops", [[4, 5]], "i++", 1), { list: [4, 5], total: 9, i: 1, n: 2 });
    const run = () => subject.stepped<Any>("headCalls")(5);
    const inLimit = subject.texts(run).indexOf("return of < 0 ? of : 0;");
    assert.deepEqual(subject.pauseAt(inLimit, run)[1], {
      function: "headCalls",
      text: "for (let left = n; left > limit(left); left = less(left))",
      variables: { n: 5, i: 0 },
    });
    const inLess = subject.texts(run).indexOf("return by - 1;");
    assert.deepEqual(subject.pauseAt(inLess, run)[1], {
      function: "headCalls",
      text: "left = less(left)",
      variables: { n: 5, i: 1, left: 4 },
    });
  });

  it("of a for-of or a for-in are seen in its body", () => {
    assert.deepEqual(at("loops", [[4]], "total += key + v;"), {
      list: [4],
      total: 4,
      key: 4,
      v: 4,
    });
    assert.deepEqual(at("loops", [[4]], "total += key.length;"), {
      list: [4],
      total: 12,
      key: "one",
    });
  });

  it("belong to their own iteration when a closure keeps them", () => {
    assert.deepEqual(subject.stepped<Any>("closures")(), subject.plain<Any>("closures")());
    const run = () => subject.stepped<Any>("closures")();
    assert.equal(subject.at("return i * 100 + square;", run, 2).function, "push callback");
  });

  it("include what is caught, and what the outer blocks have", () => {
    const variables = at("caught", [], "return length + before;");
    assert.deepEqual(Object.keys(variables), ["before", "error", "length"]);
    assert.equal(variables["length"], "Error: x2".length);
  });

  it("of a switch belong to all its cases", () => {
    assert.deepEqual(at("cases", [0], "touch(zero);"), { n: 0, zero: "z" });
    assert.deepEqual(at("cases", [3], "const other = n;"), { n: 3, zero: undefined });
    assert.deepEqual(at("cases", [3], "touch(other);"), { n: 3, zero: undefined, other: 3 });
    assert.deepEqual(at("cases", [3], "return n;"), { n: 3 });
  });

  it("of early returns are gone later", () => {
    assert.deepEqual(at("early", [1], "return 1;"), { n: 1, why: "early" });
    assert.deepEqual(at("early", [0], "return late;"), { n: 0, late: 2 });
  });
});

describe("the stack", () => {
  it("has every function with its own variables, innermost first", () => {
    const run = () => subject.stepped<Any>("arrow")(1);
    const step = subject.texts(run).indexOf("return result;");
    assert.deepEqual(subject.pauseAt(step, run), [
      { function: "method", text: "return result;", variables: { by: 1, result: 2 } },
      { function: "arrow", text: "const here = methods.method(by);", variables: { by: 1 } },
    ]);
  });

  it("goes through functions that have no probes", () => {
    const run = () => subject.stepped<Any>("callback")();
    const step = subject.texts(run).lastIndexOf("sum += doubled;");
    assert.deepEqual(
      subject.pauseAt(step, run).map((frame) => [frame.function, frame.variables]),
      [
        ["each callback", { item: 2, doubled: 4 }],
        ["callback", { sum: 2 }],
      ],
    );
  });

  it("has a frame for each level of a recursion", () => {
    const run = () => subject.stepped<Any>("recursion")(3);
    const step = subject.texts(run).indexOf("return here;");
    assert.deepEqual(
      subject.pauseAt(step, run).map(({ variables }) => variables),
      [0, 1, 2, 3].map((n) => ({ n, here: n * 10 })),
    );
  });

  it("is as deep as the step says", () => {
    for (const [name, ...args] of [
      ["recursion", 3],
      ["callback"],
      ["arrow", 1],
      ["headCalls", 4],
    ] as const) {
      const run = () => subject.stepped<Any>(name)(...args);
      for (const [step, { depth, text }] of subject.trace(run).entries()) {
        const stack = subject.pauseAt(step, run);
        assert.equal(stack.length, depth, `${name} ${step}`);
        assert.equal(stack[0]?.text, text);
      }
    }
  });

  it("is that of the default of a parameter while that is computed", () => {
    const run = () => subject.stepped<Any>("defaults")();
    assert.deepEqual(subject.texts(run), ["return a + 1;", "return a + b;"]);
    assert.equal(subject.stepped<Any>("defaults")(), 3);
  });
});

describe("the table", () => {
  it("names functions, their parameters and their lines in the original file", () => {
    const find = (name: string) => subject.functions.find((f) => f.name === name);
    assert.deepEqual(find("destructures")?.parameters, ["a", "renamed", "first", "rest"]);
    assert.equal(find("declared")?.file, "blkfront/subject.ts");
    assert.equal(find("declared")?.line, 6);
    assert.equal(find("declared")?.endLine, 12);
  });

  it("has ranges that cover the text of each statement, and numbers in the order of the source", () => {
    const places = subject.statements.map(({ line, column }) => line * 1000 + column);
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
    const one = subject.statements.find(({ text }) => text === "b = d;");
    assert.deepEqual([one?.line, one?.column, one?.endLine, one?.endColumn], [10, 5, 10, 11]);
  });
});
