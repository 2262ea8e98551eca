/** From random wishes to a scenario that the inputs would accept. */
import fc from "fast-check";
import type {
  BackendSettings,
  BufferSegment,
  RequestOperation,
  RequestSettings,
  ResponseSettings,
  Scenario,
  WorkloadStep,
} from "../../../../src/core/scenario.js";
import { MOST_SECTORS, SECTORS, type Surroundings } from "./settings.js";

/** A request as it is wished for; numbers are cut to what there is room for. */
export interface Wish {
  op: RequestOperation;
  sector: number;
  /** Sectors from the beginning of a page on; `joins`: it goes on where the piece before it ends. */
  pieces: { first: number; count: number; joins: boolean }[];
  fua: boolean;
  preflush: boolean;
  /** It lies behind the end of the disk. */
  beyond: boolean;
}

/** What is wished for next; `n` says which, how many, or how far. */
export type Act =
  | { act: "submit" | "bios"; wishes: Wish[] }
  | { act: "complete"; picks: number[] }
  | { act: string; n: readonly number[] };

const piece = fc.record({
  first: fc.nat(127),
  count: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 24 }) },
    { weight: 1, arbitrary: fc.constant(128) },
  ),
  joins: fc.boolean(),
});

const wish: fc.Arbitrary<Wish> = fc.record({
  op: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom<RequestOperation>("write", "read") },
    {
      weight: 2,
      arbitrary: fc.constantFrom<RequestOperation>("flush", "discard", "secure-discard"),
    },
  ),
  sector: fc.nat(SECTORS - 1),
  pieces: fc.oneof(
    { weight: 6, arbitrary: fc.array(piece, { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(piece, { minLength: 10, maxLength: 40 }) },
  ),
  fua: fc.boolean(),
  preflush: fc.boolean(),
  beyond: fc.integer({ min: 0, max: 19 }).map((n) => n === 19),
});

const several = fc.oneof(
  { weight: 8, arbitrary: fc.array(wish, { minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.array(wish, { minLength: 20, maxLength: 45 }) },
);

const submissions: fc.Arbitrary<Act> = fc.record({
  act: fc.constantFrom("submit" as const, "bios" as const),
  wishes: several,
});

const completions: fc.Arbitrary<Act> = fc.record({
  act: fc.constant("complete" as const),
  picks: fc.array(fc.nat(63), { maxLength: 6 }),
});

/** What a good guest, its other drivers and a good back end do besides. */
export const HARMLESS = ["take", "give", "purge", "unmap", "wait", "stray", "grow"] as const;

function others(names: readonly string[]): fc.Arbitrary<Act> {
  return fc.record({
    act: fc.constantFrom(...names),
    n: fc.array(fc.nat(1023), { minLength: 6, maxLength: 6 }),
  });
}

/** Random wishes: submissions, answers, what harms nobody, and these others. */
export function acts(more: readonly string[] = [], maxLength = 12): fc.Arbitrary<Act[]> {
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: submissions },
      { weight: 6, arbitrary: completions },
      { weight: 2, arbitrary: others(HARMLESS) },
      ...(more.length === 0 ? [] : [{ weight: 4, arbitrary: others(more) }]),
    ),
    { minLength: 1, maxLength },
  );
}

/** What a driver can be asked for without one of its known defects showing. */
export interface Bounds {
  /** Segments and bytes of a request where no block layer cuts it. */
  segments: number;
  bytes: number;
  /** Xen pages of any request. */
  xenPages: number;
  /** Xen pages of a write with FUA. */
  fuaXenPages: number;
  /** No bios, which the block layer would merge. */
  noBios: boolean;
  /** Flushes, writes with a flush, and discards come as bios, or where the back end offers them. */
  offered: boolean;
  /** Secure discards, of which `blkif_free` takes the flag for a number of segments. */
  secure: boolean;
}

const ANYTHING: Bounds = {
  segments: 64,
  bytes: 2 ** 20,
  xenPages: Infinity,
  fuaXenPages: Infinity,
  noBios: false,
  offered: false,
  secure: true,
};

