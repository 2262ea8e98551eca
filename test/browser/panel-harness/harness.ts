/**
 * The panel in a browser without VS Code: the real page with its policy, and the real session behind it. What
 * VS Code does for a webview, this does: `acquireVsCodeApi`, theme variables, messages.
 */
import { randomBytes } from "node:crypto";
import path from "node:path";
import * as esbuild from "esbuild";
import type { Browser, Page } from "playwright-core";
import type { Scenario } from "../../../src/core/scenario.js";
import { panelHtml } from "../../../src/panel/html.js";
import {
  DEFAULT_BACKEND,
  DEFAULT_DISK,
  DEFAULT_GUEST,
} from "../../../src/inputs/scenario-defaults.js";
import type { HostMessage, SavedView } from "../../../src/panel/messages.js";
import { PanelSession } from "../../../src/panel/panel-session.js";
import type { CursorView } from "../../../src/panel/recording.js";
import { Cursor } from "../../../src/replay/cursor.js";
import { record } from "../../../src/replay/record.js";
import { checkout } from "../../../scripts/vscode/places.mjs";
import { type ThemeName, THEMES } from "./themes.js";

const ORIGIN = "http://panel.test";

let bundled: Promise<{ script: string; style: string }> | null = null;

/** The webview's script and style sheet, as the build makes them. */
async function bundle(): Promise<{ script: string; style: string }> {
  const { outputFiles } = await esbuild.build({
    entryPoints: { panel: path.join(checkout, "webview", "main.ts") },
    outdir: "out",
    bundle: true,
    write: false,
    platform: "browser",
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
  const text = (ending: string): string =>
    outputFiles.find(({ path: file }) => file.endsWith(ending))?.text ?? "";
  return { script: text(".js"), style: text(".css") };
}

/** Bytes do not survive JSON; the page's end turns them back. */
function packed(message: HostMessage): string {
  return JSON.stringify(message, (_key, value: unknown) =>
    value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString("base64") } : value,
  );
}

/** Runs in the page before anything else: it is the webview's surroundings. */
function surroundings({
  classes,
  colors,
  state,
}: {
  classes: string;
  colors: Record<string, string>;
  state: unknown;
}): void {
  const w = window as unknown as Record<string, unknown>;
  let kept = state;
  const violations: string[] = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
  });
  // The page is parsed by now, and its script has not run yet.
  document.addEventListener("readystatechange", () => {
    document.body.className = classes;
    const { style } = document.documentElement;
    for (const [name, value] of Object.entries(colors))
      style.setProperty(`--vscode-${name}`, value);
  });
  w["violations"] = violations;
  w["keptState"] = () => kept;
  w["acquireVsCodeApi"] = () => ({
    postMessage: (message: unknown) => {
      void (w["toHost"] as (text: string) => Promise<void>)(JSON.stringify(message));
    },
    getState: () => kept,
    setState: (value: unknown) => {
      kept = value;
    },
  });
  w["fromHost"] = (text: string) => {
    const message: unknown = JSON.parse(text, (_key, value: { $bytes?: string } | null) =>
      typeof value === "object" && value !== null && typeof value.$bytes === "string"
        ? Uint8Array.from(atob(value.$bytes), (letter) => letter.charCodeAt(0))
        : value,
    );
    window.postMessage(message, "*");
  };
}

export interface OpenOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** What is walked; null leaves the panel without a session. */
  readonly scenario: Scenario | null;
  readonly step?: number;
  /** What the webview kept over a reload. */
  readonly state?: unknown;
}

