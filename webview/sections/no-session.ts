import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Content } from "../../src/panel/messages.js";
import { count } from "../numbers.js";
import { Section } from "../section.js";

/** What stands here while nothing is being walked: how to begin, what is going on, or what went wrong. */
@customElement("gw-no-session")
export class NoSession extends Section {
  @property({ attribute: false }) content!: Exclude<Content, { kind: "session" }>;
  @property({ attribute: false }) outdated = false;

  override render(): TemplateResult {
    if (this.outdated) {
      return html`<div class="no-session" role="alert">
        <h1>This panel belongs to another version of Grantwalk</h1>
        <p>Close it and open it again.</p>
      </div>`;
    }
    const { content } = this;
    switch (content.kind) {
      case "busy":
        return html`<div class="no-session" role="status"><p>${content.text}</p></div>`;
      case "error":
        return html`<div class="no-session" role="alert">
          <h1>${content.title}</h1>
          <p class="detail">${content.detail}</p>
          ${this.button("Try again", true)}
        </div>`;
      case "empty":
        return html`<div class="no-session">
          <h1>No request is being walked</h1>
          <p>
            Open a scenario (<code>*.blkfront.json</code>) or the trace of a live guest, and press
            <kbd>F5</kbd>. The request that the driver works on, its shadow entry, the ring and the
            grants then stand here, and follow every step.
          </p>
          ${
            content.saved === null
              ? this.button("Start debugging", false)
              : html`<p>
                    Before the window was reloaded, this was <b>${content.saved.title}</b> at step
                    ${count(content.saved.step)}.
                  </p>
                  ${this.button("Go back there", true)}
                  ${this.button("Start debugging", false, true)}`
          }
        </div>`;
    }
  }

  private button(text: string, again: boolean, secondary = false): TemplateResult {
    return html`<vscode-button
        appearance=${secondary ? "secondary" : "primary"}
        @click=${() => {
          this.store.launch(again);
        }}
        >${text}</vscode-button
      >${nothing}`;
  }
}
