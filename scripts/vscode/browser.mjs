// Finds, or gets, a Chromium and starts it. Firefox and Safari would show VS Code as well, but only
// one browser can be what the tests were written against.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { chromium } from "playwright-core";
import { onPath } from "./on-path.mjs";
import { checkout } from "./places.mjs";

/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {import("playwright-core").Page} Page */
/** @typedef {(line: string) => void} Say */

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

const macApplications = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** The browser that is installed, if there is one. */
export function findBrowser() {
  const wanted = process.env.CHROMIUM;
  if (wanted) {
    if (!fs.existsSync(wanted)) throw new Error(`CHROMIUM names ${wanted}, which does not exist.`);
    return wanted;
  }
  for (const name of names) {
    const file = onPath(name);
    if (file) return file;
  }
  const application = macApplications.find((file) => fs.existsSync(file));
  if (application) return application;
  const own = chromium.executablePath();
  return own && fs.existsSync(own) ? own : undefined;
}

/**
 * Runs a command as the administrator, if that needs no password.
 *
 * @param {string[]} command
 */
function runAsRoot(command) {
  const words = process.getuid?.() === 0 ? command : ["sudo", "-n", ...command];
  const result = spawnSync("env", ["DEBIAN_FRONTEND=noninteractive", ...words], {
    encoding: "utf8",
  });
  return { ok: result.status === 0, output: `${result.stdout ?? ""}${result.stderr ?? ""}`.trim() };
}

/** @param {Say} say */
function installFromDebian(say) {
  if (!onPath("apt-get") || !runAsRoot(["true"]).ok) return false;
  say("No Chromium found: installing Debian's (chromium, fonts-dejavu) with apt-get ...");
  // Tests draw text: without a font, VS Code shows boxes.
  const install = ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu"];
  for (const args of [["update", "-qq"], install]) {
    const { ok, output } = runAsRoot(["apt-get", ...args]);
    if (ok) continue;
    say(`apt-get ${args.join(" ")} failed:\n${output}`);
    return false;
  }
  return true;
}

/** @param {Say} say */
function installFromPlaywright(say) {
  say("No Chromium found: asking playwright-core for its own ...");
  const cli = path.join(checkout, "node_modules", "playwright-core", "cli.js");
  try {
    execFileSync(process.execPath, [cli, "install", "chromium"], {
      stdio: "inherit",
      timeout: 600_000,
    });
    return true;
  } catch (error) {
    say(
      `playwright-core could not install Chromium: ${error instanceof Error ? error.message : error}`,
    );
    return false;
  }
}

/**
 * The path of a Chromium; installs one where that can be done without asking.
 *
 * @param {Say} [say]
 */
export function ensureBrowser(say = (line) => process.stderr.write(`${line}\n`)) {
  const found =
    findBrowser() ??
    (installFromDebian(say) ? findBrowser() : undefined) ??
    (installFromPlaywright(say) ? findBrowser() : undefined);
  if (found) return found;
  throw new Error(
    "No Chromium. Install Chromium or Google Chrome (on Debian: apt-get install chromium fonts-dejavu), " +
      "or name one in the environment variable CHROMIUM.",
  );
}

/** Starts a Chromium without a window. @returns {Promise<Browser>} */
export function launchBrowser() {
  return chromium.launch({
    executablePath: ensureBrowser(),
    headless: true,
    // process-group.mjs ends this process on signals, and playwright the browser with it.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    // Containers give no sandbox; nothing but our own server is ever visited.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Small shared memory, as containers have it, ends tabs.
      ...(os.platform() === "linux" ? ["--disable-dev-shm-usage"] : []),
    ],
  });
}

/**
 * Waits until the workbench of the page is there and its extension host answers.
 *
 * @param {Page} page
 * @param {number} [timeout]
 */
export async function workbenchReady(page, timeout = 60_000) {
  await page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout });
}
