// VS Code's trees keep only the rows in the page that are in sight. These read all of them.
import type { Locator } from "playwright-core";

export interface TreeRow {
  /** 1 for the outermost rows. */
  level: number;
  /** The name of a variable, else the row's label. */
  name: string;
  /** The value of a variable. */
  value: string | undefined;
  /** All that the row shows. */
  text: string;
  /** Undefined where there is nothing below. */
  expanded: boolean | undefined;
  selected: boolean;
}

interface SightedRow extends TreeRow {
  index: number;
}

interface Sight {
  rows: SightedRow[];
  /** The height of all rows together, of the part that is in sight, and where that begins. */
  content: number;
  height: number;
  top: number;
}

async function look(tree: Locator): Promise<Sight> {
  return tree.evaluate((list): Sight => {
    const text = (element: Element | null | undefined) =>
      (element?.textContent ?? "").replaceAll("\u00a0", " ").trim();
    const rows = [...list.querySelectorAll(".monaco-list-rows > .monaco-list-row")].map((row) => {
      const name = row.querySelector(
        ".expression .name, .stack-frame .label, .thread .name, .session .name, .scope",
      );
      const value = row.querySelector(".expression .value");
      const expanded = row.getAttribute("aria-expanded");
      return {
        index: Number(row.getAttribute("data-index")),
        level: Number(row.getAttribute("aria-level")),
        // Names of variables are written with their colon.
        name: text(name ?? row.querySelector(".monaco-tl-contents")).replace(/\s*[:=]$/, ""),
        value: value ? text(value) : undefined,
        text: text(row.querySelector(".monaco-tl-contents")),
        expanded: expanded === null ? undefined : expanded === "true",
        selected: row.classList.contains("selected"),
      };
    });
    const all = list.querySelector(".monaco-list-rows");
    const style = all instanceof HTMLElement ? all.style : undefined;
    return {
      rows,
      content: parseFloat(style?.height ?? "") || 0,
      height: list.clientHeight,
      top: -parseFloat(style?.top ?? "") || 0,
    };
  });
}

/**
 * Turns the wheel over the tree and waits until it has moved. The event is made in the page: VS Code
 * counts the notches of a wheel (120 a notch, 50 pixels each), and the mouse of playwright has one.
 */
async function scroll(tree: Locator, from: Sight, distance: number): Promise<void> {
  await tree.evaluate((list, pixels) => {
    const wheelDeltaY = (-pixels / 50) * 120;
    const init = { deltaY: pixels, wheelDeltaY, bubbles: true, cancelable: true };
    list.querySelector(".monaco-list-rows")!.dispatchEvent(new WheelEvent("wheel", init));
  }, distance);
  for (let tries = 0; tries < 20; tries++) {
    if ((await look(tree)).top !== from.top) return;
    await tree.page().waitForTimeout(10);
  }
}

/** Looks at the tree from top to bottom until somebody has seen enough. */
async function lookThrough(
  tree: Locator,
  enough: (rows: SightedRow[]) => boolean = () => false,
): Promise<SightedRow[]> {
  let sight = await look(tree);
  if (sight.content <= sight.height + 1) return inOrder(sight.rows);

  const seen = new Map<number, SightedRow>();
  if (sight.top > 0) await scroll(tree, sight, -sight.content);
  for (;;) {
    sight = await look(tree);
    for (const row of sight.rows) seen.set(row.index, row);
    const rows = inOrder(seen.values());
    const atEnd = sight.top + sight.height >= sight.content - 1;
    if (atEnd || enough(rows)) return rows;
    // Two rows are seen twice, so that none falls between.
    await scroll(tree, sight, Math.max(22, sight.height - 44));
  }
}

function inOrder(rows: Iterable<SightedRow>): SightedRow[] {
  return [...rows].sort((a, b) => a.index - b.index);
}

/** All rows of a tree. One that is longer than its view is scrolled to its end. */
export async function readTree(tree: Locator): Promise<TreeRow[]> {
  const rows = await lookThrough(tree);
  return rows.map(({ index: _, ...row }) => row);
}

/** The row that is reached by these names, one a level. */
function find(rows: SightedRow[], names: string[]): SightedRow | undefined {
  let matched = 0;
  for (const row of rows) {
    matched = Math.min(matched, row.level - 1);
    if (row.level === matched + 1 && row.name === names[matched]) {
      matched++;
      if (matched === names.length) return row;
    }
  }
  return undefined;
}

/** Expands the row that is reached by these names. Says whether it is expanded already. */
export async function expandTreeRow(tree: Locator, names: string[]): Promise<boolean> {
  const rows = await lookThrough(tree, (seen) => find(seen, names) !== undefined);
  const row = find(rows, names);
  if (!row) throw new Error(`no row ${names.join(" > ")}`);
  if (row.expanded === undefined) throw new Error(`${names.join(" > ")} has nothing below`);
  if (row.expanded) return true;
  const place = tree.locator(`.monaco-list-rows > .monaco-list-row[data-index="${row.index}"]`);
  await place.locator(".monaco-tl-twistie").click();
  return false;
}
