// Compiles the tests: test/<kind>/**/*.test.ts to out/test/<kind>/.
//
//   node scripts/build-tests.mjs [kind ...]
//
// Those in "vscode" become CommonJS, as the extension host loads them; all others become ES modules
// for node's test runner. Packages stay packages: only our own sources are bundled.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { stepping } from "./stepping/plugin.mjs";
import { checkout } from "./vscode/places.mjs";

/** The kinds of tests, in the order in which they run. */
export const kinds = ["unit", "golden", "adapter", "cli", "vscode", "browser"];

/** @param {string} kind */
export function testSources(kind) {
  const folder = path.join(checkout, "test", kind);
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => path.join(folder, file))
    .sort();
}

/**
 * The scripts know by their own place where the checkout is. So they are not copied into a bundle:
 * the bundle imports them from where they are.
 *
 * @type {esbuild.Plugin}
 */
const scriptsStay = {
  name: "scripts-stay",
  setup(build) {
    build.onResolve({ filter: /\/scripts\/.*\.mjs$/ }, ({ path: wanted, resolveDir }) => ({
      path: pathToFileURL(path.resolve(resolveDir, wanted)).href,
      external: true,
    }));
  },
};

/** @param {string[]} [wanted] */
export async function buildTests(wanted = kinds) {
  for (const kind of wanted) {
    const outdir = path.join(checkout, "out", "test", kind);
    // A test that was renamed or deleted must not run again.
    fs.rmSync(outdir, { recursive: true, force: true });
    const entryPoints = testSources(kind);
    if (entryPoints.length === 0) continue;

    const inExtensionHost = kind === "vscode";
    if (inExtensionHost) entryPoints.push(path.join(checkout, "test", kind, "index.ts"));
    await esbuild.build({
      entryPoints,
      outdir,
      outbase: path.join(checkout, "test", kind),
      bundle: true,
      platform: "node",
      target: "node20",
      format: inExtensionHost ? "cjs" : "esm",
      outExtension: { ".js": inExtensionHost ? ".js" : ".mjs" },
      packages: "external",
      sourcemap: "linked",
      logLevel: "warning",
      plugins: [scriptsStay, stepping()],
    });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((kind) => !kinds.includes(kind));
  if (unknown.length > 0) {
    console.error(`No such kind of tests: ${unknown.join(", ")}. There are ${kinds.join(", ")}.`);
    process.exit(1);
  }
  await buildTests(wanted.length > 0 ? wanted : kinds);
}
