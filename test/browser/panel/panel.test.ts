// The panel in a browser: what lights up, what a click and a key say to the host, and that no theme, width or
// recording makes it complain.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../../scripts/vscode/browser.mjs";
import {
  busy64,
  direct4k,
  large16k,
  large4k,
  pages,
  request,
} from "../../fixtures/panel-scenarios.js";
import { openPanel, type OpenPanel, recordingOf, stepOf } from "../panel-harness/harness.js";
import { type ThemeName, THEMES } from "../panel-harness/themes.js";

let browser: Browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser.close());

const nth = (kind: string, index: number, n: number): number => {
  let found = 0;
  return stepOf(
    recordingOf(busy64),
    kind,
    (event) => event["grant_idx"] === index && found++ === n,
  );
};
const grant17 = (): number => nth("grant_taken", 17, 1);

async function withPanel(
  options: Parameters<typeof openPanel>[1],
  run: (panel: OpenPanel) => Promise<void>,
): Promise<void> {
  const panel = await openPanel(browser, options);
  try {
    await run(panel);
    assert.deepEqual(await panel.complaints(), []);
  } finally {
    await panel.close();
  }
}

const text = (page: Page, selector: string): Promise<string> =>
  page.locator(selector).first().innerText();

test("what is shown agrees with the moment", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page }) => {
    assert.equal(await text(page, "h1"), "sector 2,048 · 122.5 KiB · xvda");
    assert.match(await text(page, ".pos"), /^Step [\d,]+ of [\d,]+ · grant 17 of 31$/);
    assert.match(await text(page, ".words"), /Grant 17 has taken gref 60/);
    assert.match(await text(page, ".tr.cur"), /17\s*60\s*0x27ef\s*0\s*4,096\s*0\s*7\s*●?taken/);
    assert.equal(await page.locator(".chunk.done").count(), 18);
    assert.equal(await page.locator(".chunk.empty").count(), 17);
    assert.equal(await page.locator(".slot.me").innerText(), "3\n✎");
    assert.match(await text(page, ".hexes.of-frame .hex"), /^\+0/);
  }));

test("the frame's bytes are those of the segment", () =>
  withPanel({ scenario: busy64, step: nth("segment_written", 17, 1) }, async ({ page }) => {
    const row = page.locator(".hexes.of-frame .hex.cur");
    assert.equal(
      (await row.locator(".bytes").innerText()).replaceAll("\n", " "),
      "3c 00 00 00 00 07 df 7d",
    );
    assert.match(await row.locator(".dec").innerText(), /gref 60 · sectors 0–7/);
  }));

test("pointing at a chunk lights its grant up everywhere", () =>
  withPanel({ scenario: busy64, step: nth("grant_released", 8, 1) }, async ({ page }) => {
    await page.locator(".chunk[data-grant='7']").hover();
    const lit = (selector: string): Promise<number> => page.locator(`${selector}.lit`).count();
    assert.equal(await lit(".chunk"), 1);
    assert.equal(await lit(".tr"), 1);
    assert.equal(await lit(".frame-map i"), 1);
    assert.equal(await lit(".hex"), 1);
    assert.equal(await lit(".chip"), 1);
    assert.equal(await page.locator(".track .ghost").count(), 1);
    await page.mouse.move(2, 2);
    await page.locator("h1").hover();
    assert.equal(await page.locator(".lit").count(), 0);
  }));

test("what is pointed at stays lit when a step changes the page", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page, cursor, settle }) => {
    await page.locator(".chunk[data-grant='17']").hover();
    cursor.moveTo(nth("segment_written", 17, 1), "goto");
    await settle();
    assert.equal(await page.locator(".chunk[data-grant='17'].lit").count(), 1);
    assert.equal(await page.locator(".tr.lit").count(), 1);
  }));

test("the tooltip decodes what is pointed at, in decimal and hexadecimal", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page }) => {
    await page.locator(".chunk[data-grant='17']").hover();
    const tooltip = page.locator(".tooltip");
    await tooltip.waitFor({ state: "visible" });
    const said = await tooltip.innerText();
    assert.match(said, /Grant 17 of 31/);
    assert.match(said, /Linux page 0x1001 \+ 0x4000, Xen frame 0x10014/);
    assert.match(said, /60 · 0x3c/);
    await page.keyboard.press("Escape");
    assert.equal(await tooltip.isVisible(), false);
  }));

