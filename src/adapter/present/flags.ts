/** The names of bits. */
import {
  REQ_DISCARD,
  REQ_FLUSH,
  REQ_FLUSH_SEQ,
  REQ_FUA,
  REQ_NOMERGE,
  REQ_SECURE,
  REQ_STARTED,
  REQ_WRITE,
} from "../../core/linux/request.js";

/** The request flags that the driver or the block layer looks at. */
export const REQ_FLAGS: ReadonlyMap<number, string> = new Map([
  [REQ_WRITE, "REQ_WRITE"],
  [REQ_DISCARD, "REQ_DISCARD"],
  [REQ_SECURE, "REQ_SECURE"],
  [REQ_FUA, "REQ_FUA"],
  [REQ_FLUSH, "REQ_FLUSH"],
  [REQ_NOMERGE, "REQ_NOMERGE"],
  [REQ_STARTED, "REQ_STARTED"],
  [REQ_FLUSH_SEQ, "REQ_FLUSH_SEQ"],
]);

/** The steps of a flush sequence, as the block layer counts them. */
export const FLUSH_STEPS: ReadonlyMap<number, string> = new Map([
  [1 << 0, "REQ_FSEQ_PREFLUSH"],
  [1 << 1, "REQ_FSEQ_DATA"],
  [1 << 2, "REQ_FSEQ_POSTFLUSH"],
]);
