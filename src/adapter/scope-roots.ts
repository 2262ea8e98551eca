/** The six scopes of a stop, and the names that expressions begin with. */
import {
  BLK_RING_SIZE,
  INDIRECT_GREFS,
  SEGS_PER_INDIRECT_FRAME,
  XEN_PAGES_PER_INDIRECT_FRAME,
  XEN_PAGES_PER_SEGMENT,
} from "../core/blkfront/patch-v2/blkfront-info.js";
import {
  BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST,
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
} from "../core/xen/blkif.js";
import { XEN_PAGE_SIZE } from "../core/xen/page.js";
import { ring_entries } from "../core/xen/ring.js";
import type { Frame } from "../replay/moment.js";
import type { Names } from "./expression/evaluate.js";
import type { InHand } from "./in-hand.js";
import { integer } from "./present/numbers.js";
import { type Member, type Value, struct } from "./present/value.js";
import type { World } from "./present/world.js";

/** The names and the order never change: a client keeps what is unfolded by them. */
export const SCOPES = ["Locals", "Request", "Shadow entry", "info", "Ring", "Constants"] as const;

export type ScopeName = (typeof SCOPES)[number];

/** What the debugger calls the roots of the scopes; no variable can have such a name. */
const ROOTS = { request: "$req", shadow: "$shadow", info: "$info", ring: "$ring" } as const;

/** What may be used without the dollar sign where no variable of the frame has the name. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ["req", ROOTS.request],
  ["request", ROOTS.request],
  ["shadow", ROOTS.shadow],
  ["info", ROOTS.info],
  ["ring", ROOTS.ring],
]);

/** What one frame of a stop shows. `frame` is null where nothing runs. */
export interface Sight {
  readonly world: World;
  readonly frame: Frame | null;
  readonly inHand: () => InHand;
}

function constants(world: World): Member[] {
  const { kernel, info } = world.machine;
  const constant = (name: string, value: number): Member => ({
    name,
    value: integer("unsigned long", value),
    expression: () => name,
  });
  return [
    constant("PAGE_SIZE", kernel.PAGE_SIZE),
    constant("XEN_PAGE_SIZE", XEN_PAGE_SIZE),
    constant("XEN_PAGES_PER_SEGMENT", XEN_PAGES_PER_SEGMENT(kernel)),
    constant("XEN_PAGES_PER_INDIRECT_FRAME", XEN_PAGES_PER_INDIRECT_FRAME),
    constant("SEGS_PER_INDIRECT_FRAME", SEGS_PER_INDIRECT_FRAME(kernel)),
    constant("BLKIF_MAX_SEGMENTS_PER_REQUEST", BLKIF_MAX_SEGMENTS_PER_REQUEST),
    constant("BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST", BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST),
    constant("BLK_RING_SIZE", BLK_RING_SIZE(info)),
    constant("BLK_MAX_RING_SIZE", ring_entries(info.layout, 16)),
    {
      name: "INDIRECT_GREFS(max_indirect_segments)",
      value: integer("unsigned long", INDIRECT_GREFS(info.max_indirect_segments)),
      expression: () => "INDIRECT_GREFS($info->max_indirect_segments)",
    },
  ];
}

/** The variables of a frame. */
function locals(sight: Sight): Member[] {
  return [...(sight.frame?.variables ?? [])]
    .filter(([, value]) => typeof value !== "function")
    .map(([name, value]) => ({
      name,
      value: sight.world.any(name, value),
      expression: () => name,
    }));
}

function rootValue(sight: Sight, root: string): Value | undefined {
  const { world, inHand } = sight;
  switch (root) {
    case ROOTS.request:
      return world.point("request", inHand().request);
    case ROOTS.shadow:
      return world.point("blk_shadow", inHand().shadow);
    case ROOTS.info:
      return world.point("blkfront_info", world.machine.info);
    case ROOTS.ring:
      return world.point("blkif_front_ring", world.machine.info.ring);
    default:
      return undefined;
  }
}

/** A scope's value, and the expression of the structure that it shows (empty: its children stand alone). */
export function scopeRoot(sight: Sight, scope: ScopeName): { value: Value; expression: string } {
  const of = (root: string): { value: Value; expression: string } => ({
    value: rootValue(sight, root) as Value,
    expression: root,
  });
  switch (scope) {
    case "Locals":
      return { value: struct("", null, "", () => locals(sight)), expression: "" };
    case "Request":
      return of(ROOTS.request);
    case "Shadow entry":
      return of(ROOTS.shadow);
    case "info":
      return of(ROOTS.info);
    case "Ring":
      return of(ROOTS.ring);
    case "Constants":
      return { value: struct("", null, "", () => constants(sight.world)), expression: "" };
  }
}

/** The names that an expression can begin with in a frame. */
export function namesOf(sight: Sight): Names {
  const members = (): Member[] => [...locals(sight), ...constants(sight.world)];
  return {
    world: sight.world,
    lookup: (name) => {
      if (name.startsWith("$")) return rootValue(sight, name);
      const own = members().find((member) => member.name === name);
      if (own !== undefined) return own.value;
      const root = SHORT.get(name);
      if (root !== undefined) return rootValue(sight, root);
      const { machine, point } = sight.world;
      if (name === "kernel") return point("kernel", machine.kernel);
      return name === "backend" ? point("xen_blkif", machine.backend) : undefined;
    },
    known: () => [
      ...members()
        .map((member) => member.name)
        .filter((name) => /^\w+$/.test(name)),
      ...Object.values(ROOTS),
      ...SHORT.keys(),
      "kernel",
      "backend",
    ],
  };
}
