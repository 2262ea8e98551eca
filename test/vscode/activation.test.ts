// The extension is there when it is needed, and not before.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { closeEditors, example, show } from "./support/files";
import { until } from "./support/until";

const extension = () => vscode.extensions.getExtension("grantwalk.grantwalk");

interface Manifest {
  activationEvents: string[];
}

describe("activation", () => {
  afterEach(closeEditors);

  it("waits for something of ours, and not only for a scenario in the folder", () => {
    const { activationEvents } = extension()?.packageJSON as Manifest;
    assert.deepEqual(
      activationEvents.filter((event) => event === "*" || event === "onStartupFinished"),
      [],
    );
    // F5 in a folder that has captures only, a tab of the model that comes back with the window,
    // the diagnostics of a capture: VS Code 1.100 infers none of these from the contributions.
    for (const event of [
      "onDebugResolve:blkfront",
      "onFileSystem:grantwalk-model",
      "onLanguage:blkfront-capture",
      "onWebviewPanel:grantwalk.panel",
    ]) {
      assert.ok(activationEvents.includes(event), event);
    }
  });

  it("has happened when a capture is open", async () => {
    await show(example("captures/write-48k.trace.txt"));
    await until("the extension to be active", () => extension()?.isActive);
  });
});
