// The desktop VS Code: the one that is installed, or the one that @vscode/test-electron downloads.
import process from "node:process";
import { downloadAndUnzipVSCode } from "@vscode/test-electron";
import { onPath } from "./on-path.mjs";
import { fetched } from "./places.mjs";

/** The oldest version that package.json allows, which is also that of the server. */
const version = process.env.GRANTWALK_VSCODE_VERSION ?? "1.100.3";

// A machine without a way to the download server says so at once or never.
const patience = 10_000;

/** Whether a window can be shown here. */
export function hasDisplay() {
  if (process.platform === "darwin" || process.platform === "win32") return true;
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** The `code` command of an installed VS Code. */
export function findInstalledCode() {
  const named = process.env.GRANTWALK_VSCODE;
  if (named) return named;
  return onPath(process.platform === "win32" ? "code.cmd" : "code");
}

/**
 * Downloads the desktop build unless it was downloaded before.
 *
 * @returns {Promise<{ executable: string } | { reason: string }>}
 */
export async function fetchDesktop() {
  let begun = false;
  const download = downloadAndUnzipVSCode({
    version,
    cachePath: fetched,
    reporter: {
      report({ stage }) {
        if (String(stage) === "downloading" && !begun) {
          console.log(`Downloading VS Code ${version} ...`);
        }
        begun ||= ["downloading", "foundMatchingInstall"].includes(stage);
      },
      error() {},
    },
  }).then(
    (executable) => ({ executable }),
    (error) => ({ reason: `VS Code ${version} cannot be downloaded here (${oneLine(error)})` }),
  );
  /** @type {Promise<{ reason: string } | undefined>} */
  const tired = new Promise((resolve) => {
    setTimeout(
      () =>
        resolve(begun ? undefined : { reason: "the download server of VS Code does not answer" }),
      patience,
    ).unref();
  });
  return (await Promise.race([download, tired])) ?? (await download);
}

/** @param {unknown} error */
function oneLine(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\n[^]*/, "").trim();
}
