/** What a request is, from `cmd_flags` and from the `rwbs` letters of block events. */

import type { RequestOperation } from "../../core/scenario.js";

export interface RequestKind {
  op: RequestOperation;
  fua: boolean;
  preflush: boolean;
}

/** The operation is in the lowest 8 bits, flags above it (Linux 4.10 to 6.12). */
const OPERATIONS: Readonly<Record<number, RequestOperation>> = {
  0: "read",
  1: "write",
  2: "flush",
  3: "discard",
  5: "secure-discard",
};
const OPERATION_BITS = 0xff;
const REQ_FUA = 1 << 17;
const REQ_PREFLUSH = 1 << 18;

/** Null for an operation that the driver does not have, such as writing zeroes. */
export function kindOfFlags(flags: number): RequestKind | null {
  const op = OPERATIONS[flags & OPERATION_BITS];
  if (op === undefined) return null;
  // An empty flush carries the preflush flag; it is what the operation says already.
  return {
    op,
    fua: (flags & REQ_FUA) !== 0,
    preflush: op !== "flush" && (flags & REQ_PREFLUSH) !== 0,
  };
}

/*
 * An F before the operation is a preflush, one after it is FUA:
 * WS a synchronous write, FF an empty flush, FWFS a write with both, DE a secure discard.
 */
const RWBS = /^(F?)(DE|D|W|R|F)(F?)[A-EG-Z]*$/;

/** Null for what is no request of a file system. */
export function kindOfRwbs(rwbs: string): RequestKind | null {
  const match = RWBS.exec(rwbs);
  if (!match) return null;
  const [, before, operation, after] = match;
  const ops: Readonly<Record<string, RequestOperation>> = {
    R: "read",
    W: "write",
    F: "flush",
    D: "discard",
    DE: "secure-discard",
  };
  const op = ops[operation ?? ""];
  if (op === undefined) return null;
  return { op, fua: after === "F", preflush: op !== "flush" && before === "F" };
}
