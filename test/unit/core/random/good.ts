/** Random scenarios in which nothing is wrong: no fault, and none of the driver's known defects in the way. */
import fc from "fast-check";
import type { Scenario } from "../../../../src/core/scenario.js";
import { type Act, type Bounds, Planner, acts, bounds_of } from "./plan.js";
import { type Surroundings, surroundings } from "./settings.js";

/**
 * A back end that keeps all of its persistent grants and none of the others, on pages of which a request can
 * have one; and what may be asked there.
 */
export function sound(around: Surroundings): { around: Surroundings; bounds: Bounds } {
  const { guest, backend } = around;
  const mapping = backend.persistent
    ? { keepsMapped: "all" as const, maxPersistentGrants: null }
    : { keepsMapped: "none" as const };
  const one = { ...around, backend: { ...backend, ...mapping } };
  const bounds = bounds_of(one);
  if (bounds !== null) return { around: one, bounds };
  const small = { ...one, guest: { ...guest, pageSize: 4096 as const } };
  return { around: small, bounds: bounds_of(small) as Bounds };
}

/** The same with a back end that keeps a few grants only, which is sound while no request is indirect. */
function keeping_few({ around, bounds }: ReturnType<typeof sound>) {
  if (!around.backend.persistent) return { around, bounds };
  return {
    around: { ...around, backend: { ...around.backend, keepsMapped: 7 } },
    bounds: { ...bounds, xenPages: 11, noBios: true },
  };
}

function plan(around: Surroundings, bounds: Bounds, wishes: readonly Act[]): Scenario {
  const planner = new Planner(around, bounds);
  for (const wish of wishes) planner.add(wish);
  planner.finish();
  return planner.scenario();
}

/** Everything is answered in the end, and the disk is left alone. */
export const good: fc.Arbitrary<Scenario> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(surroundings, acts())
      .map(([any, wishes]) => [sound(any), wishes] as const)
      .map(([{ around, bounds }, wishes]) => plan(around, bounds, wishes)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(surroundings, acts())
      .map(([any, wishes]) => [keeping_few(sound(any)), wishes] as const)
      .map(([{ around, bounds }, wishes]) => plan(around, bounds, wishes)),
  },
  {
    // On larger pages the queue limits are wrong after a resume.
    weight: 1,
    arbitrary: fc.tuple(surroundings, acts(["resume"])).map(([any, wishes]) => {
      const small = { ...any, guest: { ...any.guest, pageSize: 4096 as const } };
      const { around, bounds } = sound(small);
      return plan(around, { ...bounds, secure: false }, wishes);
    }),
  },
);
