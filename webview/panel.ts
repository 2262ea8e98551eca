import { html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Host } from "./host.js";
import { Pointing } from "./interaction/pointing.js";
import { keepReachable, roam } from "./interaction/roving.js";
import { Tooltip } from "./interaction/tooltip.js";
import { pointedSteps } from "./sections/timeline.js";
import { Store } from "./store.js";
import type { SessionContent } from "../src/panel/messages.js";
import "./sections/bytes.js";
import "./sections/copy.js";
import "./sections/free.js";
import "./sections/header.js";
import "./sections/no-session.js";
import "./sections/request-map.js";
import "./sections/ring.js";
import "./sections/sentence.js";
import "./sections/shadow.js";
import "./sections/toolbar.js";

/** The panel: one session's cursor, from the request at the top to the timeline at the bottom. */
@customElement("grantwalk-panel")
export class GrantwalkPanel extends LitElement {
  private readonly store = new Store(new Host(), () => this.take());
  private readonly pointing = new Pointing(this);
  @state() private pointed: readonly number[] = [];
  private scrolled = false;

  constructor() {
    super();
    new Tooltip(this);
    roam(this);
    this.pointing.onChange((keys) => {
      this.pointed = pointedSteps(keys, this.store.session?.state.request ?? null);
    });
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.store.start();
    document.addEventListener(
      "scroll",
      () => {
        this.store.keepSoon();
      },
      { passive: true },
    );
  }

  private async take(): Promise<void> {
    this.requestUpdate();
    await this.updateComplete;
  }

  override render(): TemplateResult {
    const { store } = this;
    const { content } = store;
    if (content.kind !== "session" || store.outdated) {
      const shown = content.kind === "session" ? { kind: "busy" as const, text: "" } : content;
      return html`<main class="alone">
        <gw-no-session
          .store=${store}
          .content=${shown}
          .outdated=${store.outdated}
        ></gw-no-session>
      </main>`;
    }
    return this.session(content);
  }

  private session({ state: shown, timeline, choices }: SessionContent): TemplateResult {
    const { store } = this;
    const { request, progress, position } = shown;
    return html`<div class="top">
        <gw-header
          .store=${store}
          .request=${request}
          .progress=${progress}
          .position=${position}
        ></gw-header>
        <gw-toolbar
          .store=${store}
          .options=${shown.options}
          .requests=${shown.requests}
          .request=${request}
          .choices=${choices}
        ></gw-toolbar>
        <gw-sentence
          .store=${store}
          .sentence=${shown.sentence}
          .changes=${shown.changes}
        ></gw-sentence>
      </div>
      <main>
        <gw-request-map .store=${store} .request=${request} .progress=${progress}></gw-request-map>
        <div class="cols">
          <gw-shadow .store=${store} .shadow=${shown.shadow}></gw-shadow>
          <gw-bytes .store=${store} .bytes=${shown.bytes}></gw-bytes>
          <gw-copy
            .store=${store}
            .copy=${shown.copy}
            .why=${shown.noCopy}
            .pageSize=${request?.pageSize ?? 4096}
          ></gw-copy>
          <gw-ring .store=${store} .ring=${shown.ring}></gw-ring>
        </div>
        <gw-free .store=${store} .free=${shown.free}></gw-free>
      </main>
      <footer>
        <gw-timeline
          .store=${store}
          .timeline=${timeline}
          .position=${position}
          .request=${request}
          .pointed=${this.pointed}
        ></gw-timeline>
      </footer>`;
  }

  private mark(): void {
    this.pointing.refresh();
    keepReachable(this);
  }

  protected override async updated(): Promise<void> {
    // The sections render after this element; marks and focus go onto what they have made.
    await Promise.resolve();
    this.mark();
    // Virtual lists make their rows later still.
    requestAnimationFrame(() => {
      this.mark();
    });
    if (!this.scrolled && this.store.session !== null) {
      this.scrolled = true;
      document.scrollingElement?.scrollTo({ top: this.store.keptScroll() });
    }
  }
}
