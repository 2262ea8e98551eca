/** One tooltip for everything that is pointed at or has the focus: names, decimal and hexadecimal values. */
import { render } from "lit";
import { Section } from "../section.js";

const DELAY = 250;

export class Tooltip {
  private readonly element = document.createElement("div");
  private timer = 0;
  private owner: HTMLElement | null = null;

  constructor(root: HTMLElement) {
    this.element.className = "tooltip";
    this.element.id = "gw-tooltip";
    this.element.setAttribute("role", "tooltip");
    this.element.hidden = true;
    document.body.append(this.element);
    root.addEventListener("pointerover", (event) => {
      this.plan(event.target, this.element.hidden ? DELAY : 40);
    });
    root.addEventListener("pointerleave", () => {
      this.hide();
    });
    root.addEventListener("focusin", (event) => {
      // A click focuses, too; only the keyboard's focus asks for an explanation.
      if ((event.target as Element).matches(":focus-visible")) this.plan(event.target, DELAY);
    });
    root.addEventListener("focusout", () => {
      this.hide();
    });
    root.addEventListener("pointerdown", () => {
      this.hide();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.hide();
    });
    document.addEventListener(
      "scroll",
      () => {
        this.hide();
      },
      { capture: true, passive: true },
    );
  }

  private plan(target: EventTarget | null, delay: number): void {
    const owner = target instanceof Element ? target.closest<HTMLElement>("[data-tip]") : null;
    if (owner === this.owner) return;
    window.clearTimeout(this.timer);
    if (owner === null) {
      this.hide();
      return;
    }
    this.timer = window.setTimeout(() => {
      this.show(owner);
    }, delay);
  }

  private show(owner: HTMLElement): void {
    const section = owner.closest<HTMLElement>("[data-section]");
    const content = section instanceof Section ? section.tip(owner) : null;
    if (content === null || !owner.isConnected) {
      this.hide();
      return;
    }
    this.hide();
    this.owner = owner;
    owner.setAttribute("aria-describedby", this.element.id);
    render(content, this.element);
    this.element.hidden = false;
    const at = owner.getBoundingClientRect();
    const own = this.element.getBoundingClientRect();
    const left = Math.max(4, Math.min(at.left, window.innerWidth - own.width - 4));
    const below = at.bottom + 6;
    const top =
      below + own.height < window.innerHeight ? below : Math.max(4, at.top - own.height - 6);
    this.element.style.left = `${left}px`;
    this.element.style.top = `${top}px`;
  }

  hide(): void {
    window.clearTimeout(this.timer);
    this.owner?.removeAttribute("aria-describedby");
    this.owner = null;
    this.element.hidden = true;
  }
}
