// Which lines of the core have the tests run?
//
// V8 tells which stretches of the test bundles have run. They are laid over the syntax tree of each
// bundle, and its source map leads from there to our sources.
//
// A line counts if a statement begins on it. Which lines these are says the source by itself, whether
// or not a test needs it: a bundle leaves out what nobody calls. Types and comments do not count.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse } from "acorn";
import { convert } from "ast-v8-to-istanbul";
import * as esbuild from "esbuild";
import { checkout } from "./vscode/places.mjs";

/** @typedef {import("ast-v8-to-istanbul").CoverageMapData} Statements by file, how often each ran */
/** @typedef {{ url: string, functions: any[] }} Script what V8 tells of one script */
/** @typedef {{ file: string, lines: number, uncovered: number[] }} FileLines */

/** The least share of the lines, in percent. */
const least = 97;

const core = path.join(checkout, "src", "core");

/** @param {string} file @returns {boolean} */
const inCore = (file) => file.startsWith(core + path.sep);

/** @param {string} code */
const ast = (code) => parse(code, { ecmaVersion: "latest", sourceType: "module" });

/**
 * Every statement of a source, none of which has run.
 *
 * @param {string} file
 * @returns {Promise<Statements>}
 */
async function statementsOf(file) {
  const { code, map } = await esbuild.transform(fs.readFileSync(file, "utf8"), {
    loader: "ts",
    sourcefile: file,
    sourcemap: "external",
    target: "node20",
  });
  const whole = { startOffset: 0, endOffset: code.length, count: 0 };
  const functions = [{ functionName: "", ranges: [whole], isBlockCoverage: true }];
  const coverage = { url: pathToFileURL(file).href, functions };
  return convert({ ast: ast(code), code, coverage, sourceMap: JSON.parse(map) });
}

/**
 * What a bundle of tests has run of our sources. Of the stepped core it says nothing: the map names
 * those sources by other places than their own, and rightly so, for there a line also has the
 * statements of the probe.
 *
 * @param {Script} coverage
 * @returns {Promise<Statements>}
 */
async function statementsRun(coverage) {
  const bundle = fileURLToPath(coverage.url);
  if (!fs.existsSync(`${bundle}.map`)) return {};
  const sourceMap = JSON.parse(fs.readFileSync(`${bundle}.map`, "utf8"));
  /** @type {string[]} */
  const sources = sourceMap.sources;
  const folder = path.dirname(bundle);
  if (!sources.some((source) => inCore(path.resolve(folder, source)))) return {};
  const code = fs.readFileSync(bundle, "utf8");
  return convert({ ast: ast(code), code, coverage, sourceMap });
}

/**
 * Calls back for each statement, with how often it ran.
 *
 * @param {Statements} statements
 * @param {(file: string, line: number, times: number) => void} each
 */
function forEachStatement(statements, each) {
  for (const { path: file, statementMap, s } of Object.values(statements)) {
    if (!inCore(file)) continue;
    for (const [key, { start }] of Object.entries(statementMap)) each(file, start.line, s[key]);
  }
}

/**
 * @param {string} folder where the tests' processes have left their coverage (NODE_V8_COVERAGE)
 * @returns {Promise<FileLines[]>} the files that have lines to run
 */
async function linesOf(folder) {
  /** @type {Map<string, Map<number, boolean>>} */
  const files = new Map();
  for (const name of fs.readdirSync(core, { recursive: true, encoding: "utf8" }).sort()) {
    if (!name.endsWith(".ts")) continue;
    /** @type {Map<number, boolean>} */
    const lines = new Map();
    forEachStatement(await statementsOf(path.join(core, name)), (_, line) =>
      lines.set(line, false),
    );
    if (lines.size > 0) files.set(path.join(core, name), lines);
  }

  const tests = pathToFileURL(path.join(checkout, "out", "test") + path.sep).href;
  for (const name of fs.readdirSync(folder)) {
    /** @type {{ result: Script[] }} */
    const { result } = JSON.parse(fs.readFileSync(path.join(folder, name), "utf8"));
    for (const script of result) {
      if (!script.url.startsWith(tests)) continue;
      forEachStatement(await statementsRun(script), (file, line, times) => {
        const lines = files.get(file);
        if (times > 0 && lines?.has(line)) lines.set(line, true);
      });
    }
  }
  return [...files].map(([file, lines]) => ({
    file: path.relative(checkout, file).split(path.sep).join("/"),
    lines: lines.size,
    uncovered: [...lines].flatMap(([line, ran]) => (ran ? [] : line)).sort((a, b) => a - b),
  }));
}

/**
 * Lines as people write them: 3, 5-7.
 *
 * @param {number[]} lines in ascending order
 */
function ranges(lines) {
  /** @type {[number, number][]} */
  const found = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last && last[1] === line - 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

/**
 * Prints which lines of the core have run, file by file.
 *
 * @param {string} folder where the tests' processes have left their coverage (NODE_V8_COVERAGE)
 * @returns {Promise<string | undefined>} what is wrong with that, if anything is
 */
export async function reportCoverage(folder) {
  const files = await linesOf(folder);
  const total = { file: "all", lines: 0, uncovered: 0 };
  /** @param {string} file @param {number} lines @param {number} uncovered */
  const share = (file, lines, uncovered) => {
    // Rounded down: 100 % is all of it.
    const percent = Math.floor((1 - uncovered / lines) * 1000) / 10;
    const numbers = [lines, uncovered].map((n) => String(n).padStart(9)).join("");
    return `${file.padEnd(46)}${numbers}${percent.toFixed(1).padStart(8)}`;
  };
  console.log(`${"file".padEnd(46)}    lines  not run       %  lines not run`);
  for (const { file, lines, uncovered } of files) {
    console.log(`${share(file, lines, uncovered.length)}  ${ranges(uncovered)}`.trimEnd());
    total.lines += lines;
    total.uncovered += uncovered.length;
  }
  console.log(share(total.file, total.lines, total.uncovered));
  if (total.lines - total.uncovered >= (total.lines * least) / 100) return undefined;
  return `the tests run less than ${least} % of the lines of src/core`;
}
