// Every way in which a user moves in a walk: each leads to its statement, and each is one stop.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { example, folder } from "./support/files";
import { until } from "./support/until";
import {
  begin,
  endEverything,
  launchOf,
  listen,
  listenNoMore,
  walk,
  type Walking,
} from "./support/walking";

const OVER = "workbench.action.debug.stepOver";
const INTO = "workbench.action.debug.stepInto";
const OUT = "workbench.action.debug.stepOut";
const BACK = "workbench.action.debug.stepBack";
const CONTINUE = "workbench.action.debug.continue";
const REVERSE = "workbench.action.debug.reverseContinue";

const QUEUE_RW = vscode.Uri.from({
  scheme: "grantwalk-model",
  path: "/blkfront/patch-v2/queue-rw.ts",
});

async function depth({ session }: Walking): Promise<number> {
  const { threads } = (await session.customRequest("threads")) as { threads: { id: number }[] };
  const threadId = (vscode.debug.activeStackItem as vscode.DebugStackFrame).threadId;
  assert.ok(threads.some(({ id }) => id === threadId));
  const { totalFrames } = (await session.customRequest("stackTrace", { threadId })) as {
    totalFrames: number;
  };
  return totalFrames;
}

/** Sets a breakpoint at a text of the driver's source, and gives its line, counted from 1. */
async function breakAt(walking: Walking, text: string, condition?: string): Promise<number> {
  const document = await vscode.workspace.openTextDocument(QUEUE_RW);
  const offset = document.getText().indexOf(text);
  assert.ok(offset >= 0, text);
  const place = document.positionAt(offset);
  const breakpoint = new vscode.SourceBreakpoint(
    new vscode.Location(QUEUE_RW, new vscode.Position(place.line, 0)),
    true,
    condition,
  );
  vscode.debug.addBreakpoints([breakpoint]);
  await until("the breakpoint to be verified", async () => {
    const told = (await walking.session.getDebugProtocolBreakpoint(breakpoint)) as
      { verified?: boolean } | undefined;
    return told?.verified;
  });
  return place.line + 1;
}

