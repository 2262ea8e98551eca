// npm start: opens a VS Code with the extension in development mode and the examples.
//
//   npm start                   the installed VS Code, else a downloaded one, else a browser
//   npm start -- --browser      the browser in any case
//   npm start -- --port 8080    the port of the browser's VS Code
//   npm start -- --check        opens it, looks whether it works, and says so with the exit code
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { launchBrowser, workbenchReady } from "./vscode/browser.mjs";
import { fetchDesktop, findInstalledCode, hasDisplay } from "./vscode/desktop.mjs";
import { onPath } from "./vscode/on-path.mjs";
import { checkout, fetched } from "./vscode/places.mjs";
import { freePort, startServer } from "./vscode/server.mjs";
import { examples, extensionNames, extensionSource, stageExtension } from "./vscode/stage.mjs";

const patience = 90_000;

const { values: options } = parseArgs({
  options: {
    browser: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    port: { type: "string" },
  },
});

const checkModule = path.join(checkout, "scripts", "vscode", "check-extension.cjs");

function temporaryFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-start-"));
  process.once("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @typedef {{ command: string, own: boolean, why: string }} Desktop */

/** @returns {Promise<Desktop | { reason: string }>} */
async function chooseDesktop() {
  if (options.browser) return { reason: "as asked" };
  if (!hasDisplay()) return { reason: "there is no display here" };
  const code = findInstalledCode();
  if (code) return { command: code, own: false, why: `the installed VS Code (${code})` };
  const desktop = await fetchDesktop();
  if ("reason" in desktop) return { reason: `no VS Code is installed, and ${desktop.reason}` };
  return { command: desktop.executable, own: true, why: "a downloaded VS Code: none is installed" };
}

/** @param {Desktop} desktop */
async function openDesktop({ command, own, why }) {
  console.log(`Opening Grantwalk in ${why}.`);
  // A downloaded VS Code lies in the checkout and would take its own parts for ours.
  const developmentPath = own ? (await stageExtension()).folder : extensionSource;
  const temporary = temporaryFolder();

  const args = ["--new-window", `--extensionDevelopmentPath=${developmentPath}`, examples];
  args.push("--disable-workspace-trust", "--skip-welcome", "--skip-release-notes");
  // The administrator gets no sandbox, and VS Code insists on being told where his settings are.
  const administrator = process.getuid?.() === 0;
  if (administrator) args.push("--no-sandbox");
  if (options.check) {
    args.push(`--user-data-dir=${path.join(temporary, "data")}`);
    args.push(`--extensionTestsPath=${checkModule}`);
  } else if (own || administrator) {
    args.push(`--user-data-dir=${path.join(fetched, "start-desktop")}`);
  }

  const shell = process.platform === "win32";
  const check = prepareCheck(temporary);
  const child = spawn(shell ? `"${command}"` : command, args, {
    stdio: "inherit",
    shell,
    env: { ...process.env, ...check.env },
  });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (!options.check) {
    process.exitCode = /** @type {number} */ (await ended) ?? 1;
    return;
  }
  // The `code` command returns before its window has opened: only failing to start tells something.
  const failed = new Promise((_, reject) => child.once("error", reject));
  await Promise.race([check.passed(), failed]);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5_000))]);
  child.kill();
}

/** @param {string} folder where VS Code reports to */
function prepareCheck(folder) {
  const { id } = extensionNames();
  const file = path.join(folder, "report.json");
  return {
    env: { GRANTWALK_CHECK: JSON.stringify({ id, file }) },
    async passed() {
      const deadline = Date.now() + patience;
      while (!fs.existsSync(file)) {
        if (Date.now() > deadline) throw new Error("VS Code has not reported from its window");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const report = JSON.parse(fs.readFileSync(file, "utf8"));
      if (report.error) throw new Error(report.error);
      console.log(`Check passed: ${id} has started in a window on ${report.folder}.`);
    },
  };
}

/** @param {string} address */
function showInBrowser(address) {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  if (!hasDisplay() || !onPath(opener)) return false;
  spawn(opener, [address], { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
  return true;
}

/** @param {string} reason */
async function openInBrowser(reason) {
  console.log(`Opening Grantwalk in a VS Code for the browser: ${reason}.`);
  const { folder: developmentPath } = await stageExtension();
  if (options.check) return checkInBrowser(developmentPath);

  const server = await startServer({
    dataDir: path.join(fetched, "start"),
    // The browser keeps the layout of the window by address: the port should be the same again.
    port: options.port ? Number(options.port) : await freePort(8470),
  });
  const address = server.url({ folder: examples, developmentPath });
  console.log(`\n  ${address}\n`);
  if (showInBrowser(address)) console.log("The default browser is asked to open it.");
  else
    console.log(`Open it in a browser; from another machine, forward port ${server.port} first.`);
  console.log("Its terminal does not work, all else does. Ctrl-C ends it.");
  await server.ended;
  throw new Error(`The VS Code server has ended:\n${server.output()}`);
}

/** @param {string} developmentPath */
async function checkInBrowser(developmentPath) {
  const temporary = temporaryFolder();
  const check = prepareCheck(temporary);
  const server = await startServer({ automation: true, env: check.env });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    // The workbench tells these what its extension tests print and when they end.
    await page.exposeFunction("codeAutomationLog", () => {});
    await page.exposeFunction("codeAutomationExit", () => {});
    // First what a newcomer gets, then the same with the module that looks inside.
    await page.goto(server.url({ folder: examples, developmentPath }));
    await workbenchReady(page);
    await page.locator(".explorer-folders-view .monaco-list-row").first().waitFor();
    await page.goto(server.url({ folder: examples, developmentPath, testsPath: checkModule }));
    await check.passed();
  } finally {
    await browser.close();
    await server.stop();
  }
}

try {
  if (!fs.existsSync(examples)) throw new Error(`There is no folder ${examples} to open.`);
  const desktop = await chooseDesktop();
  if ("reason" in desktop) await openInBrowser(desktop.reason);
  else await openDesktop(desktop);
  // A download that was given up may still hold on.
  process.exit();
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(options.check ? `Check failed: ${text}` : text);
  process.exit(1);
}
