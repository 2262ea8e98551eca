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
  /** Whether the selector is being told what to show. */
  private telling = false;

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
      <vscode-dropdown aria-label="Request, of ${count(this.requests)}" @change=${this.chosen}>
        ${this.options.map(
          ({ key, label }) => html`<vscode-option value=${key}>${label}</vscode-option>`,
        )}
      </vscode-dropdown>
      <vscode-checkbox
        .checked=${!pinned}
        title="Show the request that the step belongs to"
        @change=${(event: Event) => {
          const follow = (event.target as HTMLInputElement).checked;
          // The control also says so when it is told its state.
          if (follow === (this.choices.request === null)) return;
          this.store.choose({ request: follow ? null : shown, bytes: "auto" });
        }}
        >Follow</vscode-checkbox
      >
    </span>`;
  }

  private readonly chosen = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    // The control also says so when it is told what to show.
    if (this.telling || value === this.request?.key) return;
    this.store.choose({ request: value, bytes: "auto" });
  };

  protected override async updated(): Promise<void> {
    const dropdown = this.querySelector<HTMLSelectElement>("vscode-dropdown");
    const shown = this.request?.key;
    if (dropdown === null || shown === undefined || dropdown.value === shown) return;
    // It can show an option only after it has taken in the list.
    await new Promise((resolve) => requestAnimationFrame(resolve));
    this.telling = true;
    dropdown.value = shown;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    this.telling = false;
  }
}
