/** The adapter's host in Node. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { AdapterHost } from "../../adapter/host.js";
import { filesBeside, reasonOf } from "../files-beside.js";

/** The folder of the model's sources, which the build puts beside the command line. */
const model = fileURLToPath(new URL("model/", import.meta.url));

/** @param sources the folder of the model's sources */
export function nodeHost(sources = model): AdapterHost {
  return {
    readFile: async (file) => {
      try {
        return await readFile(file);
      } catch (error) {
        throw reasonOf(error);
      }
    },
    filesBeside,
    sourcePath: (file) => path.join(sources, file),
    readSource: (file) => readFile(path.join(sources, file), "utf8"),
  };
}
