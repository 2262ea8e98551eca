/** The captures of a live guest that the tests read. Tests run in the project's folder. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

const folder = path.resolve("test/fixtures/captures");

/** A recorded text by its name without `.gz`. */
export function recorded(name: string): string {
  return gunzipSync(readFileSync(path.join(folder, `${name}.gz`))).toString("utf8");
}

/** The capture of that name. */
export function capture(name: string): string {
  return recorded(`${name}.trace.txt`);
}

/** All captures of the project, and those of a folder beside it where there is one. */
export function allCaptures(): { name: string; text: string }[] {
  const own = readdirSync(folder)
    .filter((file) => file.endsWith(".trace.txt.gz"))
    .map((file) => file.replace(/\.trace\.txt\.gz$/, ""))
    .map((name) => ({ name, text: capture(name) }));
  const beside = path.resolve("../shared/captures");
  if (!existsSync(beside)) return own;
  const others = readdirSync(beside)
    .map((name) => ({ name: `beside/${name}`, file: path.join(beside, name, "trace.txt") }))
    .filter(({ file }) => existsSync(file))
    .map(({ name, file }) => ({ name, text: readFileSync(file, "utf8") }));
  return [...own, ...others];
}

/** The text without the lines that match. */
export function without(text: string, lines: RegExp): string {
  return text
    .split("\n")
    .filter((line) => !lines.test(line))
    .join("\n");
}

/** The text without some of the lines that match: the first is number 1. */
export function withoutSome(text: string, lines: RegExp, numbers: readonly number[]): string {
  let count = 0;
  return text
    .split("\n")
    .filter((line) => !(lines.test(line) && numbers.includes(++count)))
    .join("\n");
}

export const DRIVER_LINES =
  / (queue_rq|queue_rq_ret|grant|grant_ret|new_gref|end_gref|end_gref_ret|copy_back|irq|irq_ret|complete): \(/;
export const BLOCK_LINES = / block_\w+: /;
