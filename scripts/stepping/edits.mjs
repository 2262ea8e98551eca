/**
 * Insertions into and removals from a text, applied all at once. Nothing inserted contains a line break and
 * nothing removed loses one, so every line of the result is the same line of the original.
 */
export class Edits {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** @type {{ at: number, end: number, text: string }[]} */
    this.list = [];
  }

  /**
   * Inserts at an offset; insertions at the same offset stand in the order in which they were asked for.
   * @param {number} at offset in UTF-16 units
   * @param {string} text
   */
  insert(at, text) {
    this.list.push({ at, end: at, text });
  }

  /**
   * Removes [start, end) except its line breaks.
   * @param {number} start offset in UTF-16 units
   * @param {number} end
   */
  remove(start, end) {
    const breaks = this.text.slice(start, end).replace(/[^\r\n]+/g, "");
    this.list.push({ at: start, end, text: breaks });
  }

  /** @returns {string} the text with all edits applied */
  apply() {
    const ordered = this.list.slice().sort((a, b) => a.at - b.at);
    let result = "";
    let done = 0;
    for (const edit of ordered) {
      result += this.text.slice(done, edit.at) + edit.text;
      done = Math.max(done, edit.end);
    }
    return result + this.text.slice(done);
  }
}
