/** What the parts of the panel have in common. */
import { LitElement, type TemplateResult } from "lit";
import { Directive, directive, type ElementPart } from "lit/directive.js";
import type { Store } from "./store.js";
import { property } from "lit/decorators.js";

/**
 * A part of the panel. It renders into the document itself: one style sheet serves all, and what is pointed at
 * in one part is found in the others by one query.
 */
export class Section extends LitElement {
  @property({ attribute: false }) store!: Store;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.dataset["section"] = "";
  }

  /** What the tooltip says of an element of this section, or null. */
  tip(_target: HTMLElement): TemplateResult | null {
    return null;
  }
}

class CssVariables extends Directive {
  private last: Record<string, string> = {};

  render(_values: Record<string, string>): void {
    // All is done in `update`.
  }

  override update({ element }: ElementPart, [values]: [Record<string, string>]): void {
    for (const [name, value] of Object.entries(values)) {
      if (this.last[name] === value) continue;
      // A style attribute would be an inline style, which the policy forbids; this is not.
      (element as HTMLElement).style.setProperty(name, value);
    }
    this.last = values;
  }
}

/** Sets custom properties of an element: `<i ${cssVariables({ "--at": "12%" })}>`. */
export const cssVariables = directive(CssVariables);
