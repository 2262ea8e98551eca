// npm run bench: builds the benchmarks and runs them. `-- --json` prints one object a line.
import { spawnSync } from "node:child_process";
import process from "node:process";
import esbuild from "esbuild";
import { stepping } from "./stepping/plugin.mjs";

const outfile = "out/bench.mjs";
await esbuild.build({
  entryPoints: ["bench/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "warning",
  plugins: [stepping()],
});
const run = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = run.status ?? 1;