/** Xen pages of 4096 bytes that these bytes touch. */
export function xen_pages({ offset, length }: BufferSegment): number {
  return Math.floor((offset + length - 1) / 4096) - Math.floor(offset / 4096) + 1;
}

const FIRST_PAGE = 0x1000;

/** Makes steps of wishes, one after the other. */
export class Planner {
  readonly workload: WorkloadStep[] = [];
  /** Submitted and not yet answered. */
  readonly outstanding: number[] = [];
  readonly requests: RequestSettings[] = [];
  /** These are not answered at the end either. */
  readonly never = new Set<number>();
  /** Another driver gives nothing back. */
  greedy = false;
  private page = FIRST_PAGE;
  private next_id = 0;
  private altered: (one: RequestSettings) => RequestSettings = (one) => one;

  constructor(
    readonly around: Surroundings,
    private bounds: Bounds = ANYTHING,
  ) {}

  /** What is submitted from now on may be anything. */
  unbound(): void {
    this.bounds = ANYTHING;
  }

  /** What is submitted from now on is changed. */
  change(how: (one: RequestSettings) => RequestSettings): void {
    this.altered = how;
  }

  /** Adds what a wish comes to. @returns false where it is none that a planner knows */
  add(act: Act): boolean {
    if ("wishes" in act) {
      this.submit(act.act, act.wishes);
    } else if ("picks" in act) {
      const ids =
        act.picks.length === 0 ? this.outstanding.slice() : act.picks.map((n) => this.pick(n));
      this.complete(ids.map((id) => ({ id, status: "okay" })));
    } else {
      return this.other(act.act, act.n);
    }
    return true;
  }

  /** One of the outstanding requests, which does not count as outstanding any more; -1 without one. */
  pick(n: number): number {
    if (this.outstanding.length === 0) return -1;
    return this.outstanding.splice(n % this.outstanding.length, 1)[0] as number;
  }

  complete(responses: ResponseSettings[], interrupt?: "lost"): void {
    const known = responses.filter(({ id }) => id >= 0);
    if (known.length === 0) return;
    for (const { id } of known) {
      const at = this.outstanding.indexOf(id);
      if (at >= 0) this.outstanding.splice(at, 1);
    }
    this.workload.push(interrupt ? { complete: known, interrupt } : { complete: known });
  }

  submit(how: "submit" | "bios", wishes: readonly Wish[]): void {
    const as = this.bounds.noBios ? "submit" : how;
    const asked = wishes.map((one) => this.altered(this.request(as, one)));
    this.requests.push(...asked);
    this.outstanding.push(...asked.map(({ id }) => id));
    this.workload.push(as === "bios" ? { bios: asked } : { submit: asked });
  }

  private other(act: string, [n = 0]: readonly number[]): boolean {
    const { workload } = this;
    switch (act) {
      case "take":
        // Often nearly all that a small table has.
        workload.push({ takeGrants: n % 2 === 0 ? 440 + (n % 64) : n });
        break;
      case "give":
        workload.push({ giveGrants: 1 + n });
        break;
      case "purge":
        workload.push({ purge: true });
        break;
      case "unmap":
        workload.push({ unmap: "all" });
        break;
      case "wait":
        workload.push({ wait: 1 + (n % 5) });
        break;
      case "stray":
        workload.push({ interrupt: "now" });
        break;
      case "grow":
        workload.push({ resize: SECTORS + (n % (MOST_SECTORS - SECTORS)) });
        break;
      case "resume":
        workload.push({ resume: null });
        break;
      default:
        return false;
    }
    return true;
  }

  /**
   * Sets right what was left undone: everything is given back and answered, also what was not on the ring yet
   * when it was to be answered.
   */
  finish(): void {
    if (!this.greedy) this.workload.push({ giveGrants: 1_000_000 });
    this.workload.push({ interrupt: "now" });
    const asked = this.requests.filter(({ id }) => !this.never.has(id));
    this.complete(asked.map(({ id }) => ({ id, status: "okay" })));
  }

