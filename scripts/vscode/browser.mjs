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

/** The words to put before a command of the administrator, if he can be had without a password. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  const sudo = onPath("sudo");
  if (sudo && spawnSync(sudo, ["-n", "true"], { stdio: "ignore" }).status === 0)
    return [sudo, "-n"];
  return undefined;
}

/** @param {Say} say */
function installFromDebian(say) {
  const prefix = asRoot();
  if (!onPath("apt-get") || !prefix) return false;
  say("No Chromium found: installing Debian's (chromium, fonts-dejavu) with apt-get ...");
  // Tests draw text: without a font, VS Code shows boxes.
  const packages = ["chromium", "fonts-dejavu"];
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", ...packages],
  ]) {
    const command = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args];
    const result = spawnSync(command[0], command.slice(1), { encoding: "utf8" });
    if (result.status !== 0) {
      say(`apt-get ${args.join(" ")} failed:\n${(result.stderr || result.stdout || "").trim()}`);
      return false;
    }
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
