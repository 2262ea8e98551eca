/**
 * The file whose bytes a scenario's disk begins with. This room reads no files: it says which one it
 * needs, and is given it by whoever has opened the scenario.
 */

import { SECTOR_BYTES } from "./driver-limits.js";
import type { Problem, TextRange } from "./problem.js";
import { sayBytes, sayCount } from "./quantity.js";

/** The largest file, in bytes: it is held in memory. */
export const LARGEST_IMAGE = 256 * 1024 ** 2;

/** Files beside a scenario, by their paths from its folder, with / between folders. */
export interface FilesBeside {
  /** Bytes in the file. Rejects with a reason that a user understands. */
  size(name: string): Promise<number>;
  /** Its content. Rejects with a reason that a user understands. */
  read(name: string): Promise<Uint8Array>;
}

/** A file that a scenario names. */
export interface NeededFile {
  /** Its path from the scenario's folder. */
  name: string;
  /** The disk's capacity in sectors of 512 bytes. */
  sectors: number;
  /** Where the scenario names it. */
  path: string;
  range: TextRange;
}

/** Why a file of so many bytes cannot be the disk's content, or null. */
export function misfit({ name, sectors }: NeededFile, bytes: number): string | null {
  if (bytes > LARGEST_IMAGE) {
    return `"${name}" has ${sayBytes(bytes)}, but a disk's content is held in memory: it is at most ${sayBytes(LARGEST_IMAGE)}. Cut the file to the part that the requests touch; the disk goes on with zeros.`;
  }
  if (bytes > sectors * SECTOR_BYTES) {
    const wanted = Math.ceil(bytes / SECTOR_BYTES);
    return `"${name}" has ${sayBytes(bytes)}, but the disk has ${sayCount(sectors, "sector")} of 512 bytes: make the disk larger, with "sectors": ${wanted} or more.`;
  }
  return null;
}

/** A problem at the place where the scenario names the file. */
export function problemOfFile({ path, range }: NeededFile, code: string, message: string): Problem {
  return { severity: "error", message, path, range, line: range.start.line + 1, code };
}

/** The problem of a file that could not be read. */
export function unreadable(file: NeededFile, reason: unknown): Problem {
  const why = reason instanceof Error ? reason.message : String(reason);
  const text = `"${file.name}" cannot be read: ${why}. The path begins at the scenario's folder.`;
  return problemOfFile(file, "disk-file", text);
}

/**
 * Reads a file that a scenario needs.
 * @returns its bytes, or what is wrong with it
 */
export async function readNeeded(
  file: NeededFile,
  files: FilesBeside,
): Promise<Uint8Array | Problem> {
  const unfit = await checkNeeded(file, files);
  if (unfit !== null) return unfit;
  try {
    return await files.read(file.name);
  } catch (error) {
    return unreadable(file, error);
  }
}

/** What is wrong with a file that a scenario needs, as far as its size says; null when nothing is. */
export async function checkNeeded(
  file: NeededFile,
  files: Pick<FilesBeside, "size">,
): Promise<Problem | null> {
  try {
    const wrong = misfit(file, await files.size(file.name));
    return wrong === null ? null : problemOfFile(file, "disk-file", wrong);
  } catch (error) {
    return unreadable(file, error);
  }
}
