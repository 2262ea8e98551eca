// What F5 walks: with a launch.json and without one; and what it says when it cannot.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { example, folder, read, show, write } from "./support/files";
import { until } from "./support/until";
import {
  begin,
  endEverything,
  launchOf,
  listen,
  listenNoMore,
  refused,
  walk,
  type Walking,
} from "./support/walking";

const F5 = () => vscode.commands.executeCommand("workbench.action.debug.start");

/** The beginning of what there is in the request's scope. */
async function evaluate({ session }: Walking, expression: string): Promise<string> {
  const frameId = (vscode.debug.activeStackItem as vscode.DebugStackFrame).frameId;
  const { result } = (await session.customRequest("evaluate", {
    expression,
    frameId,
    context: "watch",
  })) as { result: string };
  return result;
}

describe("launching", () => {
  before(listen);
  after(listenNoMore);
  afterEach(endEverything);

  describe("without a launch.json", () => {
    const launchFile = () => example(".vscode/launch.json");
    let launchText = "";

    const configurations = () =>
      vscode.workspace
        .getConfiguration("launch", folder().uri)
        .get<unknown[]>("configurations", []);

    before(async () => {
      launchText = await read(launchFile());
      await vscode.workspace.fs.delete(launchFile());
      await until("launch.json to be gone", () => configurations().length === 0);
    });

    after(async () => {
      await vscode.workspace.fs.writeFile(launchFile(), new TextEncoder().encode(launchText));
      await until("launch.json to be back", () => configurations().length > 0);
    });

    for (const name of ["first-walk.blkfront.json", "captures/write-48k.trace.txt"]) {
      it(`walks ${name} when it is open and F5 is pressed`, async () => {
        await show(example(name));
        const walking = await walk(F5);
        assert.equal(walking.session.configuration["program"], example(name).fsPath);
        assert.equal(walking.session.name, `Walk ${name.split("/").at(-1)}`);
      });
    }

    it("walks what is open when the configuration names nothing", async () => {
      await show(example("unaligned-64k.blkfront.json"));
      const walking = await walk({ type: "blkfront", request: "launch", name: "Walk" });
      const program = example("unaligned-64k.blkfront.json").fsPath;
      assert.equal(walking.session.configuration["program"], program);
    });

    it("walks a text file that begins as a capture", async () => {
      const uri = await write("copy.txt", await read(example("captures/write-48k.trace.txt")));
      await show(uri);
      await until(
        "the text to be taken for a capture",
        () => vscode.window.activeTextEditor?.document.languageId === "blkfront-capture",
      );
      const walking = await walk(F5);
      assert.equal(walking.session.configuration["program"], uri.fsPath);
    });

    it("walks what has been changed, saved or not", async () => {
      const uri = await write(
        "changed.blkfront.json",
        await read(example("unaligned-64k.blkfront.json")),
      );
      const editor = await show(uri);
      const place = editor.document.positionAt(editor.document.getText().indexOf('"64K"'));
      await editor.edit((edit) =>
        edit.replace(new vscode.Range(place, place.translate(0, 5)), "65536"),
      );
      await editor.edit((edit) =>
        edit.replace(new vscode.Range(place, place.translate(0, 5)), "8192"),
      );
      const walking = await begin(F5);
      await until("the launch to be answered", () => walking.launchResponse);
      assert.match(walking.refusal, /page size is 8 KB/);
      await editor.document.save();
    });
  });

  describe("from a launch.json", () => {
    it("walks a file by the configuration's name", async () => {
      const walking = await walk("The 48 KB write of a live guest");
      const program = example("captures/write-48k.trace.txt").fsPath;
      assert.equal(walking.session.configuration["program"], program);
    });

    it("walks the open file where the configuration says ${file}", async () => {
      await show(example("nonpersistent-read.blkfront.json"));
      const walking = await walk("The scenario or capture that is open");
      const program = example("nonpersistent-read.blkfront.json").fsPath;
      assert.equal(walking.session.configuration["program"], program);
    });

    it("lays the buffers of a capture on 64 KB pages", async () => {
      await show(example("captures/write-48k.trace.txt"));
      const asItWas = await walk("The scenario or capture that is open");
      assert.match(await evaluate(asItWas, "PAGE_SIZE"), /4096/);
      await asItWas.end();
      const onLarge = await walk("The same on 64 KB pages");
      assert.match(await evaluate(onLarge, "PAGE_SIZE"), /65536/);
    });

    it("walks the same file again when the model's source is in front", async () => {
      await show(example("nonpersistent-read.blkfront.json"));
      await (await walk("The scenario or capture that is open")).end();
      assert.equal(vscode.window.activeTextEditor?.document.uri.scheme, "grantwalk-model");
      const again = await walk("The scenario or capture that is open");
      const program = example("nonpersistent-read.blkfront.json").fsPath;
      assert.equal(again.session.configuration["program"], program);
    });
  });

  describe("of what cannot be walked", () => {
    it("names file, line and path of what asks for the impossible", async () => {
      const text = (await read(example("unaligned-64k.blkfront.json"))).replace('"0x2600"', "1000");
      const uri = await write("impossible.blkfront.json", text);
      const line = text.slice(0, text.indexOf("1000 }")).split("\n").length;
      const told = await refused(launchOf(uri));
      assert.ok(told.includes(`${uri.fsPath}:${line}:`), told);
      assert.match(told, /workload\[0\]\.submit\[0\]\.segments\[0\]\.length: .*512 or 1024/);
    });

    it("names file, line and path of what breaks the schema", async () => {
      const uri = await write("schema.blkfront.json", '{\n  "workload": [],\n  "guest": 1\n}\n');
      const told = await refused(launchOf(uri));
      assert.ok(told.includes(`${uri.fsPath}:3:`), told);
      assert.match(told, /guest: .*has to be an object/);
    });

    it("names file and line of what is no JSON", async () => {
      const uri = await write("no-json.blkfront.json", '{\n  "workload": []\n  "guest": {}\n}\n');
      const told = await refused(launchOf(uri));
      assert.ok(told.includes(`${uri.fsPath}:3:`), told);
      assert.match(told, /comma is missing/);
    });

    it("names a file that there is not", async () => {
      const uri = vscode.Uri.joinPath(folder().uri, "absent.blkfront.json");
      const told = await refused(launchOf(uri));
      assert.ok(told.includes(uri.fsPath), told);
      assert.match(told, /there is no such file/);
    });

    it("says which page sizes there are", async () => {
      const told = await refused(launchOf(example("first-walk.blkfront.json"), { pageSize: "8K" }));
      assert.match(told, /"4K", "16K" or "64K", and not "8K"/);
    });

    it("walks the good part of a truncated capture, and warns with the line", async () => {
      const whole = await read(example("captures/read-1m.trace.txt"));
      const cut = whole.slice(0, whole.indexOf("\n", Math.floor(whole.length * 0.8)) - 1);
      const uri = await write("cut.trace.txt", cut);
      const walking = await walk(launchOf(uri));
      const line = cut.split("\n").length;
      assert.ok(walking.output.includes(`${uri.fsPath}:${line}:`), walking.output);
      assert.match(walking.output, /ends in the middle of this line/);
    });

    it("does not wait for the message about the program to be dismissed", async () => {
      const started = await vscode.debug.startDebugging(folder(), {
        type: "blkfront",
        request: "launch",
        name: "Nothing",
        program: 1,
      });
      assert.equal(started, false);
    });
  });
});
