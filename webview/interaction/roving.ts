/**
 * Keyboard in groups of many small things. A group (`data-roving`) is one stop of the Tab key; inside it the
 * arrows move between its items (`data-item`), Home and End go to the ends, Enter and Space click.
 */

function itemsOf(group: Element): HTMLElement[] {
  return [...group.querySelectorAll<HTMLElement>("[data-item]")];
}

/** The item nearest above or below, by where the items lie on the page. */
function vertically(
  items: readonly HTMLElement[],
  from: HTMLElement,
  down: boolean,
): HTMLElement | undefined {
  const here = from.getBoundingClientRect();
  const middle = here.left + here.width / 2;
  let best: HTMLElement | undefined;
  let bestScore = Infinity;
  for (const item of items) {
    const there = item.getBoundingClientRect();
    const rise = down ? there.top - here.top : here.top - there.top;
    if (rise < here.height / 2) continue;
    const score = rise * 1000 + Math.abs(there.left + there.width / 2 - middle);
    if (score < bestScore) [best, bestScore] = [item, score];
  }
  return best;
}

function target(
  event: KeyboardEvent,
  items: HTMLElement[],
  at: HTMLElement,
): HTMLElement | undefined {
  const index = items.indexOf(at);
  switch (event.key) {
    case "ArrowRight":
      return items[index + 1];
    case "ArrowLeft":
      return items[index - 1];
    case "ArrowDown":
      return vertically(items, at, true);
    case "ArrowUp":
      return vertically(items, at, false);
    case "Home":
      return items[0];
    case "End":
      return items.at(-1);
    default:
      return undefined;
  }
}

const KEYS = new Set(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"]);

/** Makes the groups inside `root` work with the keyboard. */
export function roam(root: HTMLElement): void {
  root.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = (event.target as Element).closest<HTMLElement>("[data-item]");
    const group = at?.closest("[data-roving]");
    if (!at || !group) return;
    if (event.key === "Enter" || event.key === " ") {
      at.click();
      event.preventDefault();
      return;
    }
    if (!KEYS.has(event.key)) return;
    event.preventDefault();
    const to = target(event, itemsOf(group), at);
    if (to === undefined) return;
    to.focus({ preventScroll: false });
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  root.addEventListener("focusin", (event) => {
    const at = (event.target as Element).closest<HTMLElement>("[data-item]");
    const group = at?.closest("[data-roving]");
    if (at && group) stopAt(group, at);
  });
}

/** Each group's stop of the Tab key. */
const stops = new WeakMap<Element, HTMLElement>();

function stopAt(group: Element, item: HTMLElement): void {
  const before = stops.get(group);
  if (before === item && item.tabIndex === 0) return;
  if (before !== undefined) before.tabIndex = -1;
  item.tabIndex = 0;
  stops.set(group, item);
}

/** Sees to it that each group can be reached: its current item, else its first one, is the Tab key's stop. */
export function keepReachable(root: HTMLElement): void {
  for (const group of root.querySelectorAll("[data-roving]")) {
    const stop = stops.get(group);
    if (stop !== undefined && stop === document.activeElement) continue;
    const item =
      group.querySelector<HTMLElement>('[data-item][aria-current="true"]') ??
      (stop?.isConnected === true ? stop : group.querySelector<HTMLElement>("[data-item]"));
    if (item !== null) stopAt(group, item);
  }
}
