import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command, HostMessage, SavedView } from "../../../src/panel/messages.js";
import { PanelSession } from "../../../src/panel/panel-session.js";
import type { CursorView } from "../../../src/panel/recording.js";
import { Cursor } from "../../../src/replay/cursor.js";
import { busy64 } from "../../fixtures/panel-scenarios.js";
import { modelOf, stepOf } from "./model.js";

const grant = (index: number) => (event: Record<string, unknown>) => event["grant_idx"] === index;
const ready = { type: "ready", version: 1, saved: null };

function started(saved: SavedView | null = null): {
  session: PanelSession;
  cursor: Cursor;
  sent: HostMessage[];
  commands: Command[];
  launches: (SavedView | null)[];
  deferred: (() => void)[];
} {
  const sent: HostMessage[] = [];
  const commands: Command[] = [];
  const launches: (SavedView | null)[] = [];
  const deferred: (() => void)[] = [];
  const session = new PanelSession(
    {
      post: (message) => sent.push(message),
      run: (command) => commands.push(command),
      launch: (_again, view) => launches.push(view),
      defer: (work) => deferred.push(work),
    },
    saved,
  );
  const cursor = new Cursor(modelOf(busy64).recording);
  return { session, cursor, sent, commands, launches, deferred };
}

test("nothing is sent before the webview is ready, and then everything at once", () => {
  const { session, cursor, sent } = started();
  session.open("busy", cursor as unknown as CursorView);
  cursor.moveTo(cursor.step + 1, "goto");
  assert.equal(sent.length, 0);
  session.receive(ready);
  assert.equal(sent.length, 1);
  const [show] = sent;
  assert.ok(show?.type === "show" && show.content.kind === "session");
  assert.equal(show.content.title, "busy");
  assert.equal(show.content.state.position.step, cursor.step);
});

test("a webview that is loaded again gets everything again", () => {
  const { session, cursor, sent } = started();
  session.open("busy", cursor as unknown as CursorView);
  session.receive(ready);
  session.receive(ready);
  assert.deepEqual(
    sent.map(({ type }) => type),
    ["show", "show"],
  );
});

test("the panel moves the cursor, and follows it whoever moves it", () => {
  const { session, cursor, sent } = started();
  session.open("busy", cursor as unknown as CursorView);
  session.receive(ready);
  const step = stepOf(busy64, "grant_taken", grant(17), 1);
  session.receive({ type: "moveTo", step });
  assert.equal(cursor.step, step);
  const moved = sent.at(-1);
  assert.ok(moved?.type === "moved");
  assert.equal(moved.sections.position?.grant, 17);
  assert.equal(moved.sections.changes?.since, cursor.recording.entry);
});

test("a step beyond the end is brought inside", () => {
  const { session, cursor } = started();
  session.open("busy", cursor as unknown as CursorView);
  session.receive(ready);
  session.receive({ type: "moveTo", step: 1e12 });
  assert.equal(cursor.step, cursor.recording.length - 1);
});

test("what can be clicked leads to where it was set up", () => {
  const { session, cursor } = started();
  session.open("busy", cursor as unknown as CursorView);
  session.receive(ready);
  const taken = stepOf(busy64, "grant_taken", grant(17), 1);
  session.receive({ type: "moveTo", step: taken + 400 });
  session.receive({ type: "goTo", place: { kind: "grant", index: 17 } });
  assert.equal(cursor.step, taken);
  session.receive({ type: "goTo", place: { kind: "gref", gref: 60 } });
  assert.equal(cursor.step, taken);
  session.receive({ type: "goTo", place: { kind: "slot", slot: 3 } });
  assert.equal(
    cursor.step,
    stepOf(busy64, "request_id", (event) => event["slot"] === 3),
  );
  session.receive({ type: "goTo", place: { kind: "slot", slot: 31 } });
  session.receive({ type: "goTo", place: { kind: "gref", gref: 4000 } });
  assert.equal(
    cursor.step,
    stepOf(busy64, "request_id", (event) => event["slot"] === 3),
  );
});

