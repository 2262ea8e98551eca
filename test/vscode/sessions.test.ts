// The life of a session: restart, stop, and the next one.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { example, read, rewrite, show, write } from "./support/files";
import { until } from "./support/until";
import { endEverything, launchOf, listen, listenNoMore, walk } from "./support/walking";

const RESTART = "workbench.action.debug.restart";
const STOP = "workbench.action.debug.stop";

describe("a session", () => {
  before(listen);
  after(listenNoMore);
  afterEach(endEverything);

  it("restarts at the first request", async () => {
    const walking = await walk(launchOf(example("first-walk.blkfront.json")));
    const entry = await walking.position();
    await walking.move("grantwalk.nextGrant");
    const again = await walking.move(RESTART);
    assert.equal(again.step, entry.step);
    assert.equal(walking.stops.at(-1)?.reason, "entry");
    assert.equal(vscode.debug.activeDebugSession?.id, walking.session.id);
    // The commands move the new walk.
    assert.ok((await walking.move("grantwalk.nextGrant")).step > entry.step);
  });

  it("restarts with the file as it is now", async () => {
    const text = await read(example("unaligned-64k.blkfront.json"));
    const uri = await write("again.blkfront.json", text);
    const { document } = await show(uri);
    const walking = await walk(launchOf(uri));
    const { length } = await walking.position();
    // Fewer grants, and so fewer steps.
    await rewrite(document, text.replaceAll('"0x2600"', '"0x1000"'));
    const again = await walking.move(RESTART);
    assert.ok(again.length < length);
  });

  it("ends when it is stopped, and leaves no stop behind", async () => {
    const walking = await walk(launchOf(example("first-walk.blkfront.json")));
    await vscode.commands.executeCommand(STOP);
    await until("the session to end", () => walking.hasEnded);
    await until("no active session", () => vscode.debug.activeDebugSession === undefined);
    assert.equal(walking.stops.length, 1);
  });

  it("is followed by another, which the commands then move", async () => {
    const first = await walk(launchOf(example("first-walk.blkfront.json")));
    await first.move("grantwalk.nextGrant");
    await first.end();
    const stops = first.stops.length;
    const second = await walk(launchOf(example("captures/write-48k.trace.txt")));
    const entry = await second.position();
    assert.equal(entry.step, entry.entry);
    assert.ok((await second.move("grantwalk.nextGrant")).step > entry.step);
    assert.equal(first.stops.length, stops);
  });
});
