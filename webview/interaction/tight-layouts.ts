/**
 * Layouts for `lit-virtualizer` that draw little of what cannot be seen. Its own ones draw 1000 pixels more on
 * each side, and for small rows most of the time of a step would go into those.
 */
import { FlowLayout } from "@lit-labs/virtualizer/layouts/flow.js";
import { GridLayout } from "@lit-labs/virtualizer/layouts/grid.js";

/** CSS pixels beyond each edge. */
const OVERHANG = 120;

/** Rows one below the other. */
export class TightFlow extends FlowLayout {
  protected override _overhang = OVERHANG;
}

/** Fields of one size. */
export class TightGrid extends GridLayout {
  protected override _overhang = OVERHANG;
}
