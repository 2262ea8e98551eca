// The page object against an extension that is known to work.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { makeMiniExtension } from "./mini-extension";
import { Workbench } from "./workbench";

let workbench: Workbench;
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-mini-"));

before(async () => {
  const mini = await makeMiniExtension(temporary);
  workbench = await Workbench.open({ ...mini, theme: "dark" });
});

after(async () => {
  await workbench?.close();
  fs.rmSync(temporary, { recursive: true, force: true });
});

test("a file opens and its lines are read", () =>
  workbench.watch("open file", async () => {
    await workbench.openFile("story.txt");
    await workbench.goTo(3);
    assert.deepEqual(
      (await workbench.visibleLines()).slice(0, 3).map(({ line, text }) => [line, text]),
      [
        [1, "one"],
        [2, "two"],
        [3, "three"],
      ],
    );
    assert.deepEqual(await workbench.tabs(), ["story.txt"]);
  }));

test("a webview is found and clicked, and its extension answers", () =>
  workbench.watch("webview", async () => {
    await workbench.command("Mini: Open Panel");
    const frame = await workbench.webview("#add");
    await frame.locator("#add").click();
    await frame.locator("#add").click();
    await workbench.until(
      "the sum",
      () => frame.locator("#sum").innerText(),
      (sum) => sum === "2",
    );
  }));

test("a debug session is read and stepped", () =>
  workbench.watch("debug", async () => {
    await workbench.command("Mini: Debug");
    const stack = await workbench.until(
      "the call stack",
      () => workbench.callStack(),
      (rows) => rows.some((row) => row.name === "outer"),
    );
    assert.deepEqual(
      stack.slice(-2).map((row) => row.name),
      ["inner", "outer"],
    );
    await workbench.expandVariable("Locals", "ring", "slot");
    const names = (await workbench.variables()).map((row) => [row.level, row.name, row.value]);
    assert.deepEqual(names, [
      [1, "Locals", undefined],
      [2, "count", "1"],
      [2, "ring", "{...}"],
      [3, "size", "32"],
      [3, "slot", "{...}"],
      [4, "id", "7"],
      [3, "many", "{...}"],
    ]);

    // More rows than the view can show at once.
    await workbench.expandVariable("Locals", "ring", "many", "item58");
    const all = await workbench.variables();
    assert.equal(all.length, 7 + 60 + 1);
    assert.deepEqual(
      all.slice(-3).map((row) => [row.level, row.name, row.value]),
      [
        [4, "item58", "{...}"],
        [5, "id", "7"],
        [4, "item59", "{...}"],
      ],
    );
    assert.deepEqual(await workbench.stoppedLine(), { line: 1, text: "one" });

    await workbench.press("F10");
    await workbench.until(
      "the stopped line",
      () => workbench.stoppedLine(),
      (stopped) => stopped?.text === "two",
    );
    await workbench.until(
      "the variables",
      () => workbench.variables(),
      (rows) => rows[1]?.value === "2",
    );
    await workbench.debugButton("Disconnect").or(workbench.debugButton("Stop")).first().click();
  }));

test("the theme changes in the open window", () =>
  workbench.watch("theme", async () => {
    await workbench.changeTheme("contrast");
    await workbench.changeTheme("light");
  }));

test("the window loads again", () =>
  workbench.watch("reload", async () => {
    await workbench.reload();
    await workbench.command("Mini: Open Panel");
    const frame = await workbench.webview("#add");
    await frame.locator("#add").click();
    assert.match(await workbench.screenshot("mini"), /mini\.png$/);
    workbench.assertNoComplaints();
    await frame.evaluate(() => console.error("a complaint"));
    assert.deepEqual(workbench.complaints, ["a complaint"]);
  }));
