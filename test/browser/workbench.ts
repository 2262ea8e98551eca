// A VS Code in a browser, with the packed extension installed as a user would have it, as an object
// that tests can handle. It knows VS Code's page; the tests should not have to.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import type { Browser, ConsoleMessage, Frame, Locator, Page } from "playwright-core";
import { launchBrowser, workbenchReady } from "../../scripts/vscode/browser.mjs";
import { checkout } from "../../scripts/vscode/places.mjs";
import { startServer, type VSCodeServer } from "../../scripts/vscode/server.mjs";
import { examples, packExtension } from "../../scripts/vscode/stage.mjs";
import { type TreeRow, expandTreeRow, readTree } from "./tree";

export type { TreeRow } from "./tree";

export const themes = {
  dark: { id: "Default Dark Modern", label: "Dark Modern", kind: "vs-dark" },
  light: { id: "Default Light Modern", label: "Light Modern", kind: "vs" },
  contrast: { id: "Default High Contrast", label: "Dark High Contrast", kind: "hc-black" },
} as const;

export type Theme = keyof typeof themes;

export interface WorkbenchOptions {
  /** The colour theme; dark unless given. */
  theme?: Theme;
  /** The extension; Grantwalk's own unless given. */
  vsix?: string;
  /** The folder of which a copy is opened; the examples unless given. */
  folder?: string;
  /** User settings. */
  settings?: Record<string, unknown>;
  /** The size of the window. */
  width?: number;
  height?: number;
}

/** How long anything in the window may take unless the caller says otherwise, in milliseconds. */
const patience = 20_000;

/** Where pictures of failed tests go. */
export const pictures = path.join(checkout, "out", "test", "pictures");

let packed: Promise<string> | undefined;

/** Packs the extension once in a run: `npm test` has done it before and names the file. */
function grantwalk(): Promise<string> {
  const made = process.env.GRANTWALK_VSIX;
  packed ??= made
    ? Promise.resolve(made)
    : packExtension(path.join(checkout, "out", "test", "browser.vsix"));
  return packed;
}

