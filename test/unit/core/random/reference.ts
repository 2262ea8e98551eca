/**
 * What the disk and the callers' pages must hold, by a plain model of its own: sectors to which requests are
 * applied in the order in which the back end executed them, and pages that hold what was put there.
 */
import { REQ_DISCARD, type request } from "../../../../src/core/linux/request.js";
import { mem_frame, mem_has_frame, mem_read } from "../../../../src/core/linux/memory.js";
import type { Machine, Task } from "../../../../src/core/machine.js";
import { disk_byte, page_byte, write_byte } from "../../../../src/core/machine/patterns.js";
import type { RequestSettings, Scenario } from "../../../../src/core/scenario.js";
import type { TraceEvent } from "../../../../src/core/tracepoints.js";

const SECTOR = 512;
const EIO = -5;
const EOPNOTSUPP = -95;

/** What somebody who uses the disk can complain about. */
export const COMPLAINTS = ["right-bytes", "right-errors", "told-once"] as const;
export type Complaint = (typeof COMPLAINTS)[number];

/** A run of sectors that somebody was told the end of. */
interface End {
  sector: number;
  sectors: number;
  error: number;
}

type Event<K extends TraceEvent["kind"]> = Extract<TraceEvent, { kind: K }>;

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Watches a run from its beginning. */
export class Reference {
  /** In words, by what is wrong. */
  readonly complaints: [Complaint, string][] = [];
  private readonly settings = new Map<number, RequestSettings>();
  private readonly disk = new Map<number, Uint8Array>();
  private readonly pages = new Map<number, Uint8Array>();
  private readonly ends = new Map<number, End[]>();
  /** The shadow id that a reference was taken for last. */
  private readonly owner = new Map<number, number>();
  private capacity: number;

  constructor(
    private readonly machine: Machine,
    private readonly scenario: Scenario,
  ) {
    this.capacity = scenario.disk.sectors;
    for (const step of scenario.workload) {
      for (const one of "submit" in step ? step.submit : "bios" in step ? step.bios : []) {
        this.settings.set(one.id, one);
        for (const { page } of one.segments) this.page(page);
      }
    }
    // No two requests share a byte of a buffer, so that data can lie there before they are submitted.
    for (const one of this.settings.values()) {
      if (one.op === "write") this.fill(one, 0, one.sectors, (k) => write_byte(one.id, k));
    }
  }

  /** Takes an event of the run. */
  listen(event: TraceEvent): void {
    if (event.kind === "grant_taken") this.owner.set(event.gref, event.id);
    else if (event.kind === "backend_io") this.moved(event);
    else if (event.kind === "backend_response") this.answered(event);
    else if (event.kind === "bio_end") this.end(event.nr, event);
  }

  /** A task has ended. */
  after(task: Task): void {
    if (task.kind === "resize") this.capacity = task.sectors;
  }

  /** Looks at every byte of the disk and of the callers' pages. */
  check_bytes(): void {
    const { disk } = this.machine;
    for (let leaf = 0; leaf < disk.dir.length; leaf++) {
      if (disk.dir[leaf] === undefined) continue;
      for (let block = leaf << 10; block < (leaf + 1) << 10; block++) {
        if (mem_has_frame(disk, block)) this.check_block(block);
      }
    }
    for (const one of this.settings.values()) if (one.op === "read") this.forget_untold(one);
    for (const [page, bytes] of this.pages) this.check_page(page, bytes);
  }

  /** Of a read that nobody was told of, anything may have arrived. */
  private forget_untold(one: RequestSettings): void {
    const told = this.ends.get(one.id) ?? [];
    for (let n = 0; n < one.sectors; n++) {
      const at = one.sector + n;
      if (told.some(({ sector, sectors }) => at >= sector && at < sector + sectors)) continue;
      this.buffer(one, n).set(this.in_memory(one, n));
    }
  }

  /** Looks whether everybody was told, once, of everything that was asked for but these. */
  check_told(but: ReadonlySet<number> = new Set()): void {
    for (const one of this.settings.values()) if (!but.has(one.id)) this.check_ends(one);
  }

  private complain(what: Complaint, text: string): void {
    this.complaints.push([what, text]);
  }

  private sector(n: number): Uint8Array {
    let bytes = this.disk.get(n);
    if (bytes === undefined) {
      const { content } = this.scenario.disk;
      const seed = content.kind === "pattern" ? content.seed : 0;
      bytes = Uint8Array.from({ length: SECTOR }, (_, i) => disk_byte(n * SECTOR + i, seed));
      this.disk.set(n, bytes);
    }
    return bytes;
  }

  private page(page: number): Uint8Array {
    let bytes = this.pages.get(page);
    if (bytes === undefined) {
      bytes = new Uint8Array(this.scenario.guest.pageSize).fill(page_byte(page));
      this.pages.set(page, bytes);
    }
    return bytes;
  }

  /** Sector `n` of a request's buffer: no sector of it crosses a page's end. */
  private place({ segments }: RequestSettings, n: number): { page: number; offset: number } {
    let left = n * SECTOR;
    for (const { page, offset, length } of segments) {
      if (left < length) return { page, offset: offset + left };
      left -= length;
    }
    throw new Error(`sector ${n} of a request lies in no buffer`);
  }

  private buffer(one: RequestSettings, n: number): Uint8Array {
    const { page, offset } = this.place(one, n);
    return this.page(page).subarray(offset, offset + SECTOR);
  }