test("what a copy overwrote comes after the move", () => {
  const { session, cursor, sent, deferred } = started();
  session.open("busy", cursor as unknown as CursorView);
  session.receive(ready);
  session.receive({ type: "moveTo", step: stepOf(busy64, "bytes_copied", grant(18), 1) });
  const moved = sent.at(-1);
  assert.ok(moved?.type === "moved");
  assert.equal(moved.sections.copy?.before, null);
  for (const work of deferred.splice(0)) work();
  const later = sent.at(-1);
  assert.ok(later?.type === "moved" && later !== moved);
  assert.ok(later.sections.copy?.before instanceof Uint8Array);
  assert.deepEqual(Object.keys(later.sections), ["copy"]);
});

test("a look behind that comes too late is dropped", () => {
  const { session, cursor, sent, deferred } = started();
  session.open("busy", cursor as unknown as CursorView);
  session.receive(ready);
  session.receive({ type: "moveTo", step: stepOf(busy64, "bytes_copied", grant(19), 1) });
  const [work] = deferred.splice(0);
  session.receive({ type: "moveTo", step: cursor.recording.entry });
  const before = sent.length;
  work?.();
  assert.equal(sent.length, before);
});

test("a choice is answered, and a window of a list stays where it was scrolled", () => {
  const { session, cursor, sent } = started();
  session.open("busy", cursor as unknown as CursorView);
  session.receive(ready);
  session.receive({ type: "choose", choices: { request: "4.0", bytes: "auto" } });
  const moved = sent.at(-1);
  assert.ok(moved?.type === "moved");
  assert.equal(moved.choices?.request, "4.0");
  assert.equal(moved.sections.request?.key, "4.0");
  session.receive({ type: "range", list: "free", from: 0, count: 1 });
  const range = sent.at(-1);
  assert.ok(range?.type === "freeItems");
  assert.equal(range.items.items.length, 1);
});

test("a restored panel says what it showed, and takes its choices up again", () => {
  const saved: SavedView = {
    version: 1,
    title: "busy",
    step: 900,
    choices: { request: "4.0", bytes: "slot" },
  };
  const { session, cursor, sent, launches } = started();
  session.receive({ ...ready, saved });
  const [empty] = sent;
  assert.ok(empty?.type === "show" && empty.content.kind === "empty");
  assert.deepEqual(empty.content.saved, { title: "busy", step: 900 });
  session.receive({ type: "launch", again: true });
  assert.deepEqual(launches, [saved]);
  session.open("busy", cursor as unknown as CursorView);
  const show = sent.at(-1);
  assert.ok(show?.type === "show" && show.content.kind === "session");
  assert.equal(show.content.choices.request, "4.0");
});

test("after the session the panel is empty, and the cursor moves without it", () => {
  const { session, cursor, sent } = started();
  session.open("busy", cursor as unknown as CursorView);
  session.receive(ready);
  session.close();
  const last = sent.at(-1);
  assert.ok(last?.type === "show" && last.content.kind === "empty");
  cursor.moveTo(cursor.step + 5, "goto");
  session.receive({ type: "moveTo", step: 1 });
  assert.equal(sent.at(-1), last);
});

test("buttons reach the host only while something is walked", () => {
  const { session, cursor, commands } = started();
  session.receive(ready);
  session.receive({ type: "command", command: "nextGrant" });
  assert.deepEqual(commands, []);
  session.open("busy", cursor as unknown as CursorView);
  session.receive({ type: "command", command: "nextGrant" });
  assert.deepEqual(commands, ["nextGrant"]);
});

test("an error is told with its detail", () => {
  const { session, sent } = started();
  session.receive(ready);
  session.fail("The scenario cannot be run", "line 3: no such page size");
  const last = sent.at(-1);
  assert.ok(last?.type === "show");
  assert.deepEqual(last.content, {
    kind: "error",
    title: "The scenario cannot be run",
    detail: "line 3: no such page size",
  });
});
