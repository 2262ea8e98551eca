/** Where things lie, from a bundle in out/test/adapter. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

function findCheckout(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(path.join(folder, "package.json"))) folder = path.dirname(folder);
  return folder;
}

export const checkout = findCheckout();

/** The model's sources: what the extension ships as dist/model. */
export const model = path.join(checkout, "src", "core");

/** The protocol's schema lies beside the checkout, or nowhere; it is not part of the project. */
export function protocolSchema(): string | null {
  const folder = path.join(checkout, "..", "shared", "dap");
  if (!fs.existsSync(folder)) return null;
  const name = fs.readdirSync(folder).find((file) => file.endsWith(".json"));
  return name === undefined ? null : path.join(folder, name);
}

/** The line, from 1, of the only place in a source of the model that has this text. */
export function lineOf(file: string, text: string): number {
  const lines = fs.readFileSync(path.join(model, file), "utf8").split("\n");
  const found = lines.flatMap((line, index) => (line.includes(text) ? [index + 1] : []));
  const [line, second] = found;
  if (line === undefined || second !== undefined) {
    throw new Error(`${file} has ${found.length} lines with ${JSON.stringify(text)}`);
  }
  return line;
}
