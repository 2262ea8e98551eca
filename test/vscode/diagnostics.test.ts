// What is wrong with a file is marked where it is wrong, in words that say how to mend it.
import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { closeEditors, example, read, rewrite, show, write } from "./support/files";
import { until } from "./support/until";

interface Diagnostics {
  all: vscode.Diagnostic[];
  ours: vscode.Diagnostic[];
}

function diagnosticsOf(uri: vscode.Uri): Diagnostics {
  const all = vscode.languages.getDiagnostics(uri);
  return { all, ours: all.filter(({ source }) => source === "grantwalk") };
}

function said(uri: vscode.Uri): string {
  const texts = diagnosticsOf(uri).all.map(
    ({ source, code, range, message }) =>
      `${source} ${JSON.stringify(code)} at ${range.start.line + 1}:${range.start.character + 1}: ${message}`,
  );
  return texts.length === 0 ? "nothing is marked" : texts.join("\n");
}

function waitFor<T>(
  what: string,
  uri: vscode.Uri,
  look: (diagnostics: Diagnostics) => T | undefined | false,
): Promise<T> {
  return until(
    () => `${what}; ${said(uri)}`,
    () => look(diagnosticsOf(uri)),
  );
}

const MENDED = '{ "page": "0x1000", "offset": 0, "length": 4096 }';

/** A scenario of one write; what is changed in it is marked with « and ». */
function scenario(segment: string, { pageSize = '"4K"', sector = "8" } = {}): string {
  return `// One write.
{
  "guest": { "pageSize": ${pageSize} },
  "disk": { "sectors": 1024 },
  "workload": [
    {
      "submit": [
        {
          "op": "write",
          "sector": ${sector},
          "segments": [${segment}]
        }
      ]
    },
    { "complete": "all" }
  ]
}
`;
}

/** The text without its marks, and the place of what they enclose. */
function unmark(marked: string): { text: string; start: number; end: number } {
  const start = marked.indexOf("«");
  const end = marked.indexOf("»") - 1;
  return { text: marked.replace(/[«»]/g, ""), start, end };
}

