// A VS Code server of our own: one process group, one temporary folder, one port.
import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { installServer } from "./install-server.mjs";
import { serverRoot } from "./places.mjs";
import { startGroup } from "./process-group.mjs";

/**
 * @typedef {object} ServerOptions
 * @property {Record<string, unknown>} [settings] user settings on top of the quiet ones
 * @property {string} [vsix] an extension to install before the start
 * @property {string | undefined} [dataDir] kept when given, else a temporary folder that goes with the server
 * @property {number} [port] 0 (any) unless given
 * @property {boolean} [automation] lets a browser that we drive hear the end of extension tests
 * @property {NodeJS.ProcessEnv} [env] on top of this process's; reaches the extension host
 * @property {(text: string) => void} [onOutput] what the server prints, for the curious
 */

/**
 * @typedef {object} Opening
 * @property {string | undefined} [folder] the folder to open
 * @property {string | undefined} [developmentPath] an extension folder to load in development mode
 * @property {string | undefined} [testsPath] the module of extension tests to run
 * @property {[string, string][]} [payload] more of what the workbench takes
 */

/** @typedef {Awaited<ReturnType<typeof startServer>>} VSCodeServer */

// Nothing may pop up in front of what a test or a newcomer wants to see.
const quietSettings = {
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "git.openRepositoryInParentFolders": "never",
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
};

const startTimeout = 60_000;

/**
 * A port that nobody listens on: the wanted one if it can be had, else any (0).
 *
 * @param {number} wanted
 * @returns {Promise<number>}
 */
export function freePort(wanted) {
  return new Promise((resolve) => {
    const trial = net.createServer();
    trial.once("error", () => resolve(0));
    trial.listen(wanted, "127.0.0.1", () => trial.close(() => resolve(wanted)));
  });
}

/**
 * Runs the server's program to its end.
 *
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
async function runToEnd(args, env) {
  const group = startGroup(
    [process.execPath, path.join(serverRoot, "out", "server-main.js"), ...args],
    { env },
  );
  let output = "";
  group.child.stdout.on("data", (data) => (output += data));
  group.child.stderr.on("data", (data) => (output += data));
  await group.ended;
  return output;
}

/**
 * Installs the server if need be, starts it and waits until it listens.
 *
 * @param {ServerOptions} [options]
 */
export async function startServer(options = {}) {
  await installServer((line) => process.stderr.write(`${line}\n`));

  const temporary = options.dataDir === undefined;
  const dataDir = options.dataDir ?? fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-vscode-"));
  const extensionsDir = path.join(dataDir, "extensions");
  const settingsFile = path.join(dataDir, "data", "User", "settings.json");
  fs.mkdirSync(path.dirname(settingsFile), { recursive: true });
  fs.mkdirSync(extensionsDir, { recursive: true });

  /** @param {Record<string, unknown>} settings */
  const writeSettings = (settings) =>
    fs.writeFileSync(settingsFile, JSON.stringify(settings, undefined, 2));
  // A kept folder has the settings that its owner made.
  if (temporary || !fs.existsSync(settingsFile)) {
    writeSettings({ ...quietSettings, ...options.settings });
  }

  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, ...options.env, EXTENSIONS_GALLERY: "{}" };
  // What a surrounding VS Code or test runner has left there would confuse this one.
  for (const name of Object.keys(env)) {
    if (/^(VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/.test(name)) delete env[name];
  }

  const forget = () => {
    process.off("exit", forget);
    if (!temporary) return;
    try {
      fs.rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    } catch {
      // A process that is just ending still writes there. It is a temporary folder.
    }
  };

  if (options.vsix) {
    const output = await runToEnd(
      [
        ...["--install-extension", options.vsix, "--force", "--accept-server-license-terms"],
        ...["--extensions-dir", extensionsDir, "--server-data-dir", dataDir],
      ],
      env,
    );
    if (!/was successfully installed/.test(output)) {
      forget();
      throw new Error(`VS Code did not install ${options.vsix}:\n${output.trim()}`);
    }
  }

  // The port is open to every user and, through their browsers, every web page of this machine.
  const token = crypto.randomBytes(16).toString("hex");
  const group = startGroup(
    [
      ...[process.execPath, path.join(serverRoot, "out", "server-main.js")],
      ...["--host", "127.0.0.1", "--port", String(options.port ?? 0)],
      ...["--connection-token", token, "--accept-server-license-terms"],
      ...["--telemetry-level", "off", "--disable-workspace-trust"],
      ...(options.automation ? ["--enable-smoke-test-driver"] : []),
      ...["--server-data-dir", dataDir, "--user-data-dir", path.join(dataDir, "data")],
      ...["--extensions-dir", extensionsDir],
    ],
    { env },
  );

  // After the group: when this process ends, nothing may still write there.
  process.once("exit", forget);

  let output = "";
  /** @type {number} */
  let port;
  try {
    port = await new Promise((resolve, reject) => {
      /** @param {Buffer} data */
      const read = (data) => {
        options.onOutput?.(String(data));
        output = (output + data).slice(-20_000);
        const listening = /Extension host agent listening on (\d+)/.exec(output);
        if (listening) resolve(Number(listening[1]));
      };
      group.child.stdout.on("data", read);
      group.child.stderr.on("data", read);
      group.ended.then(() => reject(new Error(`The VS Code server ended:\n${output.trim()}`)));
      setTimeout(
        () =>
          reject(new Error(`The VS Code server does not listen after a minute:\n${output.trim()}`)),
        startTimeout,
      ).unref();
    });
  } catch (error) {
    await group.end();
    forget();
    throw error;
  }

  return {
    port,
    dataDir,

    /** What the server has printed lately. */
    output: () => output,

    /** Settles when the server has ended, by itself or through `stop`. */
    ended: group.ended,

    /**
     * The address of a window. It says `localhost` and not 127.0.0.1: the worker behind webviews
     * is only given to the former.
     *
     * @param {Opening} opening
     */
    url({ folder, developmentPath, testsPath, payload = [] }) {
      const remote = (/** @type {string} */ file) => `vscode-remote://localhost:${port}${file}`;
      const address = new URL(`http://localhost:${port}/`);
      address.searchParams.set("tkn", token);
      if (folder) address.searchParams.set("folder", folder);
      address.searchParams.set(
        "payload",
        JSON.stringify([
          ["skipWelcome", "true"],
          ["skipReleaseNotes", "true"],
          ...(developmentPath ? [["extensionDevelopmentPath", remote(developmentPath)]] : []),
          ...(testsPath ? [["extensionTestsPath", remote(testsPath)]] : []),
          ...payload,
        ]),
      );
      return address.href;
    },

    /**
     * Changes user settings. An open window sees them when it loads again: this server does not
     * watch the file.
     *
     * @param {Record<string, unknown>} changes
     */
    changeSettings(changes) {
      const present = JSON.parse(fs.readFileSync(settingsFile, "utf8"));
      writeSettings({ ...present, ...changes });
    },

    /** The log files that VS Code has written, by name. */
    logs() {
      const folder = path.join(dataDir, "data", "logs");
      /** @type {Record<string, string>} */
      const found = {};
      if (!fs.existsSync(folder)) return found;
      for (const entry of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        const file = path.join(folder, entry);
        if (fs.statSync(file).isFile()) found[entry] = fs.readFileSync(file, "utf8");
      }
      return found;
    },

    async stop() {
      await group.end();
      forget();
    },
  };
}