export class Workbench {
  /** What webviews and the extension host have complained about, and errors nobody caught. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    /** The copy of the folder that is open. */
    readonly folder: string,
    private readonly server: VSCodeServer,
    private readonly browser: Browser,
  ) {
    page.setDefaultTimeout(patience);
    page.on("console", (message) => {
      if (message.type() === "error" && concernsUs(message)) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => {
      // VS Code's word for what it has given up itself.
      if (error.message !== "Canceled") this.complaints.push(error.stack ?? error.message);
    });
  }

  static async open(options: WorkbenchOptions = {}): Promise<Workbench> {
    const { theme = "dark", width = 1600, height = 1000 } = options;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-folder-"));
    process.once("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
    fs.cpSync(options.folder ?? examples, folder, { recursive: true });
    const server = await startServer({
      vsix: options.vsix ?? (await grantwalk()),
      settings: {
        "workbench.colorTheme": themes[theme].id,
        // Rows that stick to the top of a tree hide the rows that are to be clicked.
        "workbench.tree.enableStickyScroll": false,
        ...options.settings,
      },
    });
    const browser = await launchBrowser();
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme: theme === "light" ? "light" : "dark",
    });
    const workbench = new Workbench(page, folder, server, browser);
    try {
      await page.goto(server.url({ folder }));
      await workbench.ready();
    } catch (error) {
      await workbench.close();
      throw error;
    }
    return workbench;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    await workbenchReady(this.page);
    await this.page.locator(".explorer-folders-view .monaco-list-row").first().waitFor();
  }

  /** Loads the window again, as the user's reload does. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent("load");
    await this.command("Developer: Reload Window");
    await loaded;
    await workbenchReady(this.page);
  }

  /** Changes user settings and loads the window again. */
  async changeSettings(changes: Record<string, unknown>): Promise<void> {
    this.server.changeSettings(changes);
    await this.reload();
  }

  /** Changes the colour theme in the open window, as the user does. */
  async changeTheme(theme: Theme): Promise<void> {
    await this.command("Preferences: Color Theme");
    await this.pick(themes[theme].label);
    await this.page.locator(`.monaco-workbench.${themes[theme].kind}`).waitFor();
  }

  /** Reads something until it is as wanted; the error shows what it was at last. */
  async until<T>(
    what: string,
    read: () => Promise<T>,
    wanted: (value: T) => boolean,
    timeout = patience,
  ): Promise<T> {
    let value: T | undefined;
    let trouble: unknown;
    for (const deadline = Date.now() + timeout; Date.now() < deadline;) {
      try {
        value = await read();
        trouble = undefined;
        if (wanted(value)) return value;
      } catch (error) {
        trouble = error;
      }
      await this.page.waitForTimeout(50);
    }
    const last = trouble ? String(trouble) : JSON.stringify(value, undefined, 2);
    throw new Error(`${what}: not as wanted after ${timeout} ms, at last ${last}`);
  }

  /** Presses keys one after the other, in playwright's notation ("F10", "Control+Shift+D"). */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /** The rows of the list that hangs from the top of the window. */
  get quickPicks(): Locator {
    return this.page.locator(".quick-input-list .monaco-list-row");
  }

  /**
   * Opens a list with a key, types into it and takes the row of this name. Lists are made when they
   * are opened: one that was opened too early is opened again.
   */
  private async quickPick(key: string, text: string, name: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input.input");
    const row = this.quickPicks.filter({
      has: this.page.locator(".label-name").getByText(name, { exact: true }),
    });
    for (const deadline = Date.now() + patience; ;) {
      await this.press(key);
      await input.fill(text, { timeout: 3_000 }).catch(() => {});
      try {
        await row.first().click({ timeout: 700 });
        return;
      } catch (error) {
        const found = await this.quickPicks.allInnerTexts();
        await this.press("Escape");
        if (Date.now() < deadline) continue;
        throw new Error(`${key} "${text}" offers no "${name}" but ${JSON.stringify(found)}`, {
          cause: error,
        });
      }
    }
  }

  /** Runs a command as it stands in the palette: "Category: Title". */
  async command(title: string): Promise<void> {
    await this.quickPick("F1", `>${title}`, title);
  }

  /** Answers a list that an extension or a command has opened. */
  async pick(name: string): Promise<void> {
    await this.quickPicks
      .filter({ has: this.page.locator(".label-name").getByText(name, { exact: true }) })
      .first()
      .click();
  }

  /** Opens a file of the folder, given by its path in it. */
  async openFile(file: string): Promise<void> {
    const name = path.posix.basename(file);
    await this.quickPick("Control+P", file, name);
    await this.page.locator(`.tabs-container .tab.active[data-resource-name="${name}"]`).waitFor();
    await this.page.locator(".editor-instance .view-line").first().waitFor();
  }

  /** Puts the cursor of the active editor on a line (and column), both from 1. */
  async goTo(line: number, column = 1): Promise<void> {
    await this.press("Control+G");
    await this.page.locator(".quick-input-widget input.input").fill(`:${line}:${column}`);
    await this.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  /** The titles of the tabs of all editor groups. */
  async tabs(): Promise<string[]> {
    return this.page.locator(".tabs-container .tab .label-name").allInnerTexts();
  }

  /** The lines that the first editor (or the given one) shows, from top to bottom. */
  async visibleLines(editor = 0): Promise<{ line: number; text: string }[]> {
    return this.page.locator(".editor-instance .monaco-editor").nth(editor).evaluate(linesOf);
  }

  /** The line at which the debugger has stopped, where an editor shows one. */
  async stoppedLine(): Promise<{ line: number; text: string } | undefined> {
    const editor = this.page.locator(".editor-instance .monaco-editor", {
      has: this.page.locator(".debug-top-stack-frame-line"),
    });
    if ((await editor.count()) === 0) return undefined;
    const top = await editor
      .first()
      .evaluate((element) =>
        Math.round(
          element.querySelector(".debug-top-stack-frame-line")!.getBoundingClientRect().top,
        ),
      );
    const lines = await editor.first().evaluate(linesOf);
    const found = lines.find((line) => line.top === top);
    return found && { line: found.line, text: found.text };
  }

  /**
   * The inside of a webview: the one that contains the selector, when there are several. It is
   * waited for.
   */
  async webview(containing = "body"): Promise<Frame> {
    return this.until(
      `a webview with ${containing}`,
      async () => {
        for (const outer of await this.page.locator("iframe.webview.ready:visible").all()) {
          const element = await outer.elementHandle();
          const host = await element?.contentFrame();
          const inner = await host?.$("iframe#active-frame");
          const frame = await inner?.contentFrame();
          if (frame && (await frame.locator(containing).count()) > 0) return frame;
        }
        return undefined;
      },
      (frame) => frame !== undefined,
    ) as Promise<Frame>;
  }

  /** The rows of the call stack: sessions, threads and frames. `text` has what stands beside. */
  async callStack(): Promise<TreeRow[]> {
    await this.showDebug();
    return readTree(this.page.locator(".debug-call-stack .monaco-list").first());
  }

  /** The rows of the variables: scopes and below them what is expanded, with name and value. */
  async variables(): Promise<TreeRow[]> {
    await this.showDebug();
    return readTree(this.page.locator(".debug-variables .monaco-list").first());
  }

  /** The rows of the watched expressions. */
  async watches(): Promise<TreeRow[]> {
    await this.showDebug();
    return readTree(this.page.locator(".debug-watch .monaco-list").first());
  }

  /** Expands a variable, given by the names from its scope on, and all above it. */
  async expandVariable(...names: string[]): Promise<void> {
    await this.showDebug();
    const tree = this.page.locator(".debug-variables .monaco-list").first();
    for (let depth = 1; depth <= names.length; depth++) {
      const wanted = names.slice(0, depth);
      await this.until(
        `the expanded variable ${wanted.join(" > ")}`,
        () => expandTreeRow(tree, wanted),
        (expanded) => expanded,
      );
    }
  }

  /** Chooses a frame of the call stack by its name. */
  async selectFrame(name: string): Promise<void> {
    await this.showDebug();
    await this.page
      .locator(".debug-call-stack .monaco-list-row .stack-frame")
      .filter({ has: this.page.locator(".label").getByText(name, { exact: true }) })
      .first()
      .click();
  }

  /** Starts debugging with F5. A key that comes before VS Code knows the debuggers is lost, for users too. */
  async startDebugging(): Promise<void> {
    const toolbar = this.page.locator(".debug-toolbar");
    for (const deadline = Date.now() + patience; ;) {
      await this.press("F5");
      try {
        await toolbar.waitFor({ timeout: 6_000 });
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  /** A button of the floating debug toolbar, by the beginning of its name. */
  debugButton(name: string): Locator {
    return this.page.locator(`.debug-toolbar .action-label[aria-label^="${name}"]`);
  }

  private async showDebug(): Promise<void> {
    const view = this.page.locator(".debug-call-stack");
    if (await view.first().isVisible()) return;
    await this.press("Control+Shift+D");
    await view.first().waitFor();
  }

  /** The names of the extensions that were installed on top of VS Code's own. */
  async installedExtensions(): Promise<string[]> {
    await this.press("Control+Shift+X");
    await this.page.locator(".extensions-viewlet .suggest-input-container").first().click();
    await this.press("Control+A");
    await this.type("@installed");
    const names = this.page.locator(".extensions-viewlet .extension-list-item .name");
    // The list is drawn anew while the search runs, and is empty for a moment in between.
    let last = "";
    return this.until(
      "the list of extensions",
      () => names.allInnerTexts(),
      (read) => {
        const now = read.join("\n");
        const settled = read.length > 0 && now === last;
        last = now;
        return settled;
      },
    );
  }

  /** The texts of the messages that are shown in the corner. */
  async notifications(): Promise<string[]> {
    return this.page
      .locator(".notifications-toasts .notification-list-item-message")
      .allInnerTexts();
  }

  /** What VS Code's own log files say, by file name; the extension host's is among them. */
  logs(): Record<string, string> {
    return this.server.logs();
  }

  /** Writes a picture of the window into the folder of pictures and returns its path. */
  async screenshot(name: string): Promise<string> {
    const file = path.join(pictures, `${name.replace(/[^\w.-]+/g, "-")}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }

  /** Fails when there are complaints since the window was opened. */
  assertNoComplaints(): void {
    assert.deepEqual(this.complaints, []);
  }

  /** Runs a part of a test; when it fails, a picture of the window is kept and named. */
  async watch(name: string, part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (error) {
      const file = await this.screenshot(`failed ${name}`).catch(() => undefined);
      if (file) console.error(`The window when "${name}" failed: ${file}`);
      throw error;
    }
  }
}

/**
 * The workbench complains about a lot of its own. What comes from a webview, or through it from the
 * extension host, does not belong to that.
 */
function concernsUs(message: ConsoleMessage): boolean {
  const text = message.text();
  if (message.location().url.endsWith("/workbench.js")) {
    // VS Code's own extensions miss parts here that the desktop has.
    return /^%c\[Extension Host\]|^\[(?!vscode\.)[\w-]+\.[\w-]+\]/.test(text);
  }
  return !/status of 404|bad HTTP response code \(404\)/.test(text);
}

function linesOf(editor: Element): { line: number; text: string; top: number }[] {
  const top = (element: Element) => Math.round(element.getBoundingClientRect().top);
  const numbers = new Map(
    [...editor.querySelectorAll(".line-numbers")].map((element) => [
      top(element),
      Number(element.textContent),
    ]),
  );
  return [...editor.querySelectorAll(".view-line")]
    .map((element) => ({
      line: numbers.get(top(element)) ?? 0,
      // The editor writes spaces that do not break.
      text: (element.textContent ?? "").replaceAll("\u00a0", " "),
      top: top(element),
    }))
    .sort((a, b) => a.top - b.top);
}
