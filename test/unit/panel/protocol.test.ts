import assert from "node:assert/strict";
import { test } from "node:test";
import { panelHtml } from "../../../src/panel/html.js";
import { packInt32s, unpackInt32s } from "../../../src/panel/pack.js";
import { changedSections, sameData } from "../../../src/panel/patch.js";
import { savedViewOf, webviewMessageOf } from "../../../src/panel/validate-message.js";
import { busy64 } from "../../fixtures/panel-scenarios.js";
import { stateAt, stepOf } from "./model.js";

const choices = { request: null, bytes: "auto" };

test("what the webview says is taken when it is of the protocol", () => {
  const good: unknown[] = [
    { type: "ready", version: 1, saved: null },
    { type: "ready", version: 1, saved: { version: 1, title: "a", step: 4, choices } },
    { type: "moveTo", step: 12 },
    { type: "command", command: "nextGrant" },
    { type: "goTo", place: { kind: "gref", gref: 158 } },
    { type: "choose", choices: { request: "4.0", bytes: "slot" } },
    { type: "range", list: "free", from: 0, count: 512 },
    { type: "launch", again: true },
    { type: "painted", step: 3 },
  ];
  for (const message of good) assert.deepEqual(webviewMessageOf(message), message);
});

test("anything else is dropped", () => {
  const bad: unknown[] = [
    null,
    "ready",
    [],
    {},
    { type: "eval", code: "1" },
    { type: "moveTo", step: -1 },
    { type: "moveTo", step: 1.5 },
    { type: "moveTo", step: "12" },
    { type: "command", command: "workbench.action.quit" },
    { type: "goTo", place: { kind: "gref" } },
    { type: "goTo", place: { kind: "file", path: "/etc/passwd" } },
    { type: "choose", choices: { request: null, bytes: "../x" } },
    { type: "choose", choices: { request: "x".repeat(5000), bytes: "auto" } },
    { type: "range", list: "other", from: 0, count: 1 },
  ];
  for (const message of bad) assert.equal(webviewMessageOf(message), null, JSON.stringify(message));
});

test("extra fields do not pass, and ranges are bounded", () => {
  assert.deepEqual(webviewMessageOf({ type: "moveTo", step: 1, __proto__: { x: 1 }, evil: 1 }), {
    type: "moveTo",
    step: 1,
  });
  assert.deepEqual(webviewMessageOf({ type: "range", list: "free", from: 0, count: 1e9 }), {
    type: "range",
    list: "free",
    from: 0,
    count: 4096,
  });
  assert.equal(savedViewOf({ version: 1, title: "a", step: -4, choices }), null);
});

test("the page lets nothing in but its script and its style sheet", () => {
  const html = panelHtml({
    nonce: "abc",
    cspSource: "https://host",
    scriptUri: 'https://host/a.js?x="1"',
    styleUri: "https://host/a.css",
  });
  assert.match(html, /default-src 'none'/);
  assert.match(html, /script-src 'nonce-abc';/);
  assert.doesNotMatch(html, /unsafe-inline|unsafe-eval/);
  assert.match(html, /src="https:\/\/host\/a\.js\?x=&quot;1&quot;"/);
  assert.doesNotMatch(html, / style=| onload=/);
});

test("numbers survive the packing", () => {
  const packed = packInt32s([0, 1, -1, 0x7fffffff]);
  const shifted = new Uint8Array(packed.length + 1);
  shifted.set(packed, 1);
  assert.deepEqual([...unpackInt32s(packed)], [0, 1, -1, 0x7fffffff]);
  assert.deepEqual([...unpackInt32s(shifted.subarray(1))], [0, 1, -1, 0x7fffffff]);
});

test("a move sends the sections that differ and no other", () => {
  const step = stepOf(busy64, "grant_taken", (event) => event["grant_idx"] === 17, 1);
  const before = stateAt(busy64, step);
  assert.deepEqual(changedSections(before, stateAt(busy64, step)), {});
  const names = Object.keys(changedSections(before, stateAt(busy64, step + 1)));
  assert.ok(names.includes("position"));
  assert.ok(!names.includes("ring") && !names.includes("request"), names.join());
  assert.equal(sameData({ a: Uint8Array.of(1) }, { a: Uint8Array.of(2) }), false);
  assert.equal(sameData([1], { 0: 1 }), false);
});
