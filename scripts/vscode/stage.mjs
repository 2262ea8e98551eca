// The extension as users get it: staged as a folder for development mode, or packed as a .vsix.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { PackageManager, createVSIX, listFiles } from "@vscode/vsce";
import { checkout } from "./places.mjs";

/** The folder of the extension; GRANTWALK_EXTENSION names another one to try these scripts on. */
export const extensionSource = process.env.GRANTWALK_EXTENSION ?? checkout;

/** The folder that a newcomer opens. */
export const examples = path.join(extensionSource, "examples");

/** What the extension is called in VS Code. */
export function extensionNames(folder = extensionSource) {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  return { id: `${manifest.publisher}.${manifest.name}`, displayName: manifest.displayName };
}

/**
 * Copies what .vscodeignore lets through into a folder of its own. Development mode on the checkout
 * would take everything below it for the extension: with the server in there, VS Code takes its own
 * themes for ours. And a file that .vscodeignore forgets is missing here as it would be for users.
 *
 * @param {string} [source] the folder of the extension
 * @returns {Promise<{ folder: string, remove: () => void }>}
 */
export async function stageExtension(source = extensionSource) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-stage-"));
  const remove = () => fs.rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  for (const file of await listFiles({ cwd: source, packageManager: PackageManager.None })) {
    const target = path.join(folder, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.copyFileSync(path.join(source, file), target);
  }
  const { main } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  if (
    main &&
    !fs.existsSync(path.join(folder, main)) &&
    !fs.existsSync(path.join(folder, `${main}.js`))
  ) {
    remove();
    throw new Error(`The extension's ${main} is not there: run npm run build first.`);
  }
  return { folder, remove };
}

/**
 * Packs the extension, as it is built at the moment, as it would be published.
 *
 * @param {string} target the .vsix to write
 * @param {string} [source] the folder of the extension
 */
export async function packExtension(target, source = extensionSource) {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  await createVSIX({
    cwd: source,
    packagePath: target,
    dependencies: false,
    allowMissingRepository: true,
    // The README's pictures are packed with it.
    rewriteRelativeLinks: false,
    skipLicense: true,
  });
  return target;
}
