/** What the lines of a capture say that the guest did, read without any of the importer's code. */

const NO_GREF = 4294967295;

/** A grant that the guest took. */
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

export interface Walked {
  taken: Taken[];
  returned: Returned[];
}

function numbers(line: string, ...names: string[]): number[] {
  return names.map((name) => Number(new RegExp(`\\b${name}=(\\w+)`).exec(line)?.[1]));
}

/** What the trace's own lines say, read without any of the importer's code. */
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
