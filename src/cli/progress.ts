/** One line of progress on a terminal, for what takes longer than a second. */

/** Begins to report after a second; `at` takes a text and prints it at most ten times a second. */
export function startProgress(): { at(text: string): void; end(): void } {
  const { stderr } = process;
  let next = Date.now() + 1000;
  let shown = false;
  return {
    at(text) {
      if (!stderr.isTTY || Date.now() < next) return;
      next = Date.now() + 100;
      shown = true;
      stderr.write(`\r\x1b[2K${text}`);
    },
    end() {
      if (shown) stderr.write("\r\x1b[2K");
    },
  };
}
