/**
 * Prints the figures of the budgets.
 *
 *   npm run bench                    all of them
 *   npm run bench -- core travel     these
 *   npm run bench -- --json          one object a line
 */
import { benchCore } from "./core.js";
import { sayer } from "./say.js";
import { benchTravel } from "./travel.js";

const BENCHES = { core: benchCore, travel: benchTravel };
type Bench = keyof typeof BENCHES;

const args = process.argv.slice(2);
const wanted = args.filter((arg): arg is Bench => arg in BENCHES);
const unknown = args.find((arg) => arg !== "--json" && !(arg in BENCHES));
if (unknown !== undefined) {
  console.error(`There is no bench '${unknown}': there are ${Object.keys(BENCHES).join(" and ")}.`);
  process.exit(2);
}
const say = sayer(args.includes("--json"));
for (const name of wanted.length > 0 ? wanted : (Object.keys(BENCHES) as Bench[])) {
  BENCHES[name](say);
}
