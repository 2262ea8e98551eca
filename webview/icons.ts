/** The toolbar's pictures: 16 × 16, in the colour of the text. */
import { svg, html, type TemplateResult } from "lit";
import type { Command } from "../src/panel/messages.js";

const PATHS: Record<Command, TemplateResult> = {
  previousRequest: svg`<path d="M3 3h1.6v10H3zM13 3.2v9.6L5.6 8z"/>`,
  previousGrant: svg`<path d="M11 3.2v9.6L3.6 8z"/>`,
  nextGrant: svg`<path d="M5 3.2v9.6L12.4 8z"/>`,
  nextRequest: svg`<path d="M11.4 3H13v10h-1.6zM3 3.2v9.6L10.4 8z"/>`,
  reverseContinue: svg`<path d="M12.6 3H14v10h-1.4zM11 3.4v9.2L3.4 8z"/>`,
  stepBack: svg`<circle cx="8" cy="12.6" r="1.7"/><path d="M3.6 2.6 2 6.9l4.5.7-1.1-1.5A4.3 4.3 0 0 1 12 8.6l1.4-.5A5.8 5.8 0 0 0 4.6 4.9z"/>`,
  stepOver: svg`<circle cx="8" cy="12.6" r="1.7"/><path d="m12.4 2.6 1.6 4.3-4.5.7 1.1-1.5A4.3 4.3 0 0 0 4 8.6l-1.4-.5a5.8 5.8 0 0 1 8.8-3.2z"/>`,
  stepInto: svg`<circle cx="8" cy="13" r="1.6"/><path d="M7.3 1.5h1.4v6l2-1.9.9 1L8 10.3 4.4 6.6l.9-1 2 1.9z"/>`,
  stepOut: svg`<circle cx="8" cy="13" r="1.6"/><path d="M7.3 10.2h1.4v-6l2 1.9.9-1L8 1.4 4.4 5.1l.9 1 2-1.9z"/>`,
  continue: svg`<path d="M2 3h1.4v10H2zM5 3.4v9.2L12.6 8z"/>`,
};

export function icon(command: Command): TemplateResult {
  return html`<svg
    class="icon"
    viewBox="0 0 16 16"
    width="16"
    height="16"
    aria-hidden="true"
    fill="currentColor"
  >
    ${PATHS[command]}
  </svg>`;
}
