// npm run package: builds for production and packs grantwalk-<version>.vsix.
import { readFileSync, statSync } from "node:fs";
import process from "node:process";
import { packExtension } from "./vscode/stage.mjs";

const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
const target = process.argv[2] ?? `${name}-${version}.vsix`;
await packExtension(target);
console.log(`${target}: ${(statSync(target).size / 1024).toFixed(0)} KB`);
