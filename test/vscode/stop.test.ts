// Where a walk stops, and what stands where on the screen.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { example, show } from "./support/files";
import { nextEvent, until } from "./support/until";
import { endEverything, launchOf, listen, listenNoMore, walk } from "./support/walking";

const SCHEME = "grantwalk-model";

function panelTabs(): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(
      ({ input }) =>
        input instanceof vscode.TabInputWebview && input.viewType.endsWith("grantwalk.panel"),
    );
}

/** The editor with the source of the model, once its cursor is on a line, counted from 1. */
function sourceAt(line: number): Promise<vscode.TextEditor> {
  return until(`the model's source at line ${line}`, () => {
    const editor = vscode.window.activeTextEditor;
    const isThere =
      editor?.document.uri.scheme === SCHEME && editor.selection.active.line + 1 === line;
    return isThere && editor;
  });
}

describe("the stop on entry", () => {
  before(listen);
  after(listenNoMore);
  afterEach(endEverything);

  it("shows the statement in the model's source, left of the panel", async () => {
    await show(example("first-walk.blkfront.json"));
    const walking = await walk(launchOf(example("first-walk.blkfront.json")));
    const position = await walking.position();
    assert.equal(position.step, position.entry);
    const editor = await sourceAt(position.line);
    assert.equal(editor.document.uri.path, `/${position.file}`);
    const statement = position.text.split("\n")[0] ?? "";
    assert.ok(editor.document.lineAt(position.line - 1).text.includes(statement), statement);

    const [panel, ...others] = panelTabs();
    assert.ok(panel);
    assert.deepEqual(others, []);
    assert.ok(editor.viewColumn !== undefined);
    assert.ok(editor.viewColumn < panel.group.viewColumn, "the source is left of the panel");
    assert.ok(panel.isActive, "the panel is to be seen");
  });

  it("leaves the keyboard in the source", async () => {
    const walking = await walk(launchOf(example("first-walk.blkfront.json")));
    const editor = await sourceAt((await walking.position()).line);
    assert.equal(vscode.window.tabGroups.activeTabGroup.viewColumn, editor.viewColumn);
  });

  it("takes the source along with every move, in the same place", async () => {
    const walking = await walk(launchOf(example("first-walk.blkfront.json")));
    const entry = await sourceAt((await walking.position()).line);
    const position = await walking.move("grantwalk.nextGrant");
    const editor = await sourceAt(position.line);
    assert.equal(editor.document.uri.path, `/${position.file}`);
    assert.equal(editor.viewColumn, entry.viewColumn);
    assert.equal(panelTabs().length, 1);
  });

  it("shows sources that nobody can change", async () => {
    const walking = await walk(launchOf(example("first-walk.blkfront.json")));
    const { document } = await sourceAt((await walking.position()).line);
    assert.equal(document.languageId, "typescript");
    const stat = await vscode.workspace.fs.stat(document.uri);
    assert.equal(stat.permissions, vscode.FilePermission.Readonly);
    await assert.rejects(async () =>
      vscode.workspace.fs.writeFile(document.uri, new TextEncoder().encode("")),
    );
    const text = document.getText();
    await vscode.commands.executeCommand("type", { text: "x" });
    assert.equal(document.getText(), text);
    assert.ok(!document.isDirty);
  });

  it("has the model's files under their own addresses, session or not", async () => {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: "/blkfront/patch-v2/queue-rw.ts" });
    const document = await vscode.workspace.openTextDocument(uri);
    assert.match(document.getText(), /function blkif_queue_rw_req/);
  });
});

describe("grantwalk.panel.openOnStart", () => {
  const setting = () => vscode.workspace.getConfiguration("grantwalk");

  before(listen);
  after(listenNoMore);
  afterEach(async () => {
    await endEverything();
    await setting().update("panel.openOnStart", undefined, vscode.ConfigurationTarget.Workspace);
  });

  it("false leaves the panel closed until it is asked for", async () => {
    await setting().update("panel.openOnStart", false, vscode.ConfigurationTarget.Workspace);
    const walking = await walk(launchOf(example("first-walk.blkfront.json")));
    await sourceAt((await walking.position()).line);
    assert.deepEqual(panelTabs(), []);

    const opened = nextEvent("the panel's tab", vscode.window.tabGroups.onDidChangeTabs, () =>
      panelTabs().some(({ isActive }) => isActive),
    );
    await vscode.commands.executeCommand("grantwalk.showPanel");
    await opened;
    const [panel] = panelTabs();
    const source = vscode.window.visibleTextEditors.find(
      ({ document }) => document.uri.scheme === SCHEME,
    );
    assert.ok((source?.viewColumn ?? Infinity) < (panel?.group.viewColumn ?? 0));
  });
});
