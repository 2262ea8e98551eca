/**
 * What is pointed at lights up everywhere. Elements say in `data-k` which things they show (`gref:158
 * grant:17`); while one of them is under the pointer or has the focus, all that share a thing with it get the
 * class `lit`.
 */

/** A thing that a canvas or a virtual list shows, told when the pointed things change. */
export type PointedListener = (keys: ReadonlySet<string>) => void;

export class Pointing {
  private keys: ReadonlySet<string> = new Set();
  private lit: Element[] = [];
  private readonly listeners = new Set<PointedListener>();

  constructor(private readonly root: HTMLElement) {
    root.addEventListener("pointerover", (event) => {
      this.point(event.target);
    });
    root.addEventListener("pointerleave", () => {
      this.point(document.activeElement);
    });
    root.addEventListener("focusin", (event) => {
      this.point(event.target);
    });
    root.addEventListener("focusout", () => {
      this.point(null);
    });
  }

  onChange(listener: PointedListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private point(target: EventTarget | null): void {
    const marked = target instanceof Element ? target.closest<HTMLElement>("[data-k]") : null;
    const keys = new Set(marked?.dataset["k"]?.split(" ").filter(Boolean));
    if (keys.size === this.keys.size && [...keys].every((key) => this.keys.has(key))) return;
    this.keys = keys;
    this.refresh();
    for (const listener of this.listeners) listener(keys);
  }

  /** Marks anew, after the page has changed. */
  refresh(): void {
    for (const element of this.lit) element.classList.remove("lit");
    this.lit = [];
    if (this.keys.size === 0) return;
    const query = [...this.keys].map((key) => `[data-k~="${CSS.escape(key)}"]`).join(",");
    this.lit = [...this.root.querySelectorAll(query)];
    for (const element of this.lit) element.classList.add("lit");
  }
}
