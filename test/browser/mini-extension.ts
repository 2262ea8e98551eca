// A tiny extension with one of everything that the page object handles: a command, a webview and a
// debug session. So its tests tell a fault of the page object from a fault of Grantwalk.
import fs from "node:fs";
import path from "node:path";
import { packExtension } from "../../scripts/vscode/stage.mjs";

const manifest = {
  name: "mini",
  displayName: "Mini",
  publisher: "grantwalk-test",
  version: "1.0.0",
  license: "MIT",
  engines: { vscode: "^1.100.0" },
  main: "./main.js",
  files: ["main.js"],
  contributes: {
    commands: [
      { command: "mini.panel", title: "Open Panel", category: "Mini" },
      { command: "mini.debug", title: "Debug", category: "Mini" },
    ],
    debuggers: [{ type: "mini", label: "Mini" }],
    breakpoints: [{ language: "plaintext" }],
  },
};

// Two statements, two frames, and a tree of variables that is two levels deep.
const main = `
const vscode = require("vscode");

class Adapter {
  constructor() {
    this.sent = new vscode.EventEmitter();
    this.onDidSendMessage = this.sent.event;
    this.line = 1;
  }
  dispose() {}
  send(message) { this.sent.fire({ seq: 0, ...message }); }
  event(event, body) { this.send({ type: "event", event, body }); }
  handleMessage({ seq, command, arguments: args }) {
    const answer = (body) =>
      this.send({ type: "response", request_seq: seq, success: true, command, body });
    const variable = (name, value, variablesReference = 0) => ({ name, value, variablesReference });
    switch (command) {
      case "initialize":
        answer({ supportsConfigurationDoneRequest: true });
        return this.event("initialized");
      case "configurationDone":
        answer();
        return this.event("stopped", { reason: "entry", threadId: 1 });
      case "threads":
        return answer({ threads: [{ id: 1, name: "submit" }] });
      case "stackTrace": {
        const source = { path: vscode.workspace.workspaceFolders[0].uri.fsPath + "/story.txt" };
        const frame = (id, name, line) => ({ id, name, line, column: 1, source });
        const stackFrames = [frame(1, "inner", this.line), frame(2, "outer", 5)];
        return answer({ stackFrames, totalFrames: 2 });
      }
      case "scopes":
        return answer({ scopes: [{ name: "Locals", variablesReference: 1, expensive: false }] });
      case "variables":
        return answer({
          variables: {
            1: [variable("count", String(this.line)), variable("ring", "{...}", 2)],
            2: [variable("size", "32"), variable("slot", "{...}", 3), variable("many", "{...}", 4)],
            3: [variable("id", "7")],
            4: Array.from({ length: 60 }, (_, i) => variable("item" + i, "{...}", 3)),
          }[args.variablesReference],
        });
      case "next":
        this.line++;
        answer();
        return this.event("stopped", { reason: "step", threadId: 1 });
      case "disconnect":
        answer();
        return this.event("terminated");
      default:
        return answer({ breakpoints: [] });
    }
  }
}

const page = \`<!doctype html>
<html><body>
<button id="add">Add</button> <output id="sum">0</output>
<script>
  const code = acquireVsCodeApi();
  document.getElementById("add").onclick = () => code.postMessage("add");
  addEventListener("message", ({ data }) => (document.getElementById("sum").value = data));
</script>
</body></html>\`;

exports.activate = (context) => {
  let sum = 0;
  context.subscriptions.push(
    vscode.commands.registerCommand("mini.panel", () => {
      const panel = vscode.window.createWebviewPanel("mini", "Mini Panel", vscode.ViewColumn.Beside, {
        enableScripts: true,
      });
      panel.webview.html = page;
      panel.webview.onDidReceiveMessage(() => panel.webview.postMessage(++sum));
    }),
    vscode.commands.registerCommand("mini.debug", () =>
      vscode.debug.startDebugging(vscode.workspace.workspaceFolders[0], {
        type: "mini", request: "launch", name: "Mini",
      }),
    ),
    vscode.debug.registerDebugAdapterDescriptorFactory("mini", {
      createDebugAdapterDescriptor: () =>
        new vscode.DebugAdapterInlineImplementation(new Adapter()),
    }),
  );
};
`;

/** Writes the extension and a folder to open with it, and packs it. */
export async function makeMiniExtension(folder: string): Promise<{ vsix: string; folder: string }> {
  const source = path.join(folder, "source");
  const opened = path.join(folder, "folder");
  fs.mkdirSync(source, { recursive: true });
  fs.mkdirSync(opened, { recursive: true });
  fs.writeFileSync(path.join(source, "package.json"), JSON.stringify(manifest, undefined, 2));
  fs.writeFileSync(path.join(source, "main.js"), main);
  fs.writeFileSync(path.join(opened, "story.txt"), "one\ntwo\nthree\nfour\nfive\n");
  const vsix = await packExtension(path.join(folder, "mini.vsix"), source);
  return { vsix, folder: opened };
}