  scenario(): Scenario {
    const { guest, backend, disk } = this.around;
    return {
      title: "random",
      guest,
      backend,
      disk,
      start: null,
      walk: null,
      workload: this.workload,
    };
  }

  request(how: "submit" | "bios", wish: Wish): RequestSettings {
    const op = this.operation(how, wish.op);
    const data = op === "read" || op === "write";
    const marked = op === "write" && (how === "bios" || !this.bounds.offered);
    const fua = wish.fua && marked;
    const segments = data ? this.buffer(wish, fua) : [];
    const bytes = segments.reduce((sum, { length }) => sum + length, 0);
    const sectors = data ? bytes / 512 : op === "flush" ? 0 : 1 + (wish.pieces[0]?.count ?? 0);
    const room = SECTORS - sectors;
    const sector = op === "flush" ? -1 : (wish.beyond ? MOST_SECTORS : 0) + (wish.sector % room);
    const id = this.next_id++;
    return { id, op, fua, preflush: wish.preflush && marked, sector, sectors, segments };
  }

  /** What may be asked in this way of a back end that offers so much. */
  private operation(how: "submit" | "bios", wished: RequestOperation): RequestOperation {
    const op = wished === "secure-discard" && !this.bounds.secure ? "discard" : wished;
    if (how === "bios" || !this.bounds.offered) return op;
    const { flush, discard, discardSecure } = this.around.backend;
    if (op === "flush" && flush === "none") return "write";
    if (op === "discard" && !discard) return "read";
    if (op === "secure-discard" && !(discard && discardSecure)) return "read";
    return op;
  }

  private buffer(wish: Wish, fua: boolean): BufferSegment[] {
    const { pageSize, blockLayer } = this.around.guest;
    const per_page = pageSize / 512;
    const cut = blockLayer === "split";
    const most = cut ? 48 : this.bounds.segments;
    let bytes = cut ? 2 ** 20 : this.bounds.bytes;
    let pages = fua
      ? Math.min(this.bounds.fuaXenPages, this.bounds.xenPages)
      : this.bounds.xenPages;
    const segments: BufferSegment[] = [];
    for (const { first, count, joins } of wish.pieces.slice(0, most)) {
      const last = segments[segments.length - 1];
      const end = last === undefined ? 0 : last.offset + last.length;
      const follows = joins && last !== undefined && end < pageSize;
      const offset = follows ? end : (first % per_page) * 512;
      const room = Math.min(pageSize - offset, bytes);
      const one = { page: follows ? this.page - 1 : this.page, offset, length: 0 };
      one.length = Math.min(count * 512, room);
      while (one.length > 0 && xen_pages(one) > pages) one.length -= 512;
      if (one.length <= 0) break;
      if (!follows) this.page++;
      segments.push(one);
      bytes -= one.length;
      pages -= xen_pages(one);
    }
    return segments;
  }
}

/** What a back end offers without one of the driver's defects showing on pages of this size; null: nothing. */
export function bounds_of({ guest, backend }: Surroundings): Bounds | null {
  const k = guest.pageSize / 4096;
  const agreed = agreed_segments(guest, backend);
  const segments = Math.floor((agreed ?? 11) / k);
  if (segments === 0) return null;
  return {
    segments,
    bytes: Math.max((agreed ?? 11) * 4096, guest.pageSize),
    xenPages: Infinity,
    fuaXenPages: backend.flush === "barrier" ? 11 : Infinity,
    noBios: false,
    offered: true,
    secure: true,
  };
}

/** Segments of an indirect request that both ends agree on; null without such requests. */
export function agreed_segments(
  guest: Surroundings["guest"],
  backend: BackendSettings,
): number | null {
  const { maxIndirectSegments } = backend;
  return maxIndirectSegments === null
    ? null
    : Math.min(maxIndirectSegments, guest.maxIndirectSegments);
}
