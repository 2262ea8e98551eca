// The packed extension, installed as a user would have it, is there and does not make a noise.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { extensionNames } from "../../scripts/vscode/stage.mjs";
import { Workbench } from "./workbench";

let workbench: Workbench;

before(async () => {
  workbench = await Workbench.open();
});

after(() => workbench?.close());

test("the extension is installed and listed", () =>
  workbench.watch("installed", async () => {
    assert.deepEqual(await workbench.installedExtensions(), [extensionNames().displayName]);
  }));

test("the window opens without a complaint", () =>
  workbench.watch("quiet", async () => {
    assert.deepEqual(await workbench.notifications(), []);
    workbench.assertNoComplaints();
  }));
