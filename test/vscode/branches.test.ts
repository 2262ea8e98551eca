// Data breakpoints, the last write of a value, and what becomes of a walk whose machine is changed by hand.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { example } from "./support/files";
import {
  endEverything,
  launchOf,
  listen,
  listenNoMore,
  walk,
  type Walking,
} from "./support/walking";

const CONTINUE = "workbench.action.debug.continue";
const REVERSE = "workbench.action.debug.reverseContinue";
const PRODUCER = "info->ring.req_prod_pvt";

interface Branches {
  branches: { name: string }[];
  current: number;
}

async function value({ session }: Walking, expression: string): Promise<string> {
  const { result } = (await session.customRequest("evaluate", {
    expression,
    context: "watch",
  })) as { result: string };
  return result;
}

function set({ session }: Walking, expression: string, to: string): Thenable<unknown> {
  return session.customRequest("setExpression", { expression, value: to });
}

async function branches({ session }: Walking): Promise<Branches> {
  return (await session.customRequest("grantwalk/branches")) as Branches;
}

describe("a walk with more than one future", () => {
  let walking: Walking;

  before(listen);
  after(listenNoMore);
  beforeEach(async () => {
    walking = await walk(launchOf(example("first-walk.blkfront.json")));
  });
  afterEach(endEverything);

  it("stops at a data breakpoint, in both directions", async () => {
    const { session } = walking;
    const { dataId } = (await session.customRequest("dataBreakpointInfo", {
      name: PRODUCER,
    })) as { dataId: string };
    await session.customRequest("setDataBreakpoints", { breakpoints: [{ dataId }] });
    const first = await walking.move(CONTINUE);
    assert.match(walking.stops.at(-1)?.text ?? "", /0 → 1/);
    await walking.move(CONTINUE);
    assert.equal((await walking.move(REVERSE)).step, first.step);
  });

  it("goes to the statement that writes a value, and to the one that wrote it", async () => {
    const of = { variable: { evaluateName: PRODUCER } };
    const go = (command: string) => walking.move(() => vscode.commands.executeCommand(command, of));
    const writer = await go("grantwalk.nextWrite");
    const before = await value(walking, PRODUCER);
    await walking.move("workbench.action.debug.stepInto");
    assert.notEqual(await value(walking, PRODUCER), before);
    assert.equal((await go("grantwalk.lastWrite")).step, writer.step);
  });

  it("forks where a variable is set, and goes back to the run before", async () => {
    const { session } = walking;
    const at = await walking.position();
    await walking.move(() => set(walking, "info->is_ready", "0"));
    assert.equal((await branches(walking)).current, 1);
    assert.equal((await walking.position()).step, at.step);
    assert.equal(await value(walking, "info->is_ready"), "false");
    // The run is another one, and one can walk in it.
    await walking.move("workbench.action.debug.stepOver");
    await walking.move(() => session.customRequest("grantwalk/switchBranch", { branch: 0 }));
    assert.equal(await value(walking, "info->is_ready"), "true");
  });

  it("reads and writes the memory that a view of bytes shows", async () => {
    const { session } = walking;
    const { memoryReference } = (await session.customRequest("evaluate", {
      expression: "ring->sring",
    })) as { memoryReference: string };
    const read = async () =>
      (
        (await session.customRequest("readMemory", { memoryReference, count: 4 })) as {
          data: string;
        }
      ).data;
    const before = await read();
    await walking.move(() =>
      session.customRequest("writeMemory", { memoryReference, data: "/w==" }),
    );
    assert.notEqual(await read(), before);
  });

  it("begins anew when it is restarted", async () => {
    await walking.move(() => set(walking, "info->is_ready", "0"));
    await walking.move(() => vscode.commands.executeCommand("workbench.action.debug.restart"));
    assert.equal((await branches(walking)).branches.length, 1);
    assert.equal(await value(walking, "info->is_ready"), "true");
  });
});
