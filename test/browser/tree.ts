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
  /** The height of all rows together and of the part that is in sight. */
  content: number;
  height: number;
}

async function look(tree: Locator): Promise<Sight> {
  return tree.evaluate((list): Sight => {
    const text = (element: Element | null | undefined) =>
      (element?.textContent ?? "").replaceAll("\u00a0", " ").trim();
    const rows = [...list.querySelectorAll(".monaco-list-row")].map((row) => {
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
    return {
      rows,
      content: all instanceof HTMLElement ? parseFloat(all.style.height) || 0 : 0,
      height: list.clientHeight,
    };
  });
}

async function scroll(tree: Locator, distance: number): Promise<void> {
  const box = await tree.boundingBox();
  if (!box) return;
  const page = tree.page();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, distance);
  await page.waitForTimeout(60);
}

/** Looks at the tree from top to bottom until somebody has seen enough. */
async function lookThrough(
  tree: Locator,
  enough: (rows: Map<number, SightedRow>) => boolean = () => false,
): Promise<SightedRow[]> {
  const rows = new Map<number, SightedRow>();
  const see = async () => {
    const sight = await look(tree);
    const before = rows.size;
    for (const row of sight.rows) rows.set(row.index, row);
    return { ...sight, news: rows.size > before };
  };

  let sight = await see();
  if (sight.content > sight.height + 1) {
    await scroll(tree, -sight.content);
    rows.clear();
    do {
      sight = await see();
      if (enough(rows)) break;
      await scroll(tree, Math.max(22, sight.height - 44));
    } while (sight.news);
  }
  return [...rows.values()].sort((a, b) => a.index - b.index);
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
  const found = (rows: Map<number, SightedRow>) =>
    find(
      [...rows.values()].sort((a, b) => a.index - b.index),
      names,
    );
  const rows = await lookThrough(tree, (seen) => found(seen) !== undefined);
  const row = find(rows, names);
  if (!row) throw new Error(`no row ${names.join(" > ")}`);
  if (row.expanded === undefined) throw new Error(`${names.join(" > ")} has nothing below`);
  if (row.expanded) return true;
  const place = tree.locator(`.monaco-list-row[data-index="${row.index}"]`);
  await place.locator(".monaco-tl-twistie").click();
  return false;
}
