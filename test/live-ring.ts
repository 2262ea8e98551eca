/** What `raw-ring`'s second recording says: the bytes of the guest's ring, slot by slot. */

/** A grant that was set up. */
export interface LiveGrant {
  grant_idx: number;
  gref: number;
  /** The reference of the indirect frame; 0 in a direct request. */
  frame: number;
  gfn: number;
  /** Bytes from the beginning of the frame `gfn`. */
  offset: number;
  len: number;
}

export interface LiveSlot {
  /** The ring's index at which it was answered. */
  index: number;
  id: number;
  grants: LiveGrant[];
  /** All bytes of the request when it had been queued. Recorded for reads and writes. */
  queued: Uint8Array | null;
  /** The first bytes of the shadow entry's copy when it was answered. */
  shadow: Uint8Array;
  /** Scatterlist entries that the shadow entry has. */
  num_sg: number;
  /** The bytes of the response. */
  response: Uint8Array;
}

/** The ring's indexes at an interrupt; `entries` is the ring's size. */
export interface LiveInterrupt {
  req_prod: number;
  rsp_cons: number;
  rsp_prod: number;
  entries: number;
}

/** The bytes of 64-bit words in hexadecimal, each the value of eight bytes in little endian. */
export function bytesOfWords(words: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setBigUint64(i * 8, BigInt(`0x${word}`), true));
  return bytes;
}

function numberIn(line: string, name: string): number {
  return Number(new RegExp(`\\b${name}=(\\w+)`).exec(line)?.[1]);
}

function wordsIn(line: string, name: string): string[] {
  const [, words = ""] = new RegExp(`\\b${name}=((?:[0-9a-f]{16} ?)+)`).exec(line) ?? [];
  return words.trim().split(" ");
}

/** Reads the recording: every request that was answered, in the order of the answers, and every interrupt. */
export function liveRing(text: string): { slots: LiveSlot[]; interrupts: LiveInterrupt[] } {
  const slots: LiveSlot[] = [];
  const interrupts: LiveInterrupt[] = [];
  const open = new Map<number, { grants: LiveGrant[]; queued: Uint8Array | null }>();
  for (const line of text.split("\n")) {
    const [, kind] = /^\d+ ([GQIR]) /.exec(line) ?? [];
    if (kind === undefined) continue;
    const number = (name: string) => numberIn(line, name);
    const id = number("id");
    if (kind === "I") {
      const [req_prod, rsp_cons] = [number("req_prod_pvt"), number("rsp_cons")];
      const [rsp_prod, entries] = [number("rsp_prod"), number("entries")];
      interrupts.push({ req_prod, rsp_cons, rsp_prod, entries });
      continue;
    }
    // A response is told of several times.
    if (kind === "R" && slots.at(-1)?.index === number("rsp")) continue;
    const request = open.get(id) ?? { grants: [], queued: null };
    open.set(id, request);
    if (kind === "G") {
      const [grant_idx, gref, frame] = [number("idx"), number("gref"), number("ind_gref")];
      const [gfn, offset, len] = [number("gfn"), number("off"), number("len")];
      request.grants.push({ grant_idx, gref, frame, gfn, offset, len });
    } else if (kind === "Q") {
      request.queued = bytesOfWords(wordsIn(line, "raw"));
    } else {
      const response = bytesOfWords([id.toString(16), ...wordsIn(line, "opstat")]);
      const shadow = bytesOfWords(wordsIn(line, "raw"));
      const [index, num_sg] = [number("rsp"), number("num_sg")];
      slots.push({ index, id, ...request, shadow, num_sg, response });
      open.delete(id);
    }
  }
  return { slots, interrupts };
}

/** The request as it was at the entry of every per-grant function, from the `raw` field of the trace. */
export function liveEntries(text: string): { grant_idx: number; request: Uint8Array }[] {
  return text.split("\n").flatMap((line) => {
    const [, raw] = / grant: .* raw=\{([^}]*)\}/.exec(line) ?? [];
    if (raw === undefined) return [];
    const words = raw.split(",").map((word) => word.replace("0x", ""));
    return [{ grant_idx: numberIn(line, "idx"), request: bytesOfWords(words) }];
  });
}
