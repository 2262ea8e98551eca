// The extension without a host that knows Node: the same files, of which VS Code finds the browser's entry only and
// which it runs in a worker of the page.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { packExtension, stageExtension } from "../../scripts/vscode/stage.mjs";
import { NEXT_GRANT, PREVIOUS_GRANT, move, readPanel } from "./panel-view";
import { Workbench } from "./workbench";

let workbench: Workbench;
let folder: string;

/** The extension as it is published, but for the entry of the other host. */
async function withoutNode(): Promise<string> {
  const staged = await stageExtension();
  const manifest = path.join(staged.folder, "package.json");
  const { main, ...rest } = JSON.parse(fs.readFileSync(manifest, "utf8")) as Record<
    string,
    unknown
  >;
  assert.equal(main, rest["browser"], "both hosts run the same bundle");
  fs.writeFileSync(manifest, JSON.stringify({ ...rest, scripts: {} }));
  return packExtension(path.join(folder, "web.vsix"), staged.folder);
}

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-web-"));
  workbench = await Workbench.open({
    vsix: await withoutNode(),
    settings: { "extensions.webWorker": true },
  });
});

after(async () => {
  await workbench?.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

test("a scenario is walked in a worker of the page, with the source and the panel", () =>
  workbench.watch("web-walk", async () => {
    await workbench.openFile("first-walk.blkfront.json");
    await workbench.startDebugging();
    const entry = await workbench.until(
      "the panel",
      () => readPanel(workbench),
      () => true,
      40_000,
    );
    assert.match(entry.sentence, /do_blkif_request/);
    await workbench.until(
      "the stopped line",
      () => workbench.stoppedLine(),
      (line) => line !== undefined,
    );
    const there = await move(workbench, NEXT_GRANT);
    assert.equal(there.grant, 0);
    const next = await move(workbench, NEXT_GRANT);
    assert.equal((await move(workbench, PREVIOUS_GRANT)).step, there.step);
    assert.ok(next.step > there.step);
  }));
