// What VS Code calls inside its extension host to run the tests: mocha over the compiled test files
// that lie beside this one.
import * as fs from "node:fs";
import * as path from "node:path";
import Mocha from "mocha";
import { useSourcePositions } from "./source-positions";

/** What is left for the runner: an extension host that dies exits with 0. */
export interface Results {
  passed: number;
  failed: number;
  pending: number;
  failures: { title: string; message: string; stack: string | undefined }[];
}

export async function run(): Promise<void> {
  useSourcePositions();
  const mocha = new Mocha({
    ui: "bdd",
    color: true,
    timeout: 30_000,
    grep: process.env.GRANTWALK_TEST_GREP,
  });
  for (const name of fs.readdirSync(__dirname).sort()) {
    if (name.endsWith(".test.js")) mocha.addFile(path.join(__dirname, name));
  }

  const results: Results = { passed: 0, failed: 0, pending: 0, failures: [] };
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on("pass", () => results.passed++);
    runner.on("pending", () => results.pending++);
    // Failed hooks come here too, and they count: their tests have not run.
    runner.on("fail", (test, error) => {
      results.failed++;
      const { message, stack } = error as Error;
      results.failures.push({ title: test.fullTitle(), message, stack });
    });
  });

  const file = process.env.GRANTWALK_TEST_RESULTS;
  if (file) fs.writeFileSync(file, JSON.stringify(results));
  if (results.failed > 0) throw new Error(`${results.failed} extension tests failed`);
}
