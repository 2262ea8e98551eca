/** The ways in which the kernel stops: `BUG_ON`, the oops of a wild access, and a loop that never ends. */

/** Thrown where the kernel would stop. It carries what the kernel would have printed. */
export class KernelBug extends Error {
  /**
   * @param kind `BUG` for a `BUG_ON`, `OOPS` for an access that faults, `HANG` for a wait without end
   * @param expr the C expression, what was accessed, or what is waited for
   * @param func the kernel function
   */
  constructor(
    readonly kind: "BUG" | "OOPS" | "HANG",
    readonly expr: string,
    readonly func: string,
  ) {
    super(`${HEADS[kind]} in ${func}: ${expr}`);
    this.name = "KernelBug";
  }
}

const HEADS = { BUG: "kernel BUG", OOPS: "Oops", HANG: "The kernel hangs" };

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

/** A task that waits, or a loop that runs, for ever. */
export function HANG(what: string, func: string): never {
  throw new KernelBug("HANG", what, func);
}
