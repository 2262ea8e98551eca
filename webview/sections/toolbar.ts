import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Choices, Command, RequestOption, RequestSummary } from "../../src/panel/messages.js";
import { icon } from "../icons.js";
import { count } from "../numbers.js";
import { Section } from "../section.js";

const GROUPS: readonly { label: string; commands: readonly (readonly [Command, string])[] }[] = [
  {
    label: "Grants and requests",
    commands: [
      ["previousRequest", "Previous request"],
      ["previousGrant", "Previous grant"],
      ["nextGrant", "Next grant"],
      ["nextRequest", "Next request"],
    ],
  },
  {
    label: "Steps",
    commands: [
      ["reverseContinue", "Run backwards to a breakpoint"],
      ["stepBack", "Step back"],
      ["stepOver", "Step over"],
      ["stepInto", "Step into"],
      ["stepOut", "Step out"],
      ["continue", "Run to a breakpoint"],
    ],
  },
];

/** Movements, and which request is shown. */
@customElement("gw-toolbar")
export class Toolbar extends Section {
  @property({ attribute: false }) options: RequestOption[] = [];
  @property({ attribute: false }) requests = 0;
  @property({ attribute: false }) request: RequestSummary | null = null;
  @property({ attribute: false }) choices!: Choices;

  override render(): TemplateResult {
    return html`<div class="toolbar" role="toolbar" aria-label="Move the cursor">
      ${GROUPS.map(
        ({ label, commands }) =>
          html`<span class="group" role="group" aria-label=${label}>
            ${commands.map(([command, name]) => this.button(command, name))}
          </span>`,
      )}
      ${this.requests > 1 ? this.selector() : nothing}
    </div>`;
  }

  private button(command: Command, name: string): TemplateResult {
    return html`<vscode-button
      appearance="icon"
      aria-label=${name}
      title=${name}
      data-command=${command}
      @click=${() => {
        this.store.command(command);
      }}
      >${icon(command)}</vscode-button
    >`;
  }

  private selector(): TemplateResult {
    const shown = this.request?.key ?? "";
    const pinned = this.choices.request !== null;
    return html`<span class="group selector">
      <vscode-dropdown
        aria-label="Request, of ${count(this.requests)}"
        .value=${shown}
        @change=${(event: Event) => {
          this.store.choose({ request: (event.target as HTMLSelectElement).value, bytes: "auto" });
        }}
      >
        ${this.options.map(
          ({ key, label }) =>
            html`<vscode-option value=${key} ?selected=${key === shown}>${label}</vscode-option>`,
        )}
      </vscode-dropdown>
      <vscode-checkbox
        .checked=${!pinned}
        title="Show the request that the step belongs to"
        @change=${(event: Event) => {
          const follow = (event.target as HTMLInputElement).checked;
          this.store.choose({ request: follow ? null : shown, bytes: "auto" });
        }}
        >Follow</vscode-checkbox
      >
    </span>`;
  }
}
