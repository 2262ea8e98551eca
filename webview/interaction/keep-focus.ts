/**
 * Gives the focus back to what had it. At each stop the editor takes the focus for the source; when the panel
 * gets it back, it is the window that gets it, and whoever works with the keyboard would have to begin anew.
 */
export function keepFocus(): void {
  let last: HTMLElement | null = null;
  document.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLElement && target !== document.body) last = target;
  });
  window.addEventListener("focus", () => {
    const nobody = document.activeElement === null || document.activeElement === document.body;
    if (nobody && last?.isConnected) last.focus({ preventScroll: true });
  });
}