describe("moving", () => {
  let walking: Walking;

  before(listen);
  after(listenNoMore);
  beforeEach(async () => {
    walking = await walk(launchOf(example("first-walk.blkfront.json")));
  });
  afterEach(endEverything);

  it("steps over, into, out and back", async () => {
    const entry = await walking.position();
    const frames = await depth(walking);

    // Over stays in its function, and back undoes it.
    const over = await walking.move(OVER);
    assert.ok(over.step > entry.step);
    assert.equal(over.function, entry.function);
    assert.equal(await depth(walking), frames);
    assert.equal((await walking.move(BACK)).step, entry.step);

    // Into gets deeper sooner or later; out leads back.
    let inside = await walking.move(INTO);
    for (let i = 0; i < 20 && (await depth(walking)) === frames; i++) {
      inside = await walking.move(INTO);
    }
    assert.equal(await depth(walking), frames + 1);
    const outside = await walking.move(OUT);
    assert.equal(await depth(walking), frames);
    assert.equal(outside.function, entry.function);
    assert.ok(outside.step > inside.step);

    // Back does not descend into what the statement before has called.
    const back = await walking.move(BACK);
    assert.equal(await depth(walking), frames);
    assert.ok(back.step < inside.step);

    // Back into does.
    await walking.move(OVER);
    const into = await walking.move("grantwalk.stepBackInto");
    assert.ok(into.step > back.step);
    assert.ok((await depth(walking)) > frames);
  });

  it("continues to the end and back to the beginning", async () => {
    const end = await walking.move(CONTINUE);
    assert.equal(end.step, end.length - 1);
    assert.match(walking.stops.at(-1)?.text ?? "", /End of the recording/);
    const start = await walking.move(REVERSE);
    assert.equal(start.step, 0);
    assert.match(walking.stops.at(-1)?.text ?? "", /Start of the recording/);
  });

  it("stops at a breakpoint in the model's source, in both directions", async () => {
    const line = await breakAt(walking, "const gnt_list_entry = get_grant(");
    const visited: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { step, line: at, file } = await walking.move(CONTINUE);
      assert.equal(`/${file}`, QUEUE_RW.path);
      assert.equal(at, line);
      assert.equal(walking.stops.at(-1)?.reason, "breakpoint");
      visited.push(step);
    }
    assert.deepEqual(
      [...visited].sort((a, b) => a - b),
      visited,
    );
    assert.equal((await walking.move(REVERSE)).step, visited[1]);
    assert.equal((await walking.move(REVERSE)).step, visited[0]);
    const editor = await until("the source at the breakpoint", () => {
      const active = vscode.window.activeTextEditor;
      return active?.selection.active.line === line - 1 && active;
    });
    assert.equal(editor.document.uri.toString(), QUEUE_RW.toString());
  });

  it("stops at a breakpoint whose condition holds", async () => {
    const line = await breakAt(walking, "const fsect = offset", "setup.grant_idx == 20");
    const position = await walking.move(CONTINUE);
    assert.equal(position.line, line);
    const frameId = (vscode.debug.activeStackItem as vscode.DebugStackFrame).frameId;
    const { result } = (await walking.session.customRequest("evaluate", {
      expression: "setup.grant_idx",
      frameId,
    })) as { result: string };
    assert.match(result, /^20\b/);
  });

  it("goes past a breakpoint that has been taken away", async () => {
    await breakAt(walking, "const gnt_list_entry = get_grant(");
    await walking.move(CONTINUE);
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    // Breakpoints and movements go the same way, so this one comes after the removal.
    await until("no breakpoints", () => vscode.debug.breakpoints.length === 0);
    const end = await walking.move(CONTINUE);
    assert.equal(end.step, end.length - 1);
  });

  it("goes from grant to grant, and back", async () => {
    const visited: number[] = [];
    for (let i = 0; i < 4; i++) {
      const { step, function: name } = await walking.move("grantwalk.nextGrant");
      assert.match(name, /^blkif_setup_rw_req_grant$|^get_(indirect_)?grant$/);
      visited.push(step);
    }
    assert.equal(new Set(visited).size, 4);
    for (const step of visited.slice(0, -1).reverse()) {
      assert.equal((await walking.move("grantwalk.previousGrant")).step, step);
    }
  });

  it("goes from request to request, and back", async () => {
    const first = await walking.move("grantwalk.nextRequest");
    const second = await walking.move("grantwalk.nextRequest");
    assert.ok(second.step > first.step);
    assert.equal(second.line, first.line);
    assert.equal((await walking.move("grantwalk.previousRequest")).step, first.step);
  });

  it("goes past breakpoints on the way to a request", async () => {
    await breakAt(walking, "const gnt_list_entry = get_grant(");
    await walking.move("grantwalk.nextRequest");
    const { file, line } = await walking.move("grantwalk.nextRequest");
    const document = await vscode.workspace.openTextDocument(QUEUE_RW);
    const isThere =
      `/${file}` === QUEUE_RW.path && document.lineAt(line - 1).text.includes("get_grant(");
    assert.ok(!isThere);
  });

  it("goes to where the scenario goes wrong", async () => {
    await walking.end();
    const program = example("gallery/defects/duplicated-response.blkfront.json");
    walking = await walk(launchOf(program));
    const there = await walking.move("grantwalk.goToWrong");
    assert.equal(there.function, "blkif_completion");
    assert.match(walking.output, /^A response that comes twice: /m);

    await walking.end();
    const configuration = launchOf(program, { stopAt: "wrong" });
    walking = await begin(() => vscode.debug.startDebugging(folder(), configuration));
    await walking.stopped(1);
    assert.equal((await walking.position()).step, there.step);
  });

  it("says so when nothing is being walked", async () => {
    await walking.end();
    const stops = walking.stops.length;
    await vscode.commands.executeCommand("grantwalk.nextGrant");
    assert.equal(walking.stops.length, stops);
  });
});
