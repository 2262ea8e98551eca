/**
 * Follows the grant table's free list, as far as this driver uses it: what is ended comes to the head
 * and is granted next. What is granted from below shows how the list began.
 */
export class FreeReferences {
  /** References at the head of the free list at the start, in the order in which they are taken. */
  readonly initial: number[] = [];
  /** Line where a reference came from somewhere else: another driver uses the table too. */
  disturbed: number | null = null;
  private readonly freed: number[] = [];

  /** A reference is granted. */
  take(gref: number, line: number): void {
    if (this.freed.length === 0) {
      if (!this.initial.includes(gref)) this.initial.push(gref);
      return;
    }
    if (this.freed[this.freed.length - 1] === gref) {
      this.freed.pop();
      return;
    }
    this.disturbed ??= line;
    const at = this.freed.lastIndexOf(gref);
    if (at >= 0) this.freed.splice(at, 1);
  }

  /** A reference is ended. */
  free(gref: number): void {
    this.freed.push(gref);
  }
}
