// Values beside the lines of the model's source.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { example } from "./support/files";
import {
  endEverything,
  launchOf,
  listen,
  listenNoMore,
  walk,
  type Walking,
} from "./support/walking";

describe("values in the source", () => {
  let walking: Walking;

  before(listen);
  after(listenNoMore);
  beforeEach(async () => {
    walking = await walk(launchOf(example("first-walk.blkfront.json")));
  });
  afterEach(endEverything);

  it("are those of the function up to the statement where the walk stands", async () => {
    await walking.move("grantwalk.nextGrant");
    const { file, line } = await walking.position();
    const uri = vscode.Uri.from({ scheme: "grantwalk-model", path: `/${file}` });
    const document = await vscode.workspace.openTextDocument(uri);
    const stopped = document.lineAt(line - 1).range;
    const frame = vscode.debug.activeStackItem as vscode.DebugStackFrame;
    const values = await vscode.commands.executeCommand<vscode.InlineValueEvaluatableExpression[]>(
      "vscode.executeInlineValueProvider",
      uri,
      new vscode.Range(0, 0, document.lineCount - 1, 0),
      { frameId: frame.frameId, stoppedLocation: stopped },
    );
    assert.ok(values.length > 0);
    assert.ok(values.every(({ range }) => range.end.line <= stopped.end.line));
    const evaluated = await Promise.allSettled(
      values.map(({ expression }) =>
        walking.session.customRequest("evaluate", {
          expression,
          frameId: frame.frameId,
          context: "watch",
        }),
      ),
    );
    assert.ok(evaluated.some(({ status }) => status === "fulfilled"));
  });
});
