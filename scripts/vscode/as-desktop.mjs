#!/usr/bin/env node
// Behaves like the executable of the desktop VS Code as far as extension tests need it: runs the
// tests in the extension host of a VS Code server, with a browser as its window, prints what they
// print and exits with their code. So @vscode/test-electron can run one suite on either.
import process from "node:process";
import { format } from "node:util";
import { launchBrowser, workbenchReady } from "./browser.mjs";
import { startServer } from "./server.mjs";

// The runner's own limit is shorter (see test/vscode/run.mjs); this one is for use by hand.
const limit = 10 * 60_000;

// What the workbench says about itself goes the same way as what the tests say.
const noise =
  /^(Ignoring fetching|Updating additional builtin|Creating a socket|Resolv(ed|ing) connection|ChatSessionStore|\[Service Worker\])/;

/** @param {string} name */
function option(name) {
  const prefix = `--${name}=`;
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}

const developmentPath = option("extensionDevelopmentPath");
const testsPath = option("extensionTestsPath");
const folder = process.argv.slice(2).find((argument) => !argument.startsWith("-"));

const server = await startServer({ automation: true });
const browser = await launchBrowser();
const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });

/** @type {(code: number) => void} */
let exit = () => {};
const exited = new Promise((resolve) => (exit = resolve));

await page.exposeFunction(
  "codeAutomationLog",
  (/** @type {string} */ type, /** @type {unknown[]} */ args) => {
    const text = format(...args);
    if (noise.test(text)) return;
    (type === "error" || type === "warn" ? process.stderr : process.stdout).write(`${text}\n`);
  },
);
await page.exposeFunction("codeAutomationExit", (/** @type {number} */ code) => exit(code));
page.on("crash", () => {
  console.error("The browser's page has crashed.");
  exit(1);
});
let stopping = false;
server.ended.then(() => {
  if (stopping) return;
  console.error(`The VS Code server has ended:\n${server.output()}`);
  exit(1);
});

await page.goto(server.url({ folder, developmentPath, testsPath }));
await workbenchReady(page);
const timer = setTimeout(() => {
  console.error("The extension tests have not ended.");
  exit(1);
}, limit);
const code = await exited;
clearTimeout(timer);

stopping = true;
await browser.close();
await server.stop();
process.exit(code);
