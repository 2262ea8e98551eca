// Installs the VS Code server that is inside the npm package code-server, on demand, into
// .vscode-test/server: for machines where the desktop build cannot be had.
//
// The package's own install scripts are not run: they compile native modules that nothing here
// needs and refuse to run as root. The steps below are what remains of them.
import { spawn } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { serverHome, serverRecipe, serverRoot } from "./places.mjs";

/** @typedef {(line: string) => void} Say */

const stamp = path.join(serverHome, "installed");

/**
 * What the installed server has to have been made from. When a file of the recipe, or this file's
 * own steps, change, the server is installed anew.
 */
function recipeHash() {
  const hash = crypto.createHash("sha256").update("steps 1\n");
  const files = fs
    .readdirSync(serverRecipe, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes(`${path.sep}node_modules${path.sep}`))
    .sort();
  for (const file of files) {
    hash.update(path.relative(serverRecipe, file)).update(fs.readFileSync(file));
  }
  return `${hash.digest("hex")} ${process.platform}-${process.arch}`;
}

/** Whether the server is there, whole and of the present recipe. */
export function isServerInstalled() {
  try {
    return fs.readFileSync(stamp, "utf8") === recipeHash();
  } catch {
    return false;
  }
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  const command = process.platform === "win32" ? "npm.cmd" : "npm";
  return new Promise((resolve, reject) => {
    // npm hands its own settings down in the environment. A surrounding `npm run` must not decide
    // where this install goes or what it leaves out.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(
        ([name]) =>
          !/^npm_(lifecycle|package|command|execpath)|^npm_config_(prefix|omit|dir)/i.test(name),
      ),
    );
    const child = spawn(command, [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(undefined);
      else reject(new Error(`npm ${args.join(" ")} in ${cwd} failed (${code}):\n${output.trim()}`));
    });
  });
}

/**
 * @param {string} target
 * @param {string} link
 */
function symlink(target, link) {
  fs.rmSync(link, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(link), { recursive: true });
  fs.symlinkSync(path.relative(path.dirname(link), target), link);
}

/** Links the search program of the npm package for this platform to where VS Code looks for it. */
function linkRipgrep() {
  const packed = path.join(
    serverHome,
    "node_modules",
    "@vscode",
    `ripgrep-${process.platform}-${process.arch}`,
    "bin",
    "rg",
  );
  if (!fs.existsSync(packed)) {
    throw new Error(`npm has installed no ripgrep for ${process.platform}-${process.arch}`);
  }
  symlink(packed, path.join(serverRoot, "node_modules", "@vscode", "ripgrep", "bin", "rg"));
}

/** Another process that is installing (two test runs at once) is waited for, not raced. */
async function takeLock() {
  const lock = path.join(serverHome, "..", "server.lock");
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: "wx" });
      const release = () => fs.rmSync(lock, { force: true });
      process.once("exit", release);
      return () => {
        process.off("exit", release);
        release();
      };
    } catch {
      const owner = Number(fs.existsSync(lock) && fs.readFileSync(lock, "utf8"));
      try {
        process.kill(owner || process.pid, 0);
      } catch {
        fs.rmSync(lock, { force: true });
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/**
 * Installs the server unless it is there. Interrupted at any point it starts over the next time:
 * the stamp is written last.
 *
 * @param {Say} [say]
 */
export async function installServer(say = console.log) {
  if (isServerInstalled()) return;
  if (process.platform === "win32") {
    throw new Error("The VS Code server cannot be installed on Windows: install VS Code instead.");
  }
  const release = await takeLock();
  try {
    if (isServerInstalled()) return;
    const started = Date.now();
    const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
    say(`Installing the VS Code server into ${serverHome} (about 300 MB, once) ...`);

    fs.rmSync(stamp, { force: true });
    fs.mkdirSync(serverHome, { recursive: true });
    for (const name of ["package.json", "package-lock.json"]) {
      fs.copyFileSync(path.join(serverRecipe, name), path.join(serverHome, name));
    }
    await npm(["ci", "--ignore-scripts"], serverHome);
    say(`  1/3 the server is unpacked (${seconds()})`);

    await npm(["ci", "--omit=dev", "--ignore-scripts", "--legacy-peer-deps"], serverRoot);
    say(`  2/3 its own packages are installed (${seconds()})`);

    const modules = path.join(serverRoot, "node_modules");
    linkRipgrep();
    // VS Code and its extensions look into the archive that the desktop build has.
    symlink(modules, path.join(serverRoot, "node_modules.asar"));
    const standIns = path.join(serverRecipe, "stand-ins");
    for (const owner of ["@vscode/spdlog", "native-watchdog"]) {
      const standIn = path.join(standIns, `${path.basename(owner)}.cjs`);
      fs.copyFileSync(standIn, path.join(modules, owner, "index.js"));
    }
    fs.writeFileSync(stamp, recipeHash());
    say(`  3/3 it is ready (${seconds()})`);
  } finally {
    release();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (isServerInstalled()) console.log(`The VS Code server is installed in ${serverHome}`);
  await installServer();
}