test("a click on a chunk, a row, a slot, a chip or a word goes to where it was set up", () =>
  withPanel(
    { scenario: busy64, step: nth("grant_released", 8, 1) },
    async ({ page, posted, cursor, settle }) => {
      const home = cursor.step;
      const clicks: [string, object][] = [
        [".chunk[data-grant='4']", { kind: "grant", index: 4 }],
        [".tr[data-grant='9']", { kind: "grant", index: 9 }],
        [".frame-map i[data-slot='12']", { kind: "grant", index: 12 }],
        [".slot[data-slot='4']", { kind: "slot", slot: 4 }],
      ];
      for (const [selector, place] of clicks) {
        posted.length = 0;
        await page.locator(selector).click();
        await settle();
        assert.deepEqual(
          posted.filter(({ type }) => type === "goTo"),
          [{ type: "goTo", place }],
          selector,
        );
        cursor.moveTo(home, "goto");
        await settle();
      }
      await page.locator(".chunk[data-grant='4']").click();
      await settle();
      assert.equal(cursor.step, nth("grant_taken", 4, 1));
    },
  ));

test("buttons say which movement is wanted, and have names", () =>
  withPanel({ scenario: busy64 }, async ({ page, posted }) => {
    const buttons = page.locator("vscode-button[data-command]");
    assert.equal(await buttons.count(), 10);
    posted.length = 0;
    for (const button of await buttons.all()) {
      assert.ok(await button.getAttribute("aria-label"));
      await button.click();
    }
    assert.deepEqual(
      posted.map(({ command }) => command),
      [
        "previousRequest",
        "previousGrant",
        "nextGrant",
        "nextRequest",
        "reverseContinue",
        "stepBack",
        "stepOver",
        "stepInto",
        "stepOut",
        "continue",
      ],
    );
  }));

test("the timeline is a slider that the keyboard moves", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page, cursor, settle }) => {
    const slider = page.getByRole("slider", { name: "Step" });
    const recording = recordingOf(busy64);
    await slider.focus();
    const start = cursor.step;
    const press = async (key: string): Promise<number> => {
      await page.keyboard.press(key);
      await settle();
      return cursor.step;
    };
    assert.equal(await press("ArrowRight"), start + 1);
    assert.equal(await press("ArrowLeft"), start);
    assert.equal(await press("Shift+ArrowRight"), start + 10);
    assert.ok((await press("PageUp")) > start + 100);
    assert.equal(await press("End"), recording.length - 1);
    assert.equal(await press("Home"), stepOf(recording, "request_start"));
    assert.equal(await press("Home"), 0);
    assert.equal(await slider.getAttribute("aria-valuenow"), "0");
    assert.match((await slider.getAttribute("aria-valuetext")) ?? "", /^Step 0 of [\d,]+$/);
  }));

test("dragging the timeline moves the cursor and waits for the answers", () =>
  withPanel({ scenario: busy64 }, async ({ page, posted, settle, cursor }) => {
    const box = await page.locator(".track").boundingBox();
    assert.ok(box);
    posted.length = 0;
    await page.mouse.move(box.x + 100, box.y + 20);
    await page.mouse.down();
    for (let x = 100; x <= 500; x += 10) await page.mouse.move(box.x + x, box.y + 20);
    await page.mouse.up();
    await settle();
    await settle();
    const steps = posted.filter(({ type }) => type === "moveTo").map(({ step }) => step as number);
    assert.ok(steps.length > 1);
    assert.deepEqual(
      steps,
      [...steps].sort((a, b) => a - b),
    );
    assert.equal(cursor.step, steps.at(-1));
  }));

test("the arrows move inside a group, and Enter clicks", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page, posted, settle }) => {
    await page.locator(".chunk[data-grant='17']").focus();
    const focused = (): Promise<string | null> =>
      page.evaluate(() => document.activeElement?.getAttribute("data-grant") ?? null);
    await page.keyboard.press("ArrowRight");
    assert.equal(await focused(), "18");
    await page.keyboard.press("ArrowUp");
    assert.equal(await focused(), "2");
    await page.keyboard.press("End");
    assert.equal(await focused(), "30");
    await page.keyboard.press("ArrowLeft");
    posted.length = 0;
    await page.keyboard.press("Enter");
    await settle();
    assert.deepEqual(posted[0], { type: "goTo", place: { kind: "grant", index: 29 } });
  }));

test("each group is one stop of the Tab key", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page }) => {
    const stops = await page.evaluate(() =>
      [...document.querySelectorAll("[data-roving]")].map(
        (group) =>
          `${group.getAttribute("aria-label") ?? ""} ${group.querySelectorAll('[data-item][tabindex="0"]').length}`,
      ),
    );
    assert.deepEqual(stops, [
      "Chunks of 4 KB 1",
      "grants_used 1",
      "Bytes 1",
      "Slots of the ring 1",
      "Free list, head first 1",
    ]);
  }));

