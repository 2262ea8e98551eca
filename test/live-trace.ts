/** What the lines of a capture say that the guest did, read without any of the importer's code. */

const NO_GREF = 4294967295;
const NO_SECTOR = 2 ** 64;

/** A grant that the guest took. Offsets and lengths in bytes. */
export interface Taken {
  gfn: number;
  offset: number;
  len: number;
  grant_idx: number;
  id: number;
  gref: number;
  /** It was granted for this piece, and had not been live. */
  fresh: boolean;
  /** The reference of the indirect frame that was taken just before, or null. */
  frame: number | null;
}

/** A grant that the guest gave back. */
export interface Returned {
  gref: number;
  to: "head" | "tail";
}

/** What the entry of the function that takes a grant tells beside the piece. */
export interface Entered {
  /** The segment that the piece becomes, in sectors of 512 bytes. */
  first_sect: number;
  last_sect: number;
  /** The data goes into the driver's own page. */
  copied: boolean;
  /** The first four bytes of the ring request, as a number. */
  head: number;
  sector_number: number;
  /** Live grants on the free list, before the taking. */
  live: number;
  /** The references of the list's first two entries, before the taking; null for one without. */
  next: (number | null)[];
}

/** A request that the driver was handed. The sector is null for an empty flush. */
export interface Handed {
  sector: number | null;
  bytes: number;
  /** Grants that were taken for it. */
  grants: number;
  /** Its `nr_phys_segments`; null where no grant is taken. */
  segments: number | null;
}

/** A request that the driver ended, with what came back. */
export interface Ended {
  sector: number | null;
  bytes: number;
  returned: Returned[];
}

/** The ring's indexes at an interrupt, and its size. */
export interface Interrupt {
  req_prod: number;
  rsp_cons: number;
  rsp_prod: number;
  entries: number;
}

export interface Walked {
  taken: Taken[];
  returned: Returned[];
}

/** All that a capture tells of the requests, and what it tells of the grants beside that. */
export interface Told extends Walked {
  /** As many as grants were taken, in the same order. */
  entered: Entered[];
  handed: Handed[];
  ended: Ended[];
  interrupts: Interrupt[];
}

function numbers(line: string, ...names: string[]): number[] {
  return names.map((name) => Number(new RegExp(`\\b${name}=(\\w+)`).exec(line)?.[1]));
}

/** The whole of what the trace's own lines say, read without any of the importer's code. */
export function liveTold(text: string): Told {
  const { taken, returned } = liveWalk(text);
  const entered: Entered[] = [];
  const handed: Handed[] = [];
  const ended: Ended[] = [];
  const interrupts: Interrupt[] = [];
  let back = 0;
  let ends = 0;
  for (const line of text.split("\n")) {
    const [, kind] = / (grant|queue_rq|end_gref_ret|complete|irq): \(/.exec(line) ?? [];
    if (kind === undefined) continue;
    const [offset, len, copy, live, sector, bytes] = numbers(
      line,
      ...["off", "len", "copy", "pgnts", "sector", "bytes"],
    ) as [number, number, number, number, number, number];
    const at = sector === NO_SECTOR ? null : sector;
    if (kind === "grant") {
      const [, word = ""] = /\bw0=(\w+)/.exec(line) ?? [];
      const next = numbers(line, "next0", "next1").map((gref) => (gref === NO_GREF ? null : gref));
      entered.push({
        first_sect: offset / 512,
        last_sect: (offset + len) / 512 - 1,
        copied: copy === 1,
        head: Number(BigInt.asUintN(32, BigInt(word))),
        sector_number: sector,
        live,
        next,
      });
      const request = handed.at(-1);
      if (request) request.grants++;
    } else if (kind === "queue_rq") {
      const [segments = NaN] = numbers(line, "segs");
      handed.push({ sector: at, bytes, grants: 0, segments });
    } else if (kind === "end_gref_ret") {
      if (line.includes("blkif_interrupt")) ends++;
    } else if (kind === "complete") {
      ended.push({ sector: at, bytes, returned: returned.slice(back, ends) });
      back = ends;
    } else {
      const [req_prod, rsp_cons, rsp_prod, entries] = numbers(
        line,
        ...["req_prod", "rsp_cons", "rsp_prod", "entries"],
      ) as [number, number, number, number];
      interrupts.push({ req_prod, rsp_cons, rsp_prod, entries });
    }
  }
  for (const request of handed) if (request.grants === 0) request.segments = null;
  return { taken, returned, entered, handed, ended, interrupts };
}

/** The grants that the trace's own lines show taken and given back. */
export function liveWalk(text: string): Walked {
  const taken: Taken[] = [];
  const returned: Returned[] = [];
  let current: Taken | null = null;
  let ending: number | null = null;
  for (const line of text.split("\n")) {
    if (/ grant: /.test(line)) {
      const [gfn, off, len, idx, id, op, next0, next1] = numbers(
        line,
        ...["gfn", "off", "len", "idx", "id", "op", "next0", "next1"],
      ) as [number, number, number, number, number, number, number, number];
      const opensFrame = op === 6 && idx % 512 === 0;
      const piece = { gfn, offset: off, len, grant_idx: idx, id };
      current = {
        ...piece,
        gref: opensFrame ? next1 : next0,
        fresh: false,
        frame: opensFrame ? next0 : null,
      };
      taken.push(current);
    } else if (/ new_gref: /.test(line) && current !== null) {
      const [gref] = numbers(line, "gref") as [number];
      if (current.frame === NO_GREF) current.frame = gref;
      else if (current.gref === NO_GREF) Object.assign(current, { gref, fresh: true });
    } else if (/ end_gref: /.test(line)) {
      ending = numbers(line, "gref")[0] ?? null;
    } else if (/ end_gref_ret: .*blkif_interrupt/.test(line) && ending !== null) {
      const [ended] = numbers(line, "ended");
      returned.push({ gref: ending, to: ended === 0 ? "head" : "tail" });
    }
  }
  return { taken, returned };
}
