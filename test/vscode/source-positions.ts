import { findSourceMap } from "node:module";
import * as path from "node:path";

/**
 * Makes stack traces name the lines of the TypeScript sources. Node can do that itself, but not in
 * an extension host, which formats stack traces in its own way.
 */
export function useSourcePositions(): void {
  process.setSourceMapsEnabled(true);
  Error.prepareStackTrace = (error, frames) =>
    [`${error.name}: ${error.message}`, ...frames.map((frame) => `    at ${describe(frame)}`)].join(
      "\n",
    );
}

function describe(frame: NodeJS.CallSite): string {
  const file = frame.getFileName();
  const line = frame.getLineNumber();
  const column = frame.getColumnNumber();
  if (!file || line === null || column === null) return String(frame);
  const entry = findSourceMap(file)?.findEntry(line - 1, column - 1);
  if (!entry || !("originalSource" in entry)) return String(frame);
  const source = path.relative(process.cwd(), entry.originalSource.replace(/^file:\/\//, ""));
  const place = `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  const name = frame.getFunctionName();
  return name ? `${name} (${place})` : place;
}