test("a request can be pinned, and let go again", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page, posted, settle }) => {
    const dropdown = page.locator("vscode-dropdown");
    await dropdown.click();
    await page.locator("vscode-option", { hasText: "2 · write" }).click();
    await settle();
    assert.deepEqual(
      posted.filter(({ type }) => type === "choose"),
      [{ type: "choose", choices: { request: "2.0", bytes: "auto" } }],
    );
    assert.equal(await text(page, "h1"), "sector 4,096 · 128 KiB · xvda");
    await page.locator("vscode-checkbox").click();
    await settle();
    assert.equal(await text(page, "h1"), "sector 2,048 · 122.5 KiB · xvda");
  }));

test("the ring slot can be looked at in place of the frame", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page, settle }) => {
    await page.locator("vscode-panel-tab", { hasText: "Ring slot" }).click();
    await settle();
    assert.match(await text(page, "#h-bytes"), /^RING SLOT 3/i);
    assert.match(await text(page, ".hexes.of-slot"), /operation INDIRECT/);
  }));

test("long lists are virtual and bring the current row into sight", () =>
  withPanel({ scenario: large4k }, async ({ page, moveTo, settle }) => {
    const recording = recordingOf(large4k);
    await moveTo(stepOf(recording, "grant_taken", (event) => event["grant_idx"] === 200));
    await settle();
    const row = page.locator(".shadow .tr.cur");
    await row.waitFor({ state: "visible" });
    const [box, list] = await Promise.all([
      row.boundingBox(),
      page.locator(".shadow .rows").boundingBox(),
    ]);
    assert.ok(box && list && box.y >= list.y && box.y + box.height <= list.y + list.height + 1);
    assert.ok((await page.locator(".shadow .tr").count()) < 60);
    assert.ok((await page.locator(".hexes .hex").count()) < 60);
  }));

test("the rest of a long list is fetched when it is scrolled to", () =>
  withPanel(
    { scenario: large4k, step: recordingOf(large4k).length - 1 },
    async ({ page, posted, settle }) => {
      const chips = page.locator(".chips.long");
      await chips.scrollIntoViewIfNeeded();
      await chips.evaluate((list) => list.scrollTo({ top: list.scrollHeight }));
      await settle();
      await settle();
      const last = page.locator(".chips.long .chip.without");
      await last.waitFor({ state: "visible" });
      assert.match(await last.innerText(), /×/);
      assert.ok(
        posted.every(({ type }) => type !== "range") || posted.some(({ list }) => list === "free"),
      );
    },
  ));

test("what changed since the last stop is marked, and not by colour alone", () =>
  withPanel({ scenario: busy64, step: nth("segment_written", 16, 1) }, async ({ page, moveTo }) => {
    await moveTo(nth("segment_written", 17, 1));
    assert.match(await text(page, ".changes"), /grant 17 \(gref 60\)\s*not yet → segment written/);
    assert.equal(await page.locator(".tr.changed .dot-mark").count(), 1);
    const changed = page.locator(".hex.cur .chg");
    assert.ok((await changed.count()) > 0);
    assert.equal(
      await changed.first().evaluate((cell) => getComputedStyle(cell).borderBottomStyle),
      "solid",
    );
  }));

test("the sentence is read out, and parts of the page are named", () =>
  withPanel({ scenario: busy64, step: grant17() }, async ({ page }) => {
    assert.equal(await page.locator(".words").getAttribute("aria-live"), "polite");
    for (const role of ["banner", "main", "contentinfo", "toolbar"] as const) {
      assert.ok((await page.getByRole(role).count()) >= 1, role);
    }
    for (const name of [
      "Shadow entry 2",
      "Indirect frame 0",
      "Copy",
      "Ring",
      "Free grants",
      "Request",
    ]) {
      assert.ok(
        (await page.getByRole("region", { name: new RegExp(`^${name}`, "i") }).count()) >= 1,
        name,
      );
    }
    const nameless = await page.evaluate(() =>
      [
        ...document.querySelectorAll(
          "button, vscode-button, [role=slider], [role=gridcell], [role=grid], [role=table]",
        ),
      ]
        .filter((element) => {
          const label =
            element.getAttribute("aria-label") ?? element.getAttribute("aria-labelledby");
          return !label && !element.textContent?.trim();
        })
        .map((element) => element.outerHTML.slice(0, 80)),
    );
    assert.deepEqual(nameless, []);
  }));

test("nothing is walked: the panel says how to begin", () =>
  withPanel({ scenario: null }, async ({ page, launched, settle }) => {
    assert.match(await text(page, "main"), /press\s+F5/);
    await page.getByRole("button", { name: "Start debugging" }).click();
    await settle();
    assert.deepEqual(launched, [{ again: false, saved: null }]);
  }));