describe("diagnostics of a scenario", () => {
  afterEach(closeEditors);

  const bad: { what: string; marked: string; code: string; mend: RegExp }[] = [
    {
      what: "a segment beyond its page",
      marked: scenario('{ "page": "0x1000", "offset": 512, "length": «4096» }'),
      code: "segment-beyond-page",
      mend: /at most 3584/,
    },
    {
      what: "a length that is no multiple of 512",
      marked: scenario('{ "page": "0x1000", "offset": 0, "length": «1000» }'),
      code: "length-not-sectors",
      mend: /512 or 1024/,
    },
    {
      what: "0 bytes",
      marked: scenario('{ "page": "0x1000", "offset": 0, "length": «0» }'),
      code: "length-zero",
      mend: /at least 512/,
    },
    {
      what: "a request beyond the end of the disk",
      marked: scenario(MENDED, { sector: "«1020»" }),
      code: "beyond-disk",
      mend: /begins at 1016 or earlier/,
    },
    {
      what: "pages of 8 KB",
      marked: scenario(MENDED, { pageSize: '«"8K"»' }),
      code: "page-size",
      mend: /write "4K", "16K" or "64K"/,
    },
  ];

  for (const { what, marked, code, mend } of bad) {
    it(`marks ${what}, until it is mended`, async () => {
      const { text, start, end } = unmark(marked);
      const uri = await write("bad.blkfront.json", text);
      const { document } = await show(uri);
      const [found] = await waitFor(
        `a mark of ${code}`,
        uri,
        ({ ours }) => ours.length > 0 && ours,
      );
      assert.ok(found);
      const { ours } = diagnosticsOf(uri);
      assert.deepEqual(
        ours.map((one) => one.code),
        [code],
      );
      assert.equal(found.severity, vscode.DiagnosticSeverity.Error);
      assert.equal(document.offsetAt(found.range.start), start);
      assert.equal(document.offsetAt(found.range.end), end);
      assert.match(found.message, mend);

      await rewrite(document, scenario(MENDED));
      await waitFor("the mark to go away", uri, ({ all }) => all.length === 0);
    });
  }

  it("marks what is no JSON at the very place", async () => {
    // The comma after "4K" } is missing: the next thing is where it should have been.
    const text = scenario(MENDED).replace('"4K" },', '"4K" }');
    const uri = await write("no-json.blkfront.json", text);
    const { document } = await show(uri);
    const [found] = await waitFor("a mark", uri, ({ ours }) => ours.length > 0 && ours);
    assert.equal(diagnosticsOf(uri).ours.length, 1, said(uri));
    assert.match(found?.message ?? "", /comma is missing/);
    assert.equal(document.getText(found?.range), '"disk"');

    await rewrite(document, scenario(MENDED));
    await waitFor("the mark to go away", uri, ({ all }) => all.length === 0);
  });

  it("marks an empty file and a half-written one, and does not stumble", async () => {
    const half = await write("half.blkfront.json", scenario(MENDED).slice(0, 200));
    await show(half);
    await waitFor("a mark in the half file", half, ({ ours }) => ours.length > 0);
    const empty = await write("empty.blkfront.json", "");
    const { document } = await show(empty);
    const found = await waitFor("a mark in the empty file", empty, ({ ours }) => ours[0]);
    assert.match(found.message, /"workload": \[\]/);
    await rewrite(document, '{ "workload": [] }\n');
    await waitFor("the mark to go away", empty, ({ all }) => all.length === 0);
  });

  it("marks the name of a file that is not beside the scenario", async () => {
    const image = scenario(MENDED).replace("1024", '1024, "content": { "file": "bad.img" }');
    const uri = await write("image.blkfront.json", image);
    const { document } = await show(uri);
    const found = await waitFor("a mark", uri, ({ ours }) => ours[0]);
    assert.equal(document.getText(found.range), '"bad.img"');
    assert.match(found.message, /cannot be read: there is no such file/);

    const file = vscode.Uri.joinPath(uri, "..", "bad.img");
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode("a boot sector"));
    await rewrite(document, `${image}\n`);
    await waitFor("the mark to go away", uri, ({ all }) => all.length === 0);
  });

  const broken: { what: string; marked: string; mend: RegExp }[] = [
    {
      what: "a key that there is not",
      marked: scenario(MENDED).replace('"op"', '«"opp"»: "read", "op"'),
      mend: /opp/,
    },
    {
      what: "a value of the wrong type",
      marked: scenario(MENDED).replace('"op": "write"', '"op": «"write "»'),
      mend: /"read".*"write"/,
    },
  ];

  for (const { what, marked, mend } of broken) {
    it(`marks ${what} once: the schema is VS Code's to check`, async () => {
      const { text, start, end } = unmark(marked);
      const uri = await write("schema.blkfront.json", text);
      const { document } = await show(uri);
      const found = await waitFor("VS Code's mark", uri, ({ all }) => all[0]);
      assert.equal(document.offsetAt(found.range.start), start, said(uri));
      assert.equal(document.offsetAt(found.range.end), end, said(uri));
      assert.match(found.message, mend);
      // Ours comes at once; by now it would be there.
      assert.equal(diagnosticsOf(uri).all.length, 1, said(uri));

      await rewrite(document, scenario(MENDED));
      await waitFor("the mark to go away", uri, ({ all }) => all.length === 0);
    });
  }

  it("finds nothing wrong with the examples", async () => {
    const files = await vscode.workspace.findFiles("*.blkfront.json");
    assert.ok(files.length > 0);
    // Of the bad one we know when it has been checked; those before it have been checked by then.
    for (const uri of files) await show(uri);
    const bad = await write("bad.blkfront.json", '{ "workload": 1 }');
    await show(bad);
    await waitFor("VS Code's mark in the bad one", bad, ({ all }) => all.length > 0);
    for (const uri of files) assert.deepEqual(diagnosticsOf(uri).all, [], said(uri));
  });

  it("takes its marks along when the file is closed", async () => {
    const uri = await write("closed.blkfront.json", unmark(bad[2]?.marked ?? "").text);
    // Not as the other tests do: VS Code keeps a document for minutes that an extension has opened.
    await vscode.commands.executeCommand("vscode.open", uri);
    await waitFor("a mark", uri, ({ ours }) => ours.length > 0);
    await closeEditors();
    await waitFor("no mark", uri, ({ ours }) => ours.length === 0);
  });
});

describe("diagnostics of a capture", () => {
  afterEach(closeEditors);

  it("names the line in which a truncated capture ends", async () => {
    const whole = await read(example("captures/read-1m.trace.txt"));
    const cut = whole.slice(0, whole.indexOf("\n", Math.floor(whole.length * 0.8)) - 1);
    const uri = await write("cut.trace.txt", cut);
    const { document } = await show(uri);
    const found = await waitFor("a warning", uri, ({ ours }) =>
      ours.find(({ code }) => code === "capture.cut-off"),
    );
    assert.equal(found.severity, vscode.DiagnosticSeverity.Warning);
    assert.equal(found.range.start.line, document.lineCount - 1);
    assert.match(found.message, /everything before it is used/);
    const errors = diagnosticsOf(uri).ours.filter(
      ({ severity }) => severity === vscode.DiagnosticSeverity.Error,
    );
    assert.deepEqual(errors, [], said(uri));

    await rewrite(document, whole);
    await waitFor("the warning to go away", uri, ({ ours }) => ours.length === 0);
  });

  it("says what is missing in a capture that ends within its header", async () => {
    const whole = await read(example("captures/write-48k.trace.txt"));
    const uri = await write("header.trace.txt", whole.slice(0, whole.indexOf("#== disks")));
    await show(uri);
    const found = await waitFor("an error", uri, ({ ours }) => ours[0]);
    assert.equal(found.severity, vscode.DiagnosticSeverity.Error);
    assert.match(found.message, /ends within its header.*Record it again/);
  });
});
