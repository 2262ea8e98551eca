/** Builds every bundle: the extension (for desktop and browser alike), the command line, and the webview. */
import { chmod, cp, rm } from "node:fs/promises";
import esbuild from "esbuild";
import { stepping } from "./scripts/stepping/plugin.mjs";

const watch = process.argv.includes("--watch");
const production = process.argv.includes("--production");

/** @type {import("esbuild").BuildOptions} */
const common = {
  bundle: true,
  target: "es2022",
  logLevel: "warning",
  minify: production,
  sourcemap: !production,
  legalComments: "none",
  // Some packages' CommonJS is in a form that cannot be bundled.
  mainFields: ["module", "main"],
};

/** @type {import("esbuild").BuildOptions[]} */
const bundles = [
  {
    // One bundle for both hosts: nothing in it knows Node. The browser's host takes CommonJS named `.js` only, and so
    // the package is no module.
    ...common,
    entryPoints: { extension: "src/extension/main.ts" },
    outdir: "dist",
    platform: "browser",
    format: "cjs",
    external: ["vscode"],
    plugins: [stepping()],
  },
  {
    ...common,
    entryPoints: { cli: "src/cli/main.ts" },
    outdir: "dist",
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    target: "node20",
    // The packages that are CommonJS ask for Node's own modules with `require`.
    banner: {
      js: `#!/usr/bin/env node
import { createRequire as $createRequire } from "node:module";
const require = $createRequire(import.meta.url);`,
    },
    plugins: [stepping()],
  },
  {
    ...common,
    entryPoints: { panel: "webview/main.ts" },
    outdir: "dist",
    platform: "browser",
    format: "esm",
  },
];

await rm("dist", { recursive: true, force: true });
// The model's own sources are what the debugger shows.
await cp("src/core", "dist/model", { recursive: true });

if (watch) {
  for (const options of bundles) await (await esbuild.context(options)).watch();
} else {
  await Promise.all(bundles.map((options) => esbuild.build(options)));
  // Once linked into the path, it stays a program through every build.
  await chmod("dist/cli.mjs", 0o755);
}
