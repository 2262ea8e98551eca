// A fault is injected, and one goes back to the run without it: as a user does it, with the panel beside the source.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NEXT_GRANT, move, readPanel } from "./panel-view";
import { Workbench } from "./workbench";

let workbench: Workbench;

before(async () => {
  workbench = await Workbench.open({ width: 1700, height: 1000 });
});

after(() => workbench?.close());

/** The lines of the debug console. */
function consoleText(): Promise<string> {
  return workbench.page.locator(".repl").innerText();
}

test("a fault that is injected makes another future, at the same step", () =>
  workbench.watch("branches-fault", async () => {
    await workbench.openFile("first-walk.blkfront.json");
    await workbench.startDebugging();
    const ready = await workbench.until(
      "the panel",
      () => readPanel(workbench),
      () => true,
      40_000,
    );
    assert.match(ready.sentence, /do_blkif_request/);
    const there = await move(workbench, NEXT_GRANT);
    await workbench.command("Grantwalk: Inject a Fault Here…");
    await workbench.pick("The next answers have the status BLKIF_RSP_ERROR");
    await workbench.command("Debug Console: Focus on Debug Console View");
    await workbench.until("the new branch", consoleText, (text) => /Branch 1: /.test(text));
    const view = await workbench.until(
      "the panel of the branch",
      () => readPanel(workbench),
      ({ step }) => step === there.step,
    );
    assert.equal(view.sentence, there.sentence);
  }));

test("one goes from branch to branch by choosing it", () =>
  workbench.watch("branches-choose", async () => {
    const there = await move(workbench, NEXT_GRANT);
    await workbench.command("Grantwalk: Go to Branch…");
    await workbench.pick("0: as the scenario says");
    const view = await workbench.until(
      "the panel of the first branch",
      () => readPanel(workbench),
      ({ step }) => step < there.step,
    );
    assert.ok(view.step < there.step);
    await workbench.command("Grantwalk: Compare Branches…");
    await workbench.pick("1: The next answers have the status BLKIF_RSP_ERROR");
    await workbench.command("Debug Console: Focus on Debug Console View");
    await workbench.until("the comparison", consoleText, (text) =>
      /branch 0 and branch 1 differ/.test(text),
    );
  }));
