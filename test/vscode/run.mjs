// Runs the extension tests inside the extension host of a real VS Code: the desktop build where one
// can be had and shown, else the server with a browser. The tests are the same.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runTests } from "@vscode/test-electron";
import { fetchDesktop, hasDisplay } from "../../scripts/vscode/desktop.mjs";
import { onPath } from "../../scripts/vscode/on-path.mjs";
import { checkout } from "../../scripts/vscode/places.mjs";
import { examples, stageExtension } from "../../scripts/vscode/stage.mjs";

const limit = 5 * 60_000;

const results =
  process.env.GRANTWALK_TEST_RESULTS ?? path.join(checkout, "out", "test", "vscode.json");
const tests = path.join(checkout, "out", "test", "vscode", "index.js");

/** @returns {Promise<{ executable: string, why: string }>} */
async function chooseVSCode() {
  const server = fileURLToPath(new URL("../../scripts/vscode/as-desktop.mjs", import.meta.url));
  const named = process.env.GRANTWALK_VSCODE;
  if (named === "server") return { executable: server, why: "the server, as asked" };
  if (named) return { executable: named, why: "as asked" };

  const xvfb = onPath("xvfb-run");
  if (!hasDisplay() && !xvfb) return { executable: server, why: "the server: there is no display" };
  const desktop = await fetchDesktop();
  if ("reason" in desktop) return { executable: server, why: `the server: ${desktop.reason}` };
  if (!hasDisplay() && xvfb) {
    const again = spawnSync(xvfb, ["-a", process.execPath, ...process.argv.slice(1)], {
      stdio: "inherit",
      env: { ...process.env, GRANTWALK_VSCODE: desktop.executable },
    });
    process.exit(again.status ?? 1);
  }
  return { executable: desktop.executable, why: "the desktop build" };
}

const { executable, why } = await chooseVSCode();
console.log(`VS Code: ${executable} (${why})`);

const staged = await stageExtension();
// Tests write into what they open.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-examples-"));
if (fs.existsSync(examples)) fs.cpSync(examples, folder, { recursive: true });
process.once("exit", () => fs.rmSync(folder, { recursive: true, force: true }));

fs.mkdirSync(path.dirname(results), { recursive: true });
fs.rmSync(results, { force: true });

let ended = "";
try {
  await Promise.race([
    runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: staged.folder,
      extensionTestsPath: tests,
      extensionTestsEnv: { GRANTWALK_TEST_RESULTS: results },
      launchArgs: [folder, "--disable-extensions"],
    }),
    new Promise((_, reject) => {
      const late = new Error(`they have not ended after ${limit / 60_000} minutes`);
      setTimeout(() => reject(late), limit).unref();
    }),
  ]);
} catch (error) {
  ended = error instanceof Error ? error.message : String(error);
}

// The exit code alone proves nothing: when the extension host dies, it is 0.
/** @type {import("./index.js").Results | undefined} */
const outcome = fs.existsSync(results) ? JSON.parse(fs.readFileSync(results, "utf8")) : undefined;
if (!outcome) {
  console.error(`The extension tests left no results${ended && `: ${ended}`}.`);
} else if (outcome.passed + outcome.failed === 0) {
  console.error("There were no extension tests to run.");
} else {
  console.log(`Extension host: ${outcome.passed} passed, ${outcome.failed} failed`);
}
process.exit(outcome && outcome.passed > 0 && outcome.failed === 0 && !ended ? 0 : 1);
