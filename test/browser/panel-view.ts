// The panel as a person sees it: what stands in it, read from its page, and the keys that move it.
import type { Workbench } from "./workbench";

/** A row of the shadow entry that is in sight. */
export interface ShadowLine {
  grant: number;
  gref: number | null;
  page: string;
  offset: number;
  length: number;
  first: number;
  last: number;
  state: string;
}

/** A segment in an indirect frame or a ring slot that is in sight: its bytes, and what they say. */
export interface SegmentLine {
  slot: number;
  bytes: string;
  said: string;
}

export interface PanelView {
  step: number;
  length: number;
  /** The grant in hand, or null. */
  grant: number | null;
  grants: number | null;
  title: string;
  facts: string;
  sentence: string;
  shadow: ShadowLine[];
  segments: SegmentLine[];
  /** Live references on the free list, head first. */
  free: number[];
  /** `req_prod_pvt` and so on. */
  ring: Record<string, number>;
  copy: { heading: string; now: string; before: string } | null;
}

/** Reads the panel. */
export async function readPanel(workbench: Workbench): Promise<PanelView> {
  const frame = await workbench.webview("grantwalk-panel .pos");
  return frame.evaluate((): PanelView => {
    const text = (element: Element | null | undefined) =>
      (element?.textContent ?? "").replace(/\s+/g, " ").trim();
    const number = (said: string) => Number(said.replaceAll(",", ""));
    const all = (selector: string) => [...document.querySelectorAll(selector)];
    const bytes = (line: Element | null) =>
      [...(line?.querySelectorAll(".bytes span") ?? [])].map((one) => text(one)).join(" ");

    const where = text(document.querySelector(".pos"));
    const [, step, length] = /Step ([\d,]+) of ([\d,]+)/.exec(where) ?? [];
    const hand = /grant ([\d,]+) of ([\d,]+)/.exec(where);
    const shadow = all("gw-shadow .tr[data-grant]").map((row) => {
      const cells = [...row.children].map(text);
      const [grant, gref, page, offset, len, first, last] = cells as string[];
      return {
        grant: number(grant ?? ""),
        gref: gref === "not yet" ? null : number(gref ?? ""),
        page: page ?? "",
        offset: number(offset ?? ""),
        length: number(len ?? ""),
        first: number(first ?? ""),
        last: number(last ?? ""),
        state: (cells[7] ?? "").replace("●", "").trim(),
      };
    });
    const segments = all("gw-bytes .hex[data-slot]").map((row) => ({
      slot: number(row.getAttribute("data-slot") ?? ""),
      bytes: bytes(row),
      said: text(row.querySelector(".dec")),
    }));
    const free = all("gw-free button.chip").map((chip) => number(text(chip)));
    const ring: Record<string, number> = {};
    for (const index of all("gw-ring .index")) {
      ring[text(index.querySelector("dt"))] = number(text(index.querySelector(".after")));
    }
    const copy = document.querySelector("gw-copy .copy");
    const lines = [...(copy?.querySelectorAll(".hex") ?? [])];
    return {
      step: number(step ?? ""),
      length: number(length ?? ""),
      grant: hand ? number(hand[1] as string) : null,
      grants: hand ? number(hand[2] as string) : null,
      title: text(document.querySelector(".title")),
      facts: text(document.querySelector(".facts")),
      sentence: text(document.querySelector("gw-sentence .words")),
      shadow,
      segments,
      free,
      ring,
      copy: copy && {
        heading: text(copy.querySelector("h2")),
        now: bytes(lines[0] ?? null),
        before: bytes(lines[1] ?? null),
      },
    };
  });
}

/** Presses keys that move the cursor, and gives what the panel shows when it has followed. */
export async function move(workbench: Workbench, ...keys: string[]): Promise<PanelView> {
  const { step } = await readPanel(workbench);
  await workbench.press(...keys);
  return workbench.until(
    `the panel follows ${keys.join(" ")} from step ${step}`,
    () => readPanel(workbench),
    (view) => view.step !== step,
  );
}

export const NEXT_GRANT = "Alt+BracketRight";
export const PREVIOUS_GRANT = "Alt+BracketLeft";
export const NEXT_REQUEST = "Shift+Alt+BracketRight";

/** A 32-bit number as its bytes lie in memory, with the sectors of a segment and two bytes of padding. */
export function segmentBytes(gref: number, first: number, last: number): string {
  const bytes = [gref, gref >>> 8, gref >>> 16, gref >>> 24, first, last, 0, 0];
  return bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, "0")).join(" ");
}

/** Bytes as the panel writes them. */
export function hexBytes(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
