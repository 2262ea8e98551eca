import fs from "node:fs";
import path from "node:path";
import process from "node:process";

/**
 * The file that a command's name stands for, as a shell would find it.
 *
 * @param {string} name
 */
export function onPath(name) {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      if (fs.statSync(file).isFile()) return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
