/** Runs a property with seeds of its own at each time, and says which, so that any run can be had again. */
import type { TestContext } from "node:test";
import fc from "fast-check";

/**
 * @param numRuns random values, of 1 and more; fewer where whoever runs all tests asks for fewer
 * @throws what the property throws, with the seed and the value; the value is not made smaller, since that can
 *   take hours for a scenario
 */
export function holds<Ts>(t: TestContext, numRuns: number, property: fc.IProperty<Ts>): void {
  const all = fc.readConfigureGlobal();
  const asked = process.env["GRANTWALK_SEED"] ?? all.seed;
  const seed = asked === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(asked);
  const runs = Math.min(numRuns, all.numRuns ?? numRuns);
  t.diagnostic(`${runs} runs, GRANTWALK_SEED=${seed}`);
  fc.assert(property, { numRuns: runs, seed, endOnFailure: true });
}
