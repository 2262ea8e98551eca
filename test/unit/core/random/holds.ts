/** Runs a property with seeds of its own at each time, and says which, so that any run can be had again. */
import type { TestContext } from "node:test";
import fc from "fast-check";

/**
 * @param numRuns random values, of 1 and more
 * @throws what the property throws, with the seed and the value; the value is not made smaller, since that can
 *   take hours for a scenario
 */
export function holds<Ts>(t: TestContext, numRuns: number, property: fc.IProperty<Ts>): void {
  const asked = process.env["GRANTWALK_SEED"] ?? fc.readConfigureGlobal().seed;
  const seed = asked === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(asked);
  t.diagnostic(`${numRuns} runs, GRANTWALK_SEED=${seed}`);
  fc.assert(property, { numRuns, seed, endOnFailure: true });
}