  private in_memory(one: RequestSettings, n: number): Uint8Array {
    const { page, offset } = this.place(one, n);
    const address = page * this.scenario.guest.pageSize + offset;
    return mem_read(this.machine.kernel.mem, address, SECTOR);
  }

  private fill(one: RequestSettings, from: number, count: number, byte: (k: number) => number) {
    for (let n = from; n < from + count; n++) {
      const bytes = this.buffer(one, n);
      for (let i = 0; i < SECTOR; i++) bytes[i] = byte(n * SECTOR + i);
    }
  }

  /** What the scenario asks for that sector `sector` of a request belongs to. */
  private asked(req: request, sector: number): RequestSettings | undefined {
    const bio = req.bio.find(
      ({ bi_sector, bi_size }) => sector >= bi_sector && sector < bi_sector + bi_size / SECTOR,
    );
    return bio && this.settings.get(bio.nr);
  }

  /** The back end has moved the data of a segment. */
  private moved({ write, sector, gref, len }: Event<"backend_io">): void {
    const req = this.machine.info.shadow[this.owner.get(gref) ?? -1]?.request ?? null;
    for (let n = 0; n < len / SECTOR; n++) {
      const one = req && this.asked(req, sector + n);
      if (!one || (one.op === "write") !== write) {
        this.complain("right-bytes", `sector ${sector + n} moves, for which nobody has asked`);
        return;
      }
      // Of a read the buffer gets what the disk has now, of a write the disk what was asked for.
      const buffer = this.buffer(one, sector + n - one.sector);
      if (write) this.sector(sector + n).set(buffer);
      else buffer.set(this.sector(sector + n));
    }
  }

  /** What is discarded reads as zeros. */
  private answered({ id, status }: Event<"backend_response">): void {
    const req = this.machine.info.shadow[id]?.request ?? null;
    if (status !== 0 || req === null || !(req.cmd_flags & REQ_DISCARD)) return;
    for (const { bi_sector, bi_size } of req.bio) {
      for (let n = 0; n < bi_size / SECTOR; n++) this.sector(bi_sector + n).fill(0);
    }
  }

  private end(nr: number, { sector, sectors, error }: End): void {
    const one = this.settings.get(nr);
    if (one === undefined) return this.complain("told-once", `${nr}, which nobody has asked for`);
    this.ends.set(nr, [...(this.ends.get(nr) ?? []), { sector, sectors, error }]);
    const expected = this.expected_error(one, sector + sectors);
    if (error !== expected) {
      this.complain("right-errors", `request ${nr} ends with ${error}, not ${expected}`);
    }
    if (one.op !== "read") return;
    for (let n = sector - one.sector; n < sector - one.sector + sectors; n++) {
      const memory = this.in_memory(one, n);
      // Who is told that a read is done finds the data there and then.
      if (error === 0 && !same(memory, this.buffer(one, n))) {
        this.complain("right-bytes", `the reader of ${nr} is told of data that it has not`);
      }
      // A read that failed leaves there whatever the granted pages held.
      if (error !== 0) this.buffer(one, n).set(memory);
    }
  }

  private expected_error({ op }: RequestSettings, end: number): number {
    const { disk, backend } = this.scenario;
    if (op === "flush") return 0;
    if (end > this.capacity) return EIO;
    if (op === "discard" && !backend.discard) return EOPNOTSUPP;
    const secure = backend.discard && backend.discardSecure === true;
    if (op === "secure-discard" && !secure) return EOPNOTSUPP;
    return disk.readonly && op !== "read" ? EIO : 0;
  }

  /** The parts of a request that were told of make it up, each once. */
  private check_ends({ id, op, sector, sectors }: RequestSettings): void {
    const told = (this.ends.get(id) ?? []).sort((a, b) => a.sector - b.sector);
    let next = sector;
    for (const part of told) {
      if (part.sector !== next) break;
      next += part.sectors;
    }
    const whole = op === "flush" ? told.length === 1 : next === sector + sectors;
    const parts = told.reduce((sum, part) => sum + part.sectors, 0);
    if (whole && (op === "flush" || parts === sectors)) return;
    const text = told.map((part) => `${part.sector}+${part.sectors}`).join(", ");
    this.complain("told-once", `of request ${id}, ${sector}+${sectors}, was told ${text}`);
  }

  private check_block(block: number): void {
    const got = mem_frame(this.machine.disk, block);
    for (let n = 0; n < got.length / SECTOR; n++) {
      const sector = block * (got.length / SECTOR) + n;
      const bytes = got.subarray(n * SECTOR, (n + 1) * SECTOR);
      if (same(bytes, this.sector(sector))) continue;
      this.complain("right-bytes", `sector ${sector} of the disk`);
    }
  }

  private check_page(page: number, bytes: Uint8Array): void {
    const { mem } = this.machine.kernel;
    const { pageSize } = this.scenario.guest;
    const got = mem_read(mem, page * pageSize, pageSize);
    // A page that nothing was submitted for yet has not been filled.
    if (same(got, bytes) || !mem_has_frame(mem, (page * pageSize) / 4096)) return;
    const at = bytes.findIndex((byte, i) => byte !== got[i]);
    const text = `byte ${at} of page 0x${page.toString(16)} is ${got[at]}, not ${bytes[at]}`;
    this.complain("right-bytes", text);
  }
}
