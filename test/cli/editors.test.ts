// What docs/editors.md tells people to write is what the command understands.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AdapterProcess } from "./dap/adapter.js";
import { Client } from "./dap/client.js";
import { small } from "./dap/programs.js";

const text = readFileSync("docs/editors.md", "utf8");
const { bin } = JSON.parse(readFileSync("package.json", "utf8")) as { bin: Record<string, string> };

/** The fenced blocks of a language. */
function blocks(language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, found]) => found === language)
    .map(([, , block]) => block ?? "");
}

/** The program that an editor's settings start, and its arguments: in Lua, Lisp, TOML and JSON alike. */
const COMMAND = /\b(?:command|binary)\W+([\w/-]+)['"]\W+(?:command-)?args\W+([\w-]+)\W/;

for (const language of ["lua", "elisp", "toml", "json"]) {
  test(`the settings in ${language} name the command`, async () => {
    const [, program = "", argument = ""] = COMMAND.exec(blocks(language).join("")) ?? [];
    assert.equal(bin[program.split("/").at(-1) ?? ""], "dist/cli.mjs");
    assert.equal(argument, "dap");
  });
}

test("the JSON is JSON", () => {
  assert.equal(blocks("json").map((block) => JSON.parse(block) as unknown).length, 2);
});

test("each word is one, also with a space in front; each attribute is one that a launch has", async () => {
  const adapter = new AdapterProcess();
  const client = new Client(adapter.child.stdout, adapter.child.stdin);
  await client.request("initialize", { adapterID: "blkfront" });
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
    contributes: {
      debuggers: [{ configurationAttributes: { launch: { properties: Record<string, unknown> } } }];
    };
  };
  const [{ configurationAttributes }] = manifest.contributes.debuggers;
  const table = /^\| attribute .*?\n\n/ms.exec(text)?.[0] ?? "";
  const attributes = [...table.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name ?? "");
  assert.deepEqual(
    attributes.sort(),
    Object.keys(configurationAttributes.launch.properties).sort(),
  );

  await client.move(async () => {
    const launched = client.request("launch", { program: small });
    await client.request("configurationDone");
    await launched;
  });
  // nvim-dap has one more of its own.
  const words = [...text.matchAll(/` ?(\.[a-z][a-z -]*(?: \d+)?)`/g)]
    .map(([, word]) => word ?? "")
    .filter((word) => word !== ".reverse-continue");
  assert.ok(words.length > 10, words.join());
  for (const word of new Set(words)) {
    const said = await client
      .request("evaluate", { expression: ` ${word}`, context: "repl" })
      .catch((error: Error) => error.message);
    assert.doesNotMatch(String(said), /There is no word/, word);
  }
  await client.request("disconnect");
  assert.equal(await adapter.ended(), 0);
});