export interface OpenPanel {
  readonly page: Page;
  readonly session: PanelSession;
  readonly cursor: Cursor;
  /** Everything that the webview has posted. */
  readonly posted: { readonly type: string; readonly [key: string]: unknown }[];
  readonly launched: { readonly again: boolean; readonly saved: SavedView | null }[];
  /** Console errors, page errors and violations of the policy. */
  complaints(): Promise<string[]>;
  moveTo(step: number): Promise<void>;
  /** Waits until everything that was sent is on the screen. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const recordings = new Map<Scenario, ReturnType<typeof record>>();

/** The recording of a scenario, made once. */
export function recordingOf(scenario: Scenario): ReturnType<typeof record> {
  const known = recordings.get(scenario) ?? record(scenario);
  recordings.set(scenario, known);
  return known;
}

export async function openPanel(browser: Browser, options: OpenOptions): Promise<OpenPanel> {
  const { theme = "dark", width = 1000, height = 900, scenario, state = null } = options;
  bundled ??= bundle();
  const { script, style } = await bundled;
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));

  const posted: OpenPanel["posted"] = [];
  const launched: OpenPanel["launched"][number][] = [];
  let sending: Promise<unknown> = Promise.resolve();
  const session = new PanelSession({
    post: (message) => {
      const text = packed(message);
      sending = sending.then(() =>
        page.evaluate((sent) => {
          (window as unknown as { fromHost(text: string): void }).fromHost(sent);
        }, text),
      );
    },
    run: () => undefined,
    launch: (again, saved) => launched.push({ again, saved }),
    defer: (work) => {
      setTimeout(work, 0);
    },
  });
  const recording = recordingOf(scenario ?? { ...EMPTY });
  const cursor = new Cursor(recording);
  if (options.step !== undefined) cursor.moveTo(options.step, "goto");
  if (scenario !== null) session.open(scenario.title, cursor as unknown as CursorView);

  await page.exposeFunction("toHost", (text: string) => {
    const message = JSON.parse(text) as OpenPanel["posted"][number];
    posted.push(message);
    session.receive(message);
  });
  await page.addInitScript(surroundings, { ...THEMES[theme], state });
  const nonce = randomBytes(16).toString("base64");
  await page.route(`${ORIGIN}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/panel.js")
      return route.fulfill({ contentType: "text/javascript", body: script });
    if (pathname === "/panel.css") return route.fulfill({ contentType: "text/css", body: style });
    if (pathname !== "/") return route.fulfill({ status: 404, body: "" });
    const html = panelHtml({
      nonce,
      cspSource: ORIGIN,
      scriptUri: `${ORIGIN}/panel.js`,
      styleUri: `${ORIGIN}/panel.css`,
    });
    return route.fulfill({ contentType: "text/html", body: html });
  });
  await page.goto(`${ORIGIN}/`);
  await page
    .locator("gw-header, gw-no-session")
    .first()
    .waitFor({ timeout: 10_000 })
    .catch((error: unknown) => {
      throw new Error(`The panel shows nothing. ${complaints.join("\n")}`, { cause: error });
    });

  const settle = async (): Promise<void> => {
    // What is deferred is posted after a turn; what is posted is painted after two frames.
    await new Promise((resolve) => setTimeout(resolve, 30));
    await sending;
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
  };
  await settle();
  return {
    page,
    session,
    cursor,
    posted,
    launched,
    complaints: async () => [
      ...complaints,
      ...(await page.evaluate(() => (window as unknown as { violations: string[] }).violations)),
    ],
    moveTo: async (step) => {
      cursor.moveTo(step, "goto");
      await settle();
    },
    settle,
    close: () => context.close(),
  };
}

const EMPTY: Scenario = {
  title: "empty",
  guest: {
    ...DEFAULT_GUEST,
    pageSize: 4096,
    abi: "x86_64",
    ringPages: 1,
    maxIndirectSegments: 32,
    grantTableSize: 512,
    grantTableMax: 512,
    blockLayer: "split",
  },
  backend: {
    ...DEFAULT_BACKEND,
    persistent: true,
    maxIndirectSegments: null,
    flush: "flush",
    discard: false,
    discardSecure: null,
    keepsMapped: "all",
  },
  disk: { ...DEFAULT_DISK, sectors: 2048 },
  start: null,
  walk: null,
  workload: [],
};

/** The step of the n-th tracepoint of a kind, from 0, that a test accepts. */
export function stepOf(
  recording: ReturnType<typeof record>,
  kind: string,
  accept: (event: Record<string, unknown>) => boolean = () => true,
): number {
  const { tracepoints } = recording;
  for (let place = 0; place < tracepoints.length; place++) {
    const { step, event } = tracepoints.at(place);
    if (event.kind === kind && accept(event as unknown as Record<string, unknown>)) return step;
  }
  throw new Error(`no ${kind}`);
}
