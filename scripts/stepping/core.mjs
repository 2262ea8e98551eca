import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { instrument } from "./instrument.mjs";
import { Refusal } from "./refusal.mjs";
import { Table } from "./table.mjs";

/**
 * @typedef {object} Core
 * @property {string} text the bundle: statements that fill `module.exports`, one namespace for each file
 * @property {Map<string, { key: string, names: string[] }>} files what each file is called in the bundle, and
 *   what it exports
 * @property {Table} table the statements that have a probe
 * @property {import("esbuild").PartialMessage[]} errors
 */

/** @type {import("esbuild").BuildOptions} */
const COMMON = {
  bundle: true,
  write: false,
  platform: "neutral",
  target: "es2022",
  logLevel: "silent",
};

/**
 * Bundles the instrumented core by itself.
 *
 * It has to become one closure: there the probe's arrays can be constants, whose addresses the engine's
 * compiler then knows, and a step costs half as much. At the top level of a bundle esbuild turns every
 * constant into a `var`.
 *
 * @param {typeof import("esbuild")} esbuild
 * @param {string} root the folder of the core
 * @param {string[]} folders the folders below it whose files get probes
 * @param {boolean} sourcemap
 * @returns {Promise<Core>}
 */
export async function bundleCore(esbuild, root, folders, sourcemap) {
  const all = sources(root);
  const { instrumented, table, errors } = instrumentAll(root, folders);
  if (errors.length > 0) return failure(errors);
  const entry = all
    .map((file, n) => `export * as f${n} from ${JSON.stringify(`./${relative(root, file)}`)};`)
    .join("\n");
  try {
    const names = await exportedNames(esbuild, all);
    const { outputFiles } = await esbuild.build({
      ...COMMON,
      stdin: { contents: entry, resolveDir: root, sourcefile: "stepped-core" },
      format: "cjs",
      sourcemap: sourcemap ? "inline" : false,
      plugins: [instrumentedFiles(instrumented)],
    });
    const files = new Map(all.map((file, n) => [file, { key: `f${n}`, names: names[n] }]));
    return { text: outputFiles[0].text, files, table, errors };
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    return failure(error.errors);
  }
}

/** @returns {Core} */
function failure(errors) {
  return { text: "", files: new Map(), table: new Table(), errors };
}

function instrumentAll(root, folders) {
  const instrumented = new Map();
  const table = new Table();
  const errors = [];
  for (const file of folders.flatMap((folder) => sources(path.join(root, folder)))) {
    try {
      instrumented.set(file, instrument(readFileSync(file, "utf8"), relative(root, file), table));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { reason, line, column, lineText } = error;
      errors.push({ text: reason, location: { file, line, column, lineText } });
    }
  }
  return { instrumented, table, errors };
}

/** @returns {import("esbuild").Plugin} */
function instrumentedFiles(instrumented) {
  return {
    name: "instrumented-files",
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, ({ path: id, resolveDir }) => {
        const file = find(path.resolve(resolveDir, id));
        return file ? { path: file } : undefined;
      });
      build.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
        const contents = instrumented.get(file);
        return contents === undefined ? undefined : { contents, loader: "ts" };
      });
    },
  };
}

/** What each file exports, types left out, in the order of the files. */
async function exportedNames(esbuild, files) {
  const { metafile } = await esbuild.build({
    ...COMMON,
    entryPoints: files.map((file, n) => ({ in: file, out: `f${n}` })),
    splitting: true,
    outdir: "/",
    format: "esm",
    metafile: true,
  });
  const byName = new Map(
    Object.entries(metafile.outputs).map(([file, { exports }]) => [path.basename(file), exports]),
  );
  return files.map((_, n) => byName.get(`f${n}.js`));
}

/** All TypeScript files below a folder, in an order that does not depend on the machine. */
export function sources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((file) => file.endsWith(".ts") && !/\.(d|test)\.ts$/.test(file))
    .sort();
}

/** The TypeScript file that an import without or with its extension means. */
export function find(base) {
  const stem = base.replace(/\.js$/, "");
  return [stem, `${stem}.ts`, path.join(stem, "index.ts")].find(
    (file) => file.endsWith(".ts") && existsSync(file) && statSync(file).isFile(),
  );
}

function relative(root, file) {
  return path.relative(root, file).split(path.sep).join("/");
}
