/** The ways in which the kernel stops: `BUG_ON`, and the oops of a wild access. */

/** Thrown where the kernel would stop. It carries what the kernel would have printed. */
export class KernelBug extends Error {
  /**
   * @param kind `BUG` for a `BUG_ON`, `OOPS` for an access that faults
   * @param expr the C expression, or what was accessed
   * @param func the kernel function
   */
  constructor(
    readonly kind: "BUG" | "OOPS",
    readonly expr: string,
    readonly func: string,
  ) {
    super(kind === "BUG" ? `kernel BUG in ${func}: ${expr}` : `Oops in ${func}: ${expr}`);
    this.name = "KernelBug";
  }
}

/** `BUG_ON(condition)`: stops the machine with the C expression and the function that hold it. */
export function BUG_ON(condition: boolean, expr: string, func: string): void {
  if (condition) throw new KernelBug("BUG", expr, func);
}

/** `BUG()`. */
export function BUG(func: string): never {
  throw new KernelBug("BUG", "BUG()", func);
}

/** An access that the hardware or the allocator would not survive. */
export function OOPS(what: string, func: string): never {
  throw new KernelBug("OOPS", what, func);
}
