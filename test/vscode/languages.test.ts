// What VS Code takes our files for, and what it offers in them.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { closeEditors, example, read, show, write } from "./support/files";
import { until } from "./support/until";

describe("the language of a file", () => {
  afterEach(closeEditors);

  it("is JSON with comments for a scenario", async () => {
    const { document } = await show(example("first-walk.blkfront.json"));
    assert.equal(document.languageId, "jsonc");
  });

  it("is a capture for trace.txt and *.trace.txt", async () => {
    const content = await read(example("captures/write-48k.trace.txt"));
    for (const name of ["trace.txt", "guest.trace.txt"]) {
      const { document } = await show(await write(name, content));
      assert.equal(document.languageId, "blkfront-capture", name);
    }
  });

  it("is a capture for whatever begins as one", async () => {
    const content = await read(example("captures/write-48k.trace.txt"));
    for (const name of ["of-yesterday", "copy.txt", "guest.log"]) {
      const uri = await write(name, content);
      await show(uri);
      await until(
        `${name} to be taken for a capture`,
        () => vscode.window.activeTextEditor?.document.languageId === "blkfront-capture",
      );
      assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), uri.toString());
    }
  });

  it("stays what it was for other texts", async () => {
    const { document } = await show(await write("notes.txt", "A note on xenblk-capture.\n"));
    assert.equal(document.languageId, "plaintext");
  });
});

describe("completion in a scenario", () => {
  afterEach(closeEditors);

  async function offered(marked: string): Promise<string[]> {
    const uri = await write("new.blkfront.json", marked.replace("|", ""));
    const { document } = await show(uri);
    const position = document.positionAt(marked.indexOf("|"));
    // Until the language server knows the schema it offers nothing, or words of the text.
    return until("completions", async () => {
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        "vscode.executeCompletionItemProvider",
        uri,
        position,
      );
      const labels = list.items
        .filter(({ kind }) => kind !== vscode.CompletionItemKind.Text)
        .map(({ label }) => (typeof label === "string" ? label : label.label));
      return labels.length > 0 && labels;
    });
  }

  it("offers the keys of a scenario", async () => {
    const labels = await offered('{\n  |\n  "workload": []\n}\n');
    for (const key of ["title", "guest", "backend", "disk", "start"]) {
      assert.ok(labels.includes(key), `${key} in ${labels.join(", ")}`);
    }
  });

  it("offers the page sizes", async () => {
    const labels = await offered('{\n  "guest": { "pageSize": | },\n  "workload": []\n}\n');
    for (const size of ['"4K"', '"16K"', '"64K"']) {
      assert.ok(labels.includes(size), `${size} in ${labels.join(", ")}`);
    }
  });

  it("offers the operations of a request", async () => {
    const labels = await offered('{ "workload": [{ "submit": [{ "op": | }] }] }\n');
    for (const op of ['"read"', '"write"', '"flush"', '"discard"']) {
      assert.ok(labels.includes(op), `${op} in ${labels.join(", ")}`);
    }
  });
});
