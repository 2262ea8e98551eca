// Who works in the panel stays there: a move that the panel asks for leaves the focus where it was.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readPanel } from "./panel-view";
import { Workbench } from "./workbench";

let workbench: Workbench;

before(async () => {
  workbench = await Workbench.open({ width: 1700, height: 1200 });
  await workbench.openFile("first-walk.blkfront.json");
  await workbench.startDebugging();
  await workbench.until(
    "the panel",
    () => readPanel(workbench),
    () => true,
    40_000,
  );
});

after(() => workbench?.close());

/** Waits for another step than the given one. */
const moved = (from: number) =>
  workbench.until(
    "a move",
    () => readPanel(workbench),
    ({ step }) => step !== from,
  );

test("the keys of the timeline go on working, one after the other", () =>
  workbench.watch("focus-timeline", async () => {
    const frame = await workbench.webview("grantwalk-panel .pos");
    const slider = frame.locator("[role=slider]");
    await slider.focus();
    const onTimeline = () =>
      frame.evaluate(() => document.hasFocus() && document.activeElement?.role === "slider");
    let { step } = await readPanel(workbench);
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"]) {
      await workbench.press(key);
      const view = await moved(step);
      assert.equal(view.step > step, key === "ArrowRight");
      step = view.step;
      // The source has it for a moment in between: it has to be here to stay.
      let seen = 0;
      await workbench.until(
        "the focus on the timeline",
        async () => (seen = (await onTimeline()) ? seen + 1 : 0),
        (times) => times >= 6,
      );
    }
  }));

test("a clicked Xen page leads to the step that granted it, and the source follows", () =>
  workbench.watch("focus-click", async () => {
    const frame = await workbench.webview("grantwalk-panel .pos");
    const { step } = await readPanel(workbench);
    await frame.locator("gw-request-map [data-grant='5']").first().click();
    const view = await moved(step);
    assert.equal(view.grant, 5);
    const line = await workbench.until(
      "the source",
      () => workbench.stoppedLine(),
      (at) => at !== undefined && /need_copy/.test(at.text),
    );
    assert.ok(line);
  }));

test("the panel comes back after a reload of the window and goes on at the same step", () =>
  workbench.watch("focus-reload", async () => {
    const before = await readPanel(workbench);
    // What the panel keeps for a reload it writes when it has had a moment's rest.
    await workbench.page.waitForTimeout(500);
    await workbench.reload();
    const frame = await workbench.webview("grantwalk-panel .no-session");
    await frame.locator(".no-session vscode-button").first().click();
    const after = await workbench.until(
      "the same step",
      () => readPanel(workbench),
      ({ step }) => step === before.step,
      60_000,
    );
    assert.equal(after.grant, before.grant);
    assert.deepEqual(after.free, before.free);
  }));