test("after a reload the panel offers to go back", async () => {
  const saved = {
    version: 1,
    title: "busy-64k",
    step: 34000,
    choices: { request: null, bytes: "auto" },
    scroll: 0,
  };
  await withPanel({ scenario: null, state: saved }, async ({ page, launched, settle }) => {
    assert.match(await text(page, "main"), /this was busy-64k at step\s+34,000/);
    await page.getByRole("button", { name: "Go back there" }).click();
    await settle();
    assert.equal(launched[0]?.again, true);
    assert.equal(launched[0]?.saved?.step, 34000);
  });
});

test("what is shown is kept for a reload", () =>
  withPanel({ scenario: busy64 }, async ({ page, moveTo }) => {
    await moveTo(grant17());
    await page.waitForFunction(
      (step) =>
        (window as unknown as { keptState(): { step: number } | null }).keptState()?.step === step,
      grant17(),
    );
  }));

test("an error stands there with its detail", () =>
  withPanel({ scenario: null }, async ({ page, session, settle }) => {
    session.fail("The scenario cannot be run", "workload[0].submit[0]: a segment leaves its page");
    await settle();
    assert.match(
      await page.getByRole("alert").innerText(),
      /cannot be run[\s\S]*a segment leaves its page/,
    );
  }));

test("where the kernel stops, the panel says so", () => {
  const stopped = {
    ...busy64,
    title: "too-large",
    guest: { ...busy64.guest, blockLayer: "bypass" as const },
    workload: [{ submit: [request(1, "write", 0, pages(0x100, 5, 65536))] }],
  };
  return withPanel(
    { scenario: stopped, step: recordingOf(stopped).length - 1 },
    async ({ page }) => {
      assert.match(await text(page, ".say-bug .words"), /Bug: The kernel stops here, at BUG_ON/);
    },
  );
});

for (const theme of Object.keys(THEMES) as ThemeName[]) {
  test(`${THEMES[theme].name}: text stands out from what is behind it`, () =>
    withPanel({ scenario: busy64, step: grant17(), theme }, async ({ page }) => {
      const poor = await page.evaluate(() => {
        const canvas = document
          .createElement("canvas")
          .getContext("2d", { willReadFrequently: true });
        if (canvas === null) return ["no canvas"];
        const pixel = (layers: string[]): [number, number, number] => {
          canvas.clearRect(0, 0, 1, 1);
          for (const layer of layers) {
            canvas.fillStyle = layer;
            canvas.fillRect(0, 0, 1, 1);
          }
          const [r = 0, g = 0, b = 0] = canvas.getImageData(0, 0, 1, 1).data;
          return [r, g, b];
        };
        const luminance = (color: [number, number, number]): number => {
          const [r = 0, g = 0, b = 0] = color.map((part) => {
            const value = part / 255;
            return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const found: string[] = [];
        for (const element of document.querySelectorAll(
          "h1, h2, h2 small, .facts, .pos, .words, .changes, .ptitle, .chunk .idx, .tr:not(.todo) span, .dec, .addr, .slot, .legend, .chip, .index dt",
        )) {
          if (
            !(element instanceof HTMLElement) ||
            !element.textContent?.trim() ||
            element.offsetWidth === 0
          )
            continue;
          if (element.closest(".stale, .todo, .ring.dense")) continue;
          const layers: string[] = [];
          for (let at: Element | null = element; at !== null; at = at.parentElement) {
            layers.unshift(getComputedStyle(at).backgroundColor);
          }
          const back = luminance(pixel(layers));
          const front = luminance(pixel([...layers, getComputedStyle(element).color]));
          const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
          if (ratio < 4.5)
            found.push(
              `${element.className || element.tagName} "${element.textContent.trim().slice(0, 20)}" ${ratio.toFixed(2)}`,
            );
        }
        return [...new Set(found)];
      });
      assert.deepEqual(poor, []);
    }));
}

for (const width of [420, 640, 1000, 1600]) {
  test(`at ${width} pixels nothing leaves the page`, async () => {
    for (const scenario of [busy64, large16k, direct4k]) {
      const recording = recordingOf(scenario);
      const step = stepOf(recording, "grant_taken", (event) => event["grant_idx"] === 2);
      await withPanel({ scenario, step, width, height: 900 }, async ({ page }) => {
        const wide = await page.evaluate(() =>
          [...document.querySelectorAll("body *")]
            .filter(
              (element) =>
                !element.closest(".hidden, vscode-dropdown, .tooltip, .rows, .chips.long"),
            )
            .filter(
              (element) =>
                element.getBoundingClientRect().right > document.documentElement.clientWidth + 1,
            )
            .map((element) => `${element.tagName}.${element.getAttribute("class") ?? ""}`),
        );
        assert.deepEqual(wide, [], scenario.title);
      });
    }
  });
}
