/** Files that a scenario names, read from this machine's disk. */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { FilesBeside } from "../inputs/disk-image.js";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

/** What Node says of a file, in words. */
export function reasonOf(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  return new Error(REASONS[code ?? ""] ?? message, { cause: error });
}

/** The files in the folder of a scenario and below, on this disk. */
export function filesBeside(file: string): FilesBeside {
  const folder = path.dirname(file);
  return {
    size: async (name) => {
      try {
        const found = await stat(path.join(folder, name));
        // A pipe or a device would be read for ever.
        if (!found.isFile()) throw new Error("it is no file");
        return found.size;
      } catch (error) {
        throw reasonOf(error);
      }
    },
    read: async (name) => {
      try {
        return await readFile(path.join(folder, name));
      } catch (error) {
        throw reasonOf(error);
      }
    },
  };
}
