/** Turns what the core tells into the events of a recorded case. */
import { createHash } from "node:crypto";
import type { Machine } from "../../core/machine.js";
import { mem_get32, mem_read } from "../../core/linux/memory.js";
import {
  INDIRECT_GREFS,
  XEN_PAGES_PER_SEGMENT,
} from "../../core/blkfront/patch-v2/blkfront-info.js";
import {
  REQ_DISCARD,
  REQ_SECURE,
  blk_rq_pos,
  blk_rq_sectors,
  type request,
} from "../../core/linux/request.js";
import type { TraceEvent } from "../../core/tracepoints.js";
import {
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
  SEGMENT_SIZE,
  type blkif_request,
  blkif_op_text,
} from "../../core/xen/blkif.js";
import { GNTTAB_LIST_END, grant_entry_addr } from "../../core/xen/grant-table.js";
import { RING_GET_REQUEST } from "../../core/xen/ring.js";
import type { GoldenEvent } from "./case.js";

type Of<K extends TraceEvent["kind"]> = Extract<TraceEvent, { kind: K }>;

function sha256(parts: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** What is known of the request that is being queued. */
interface Queueing {
  /** Null between two requests. */
  req: request | null;
  taken: Of<"grant_taken">[];
  segments: Of<"segment_written">[];
  copied: Map<number, number>;
  frames: Of<"indirect_frame">[];
  reserved: number[];
  before: number;
  violations: number;
  id: Of<"request_id"> | null;
}

interface Completing {
  copies: number[][];
  returns: [number, number, string][];
  indirectReturns: [number, number, string][];
}

/** Listens to a machine and collects the events of the step that runs. */
export class GoldenObserver {
  private events: GoldenEvent[] = [];
  private queueing: Queueing = this.nothing_queued();
  private completing: Completing = { copies: [], returns: [], indirectReturns: [] };

  constructor(private readonly machine: Machine) {}

  /** The events since the last call. */
  take(): GoldenEvent[] {
    const events = this.events;
    this.events = [];
    return events;
  }

  private nothing_queued(): Queueing {
    return {
      req: null,
      taken: [],
      segments: [],
      copied: new Map(),
      frames: [],
      reserved: [],
      before: this.machine.info.persistent_gnts_c,
      violations: this.machine.kernel.kmap_lifo_violations,
      id: null,
    };
  }

  private add(ev: string, fields: Record<string, unknown> = {}): void {
    this.events.push({ ev, ...fields });
  }

  /** The listener to give to `runTask`. */
  readonly listen = (event: TraceEvent): void => {
    const { queueing, completing } = this;
    switch (event.kind) {
      case "request_start":
        this.queueing = { ...this.nothing_queued(), req: event.req };
        return this.add("start_request", { id: event.req.nr });
      case "grefs_alloc":
        if (event.ok) queueing.reserved = this.chain(event.head);
        return this.add("alloc_grefs", { count: event.count, ok: event.ok });
      case "free_callback":
        return this.add("request_free_callback", {
          count: event.count,
          alreadyQueued: event.already_queued,
        });
      case "request_busy":
        queueing.req = null;
        return this.add("busy", {
          id: event.req.nr,
          outcome: "busy-no-grants",
          maxGrefs: event.max_grefs,
          // As the grant table takes it: 16 bits.
          requested: event.requested & 0xffff,
          persistentBefore: queueing.before,
          persistentAfter: this.machine.info.persistent_gnts_c,
        });
      case "request_requeue":
        return this.add("requeue", { id: event.req.nr });
      case "queue_stop":
        return this.add("stop_queue", { ringFull: event.ring_full });
      case "queue_is_stopped":
        return this.add("queue_is_stopped");
      case "queue_start":
        return this.add("start_queue");
      case "request_id":
        queueing.id = event;
        return;
      case "grant_taken":
        queueing.taken.push(event);
        return;
      case "segment_written":
        queueing.segments.push(event);
        return;
      case "indirect_frame":
        queueing.frames.push(event);
        return;
      case "bytes_copied":
        if (event.way === "in") {
          queueing.copied.set(event.grant_idx, event.len);
        } else {
          const { PAGE_SIZE } = this.machine.kernel;
          const row = [event.grant_idx, event.src % 4096, event.len, event.dst % PAGE_SIZE];
          completing.copies.push(row);
        }
        return;
      case "request_queued":
        return this.queued(event);
      case "requests_pushed":
        if (event.notify) this.add("notify");
        return;
      case "response_taken":
        this.completing = { copies: [], returns: [], indirectReturns: [] };
        return;
      case "grant_released": {
        const list = event.indirect ? completing.indirectReturns : completing.returns;
        list.push([event.grant_idx, event.gref, event.to === "head" ? "H" : "T"]);
        return;
      }
      case "request_end":
        return this.ended(event);
      case "empty_sg_table": {
        const text = "sg_init_table(nents=0): sg_mark_end(&sgl[0xffffffff]) on ZERO_SIZE_PTR";
        // The recording says it once, not for each entry of the shadow array.
        if (this.events.some(({ ev }) => ev === "sg_init_table_zero")) return;
        return this.add("sg_init_table_zero", { text });
      }
      case "submit_bio": {
        const { req, sector, sectors, split } = event;
        return this.add("submit_bio", { id: req.nr, sector, sectors, split });
      }
      case "work_scheduled":
        return this.add("schedule_work");
      case "work_run":
        return this.add("run_work");
      case "gref_deferred":
        return this.add("deferred_gref", { text: String(event.gref) });
      case "free_pages_order":
        return this.add("free_pages_order", {
          text: `free_pages(order=${event.freed}) for a block allocated with order=${event.allocated}`,
        });
      case "message":
        return this.message(event);
      case "bug":
        return this.bug(event);
      default:
        return;
    }
  };

  private chain(head: number): number[] {
    const { gnttab_list } = this.machine.kernel.gnttab;
    const refs: number[] = [];
    for (let ref = head; ref !== GNTTAB_LIST_END; ref = gnttab_list[ref] as number) refs.push(ref);
    return refs;
  }

  private message(event: Of<"message">): void {
    // The recorded driver stood on a grant table that says nothing.
    if (/^xen:grant_table: |^(deferring|leaking) g\.e\. /.test(event.text)) return;
    if (event.level === "info" || event.level === "warning")
      this.add("printk", { text: event.text });
    else if (event.level === "fatal")
      this.add("xenbus_dev_fatal", { text: fatal_text(event.text) });
    else this.add(event.level, { text: event.text });
    if (event.level === "warn") this.orphan();
  }

  /** A response that answers nothing may have completed a stale shadow entry all the same. */
  private orphan(): void {
    const { returns } = this.completing;
    if (returns.length === 0) return;
    this.add("orphan_completion", { returns: returns.map(([, gref, to]) => [gref, to]) });
    this.completing = { copies: [], returns: [], indirectReturns: [] };
  }

  private bug(event: Of<"bug">): void {
    const { queueing } = this;
    if (event.what === "BUG") this.add("BUG", { expr: event.expr, func: event.func });
    else this.add("OOPS", { what: event.expr, func: event.func });
    if (queueing.req === null) return;
    this.add("bug_context", {
      id: queueing.req.nr,
      outcome: "BUG",
      maxGrefs: queueing.id?.max_grefs ?? this.most_grefs(queueing.req),
      newGrefsReserved: queueing.reserved.length,
      claimed: this.claimed(),
      perGrant: queueing.taken.map((taken, i) => this.grant_row(taken, queueing.segments[i])),
    });
  }

  /** What the driver reserves for a request, as it has reckoned before it takes an id. */
  private most_grefs(req: request): number {
    if (req.cmd_flags & (REQ_DISCARD | REQ_SECURE)) return 0;
    const grefs = req.nr_phys_segments * XEN_PAGES_PER_SEGMENT(this.machine.kernel);
    return grefs > BLKIF_MAX_SEGMENTS_PER_REQUEST ? grefs + INDIRECT_GREFS(grefs) : grefs;
  }

  /** References claimed so far from the reserved chain. */
  private claimed(): number {
    const fresh = (one: { fresh: boolean }) => one.fresh;
    return this.queueing.taken.filter(fresh).length + this.queueing.frames.filter(fresh).length;
  }

  private queued({ req, id, slot }: Of<"request_queued">): void {
    const { queueing, machine } = this;
    const { info, kernel } = machine;
    const claimed = this.claimed();
    const reserved = queueing.reserved.length;
    const ring_req = RING_GET_REQUEST(info.ring, info.layout, slot);
    const common = {
      id: req.nr,
      outcome: "queued",
      shadowId: id,
      ringSlot: slot,
      maxGrefs: queueing.id?.max_grefs ?? 0,
      newGrefsReserved: reserved,
      claimed,
      returnedUnused: reserved - claimed,
      persistentBefore: queueing.before,
      persistentAfter: info.persistent_gnts_c,
      shadowFree: info.shadow_free,
      kmapLifoViolations: kernel.kmap_lifo_violations - queueing.violations,
      kmapLeak: kernel.kmap.length,
      ringRaw: this.ring_raw(ring_req),
      ringDefined: ring_defined(ring_req),
      decoded: decoded(ring_req),
    };
    if (ring_req.operation === BLKIF_OP_DISCARD) {
      this.add("queued", common);
    } else {
      this.add("queued", { ...common, ...this.grants_of(req, id, ring_req, claimed) });
    }
    this.queueing = this.nothing_queued();
  }

  private ring_raw(req: blkif_request): string {
    const raw = mem_read(req.mem, req.addr, req.layout.entry);
    if (req.operation !== BLKIF_OP_INDIRECT && req.operation !== BLKIF_OP_DISCARD) {
      clear_pads(raw, req.layout.seg, req.u.rw.nr_segments);
    }
    return hex(raw);
  }

  private grants_of(
    req: request,
    id: number,
    ring_req: blkif_request,
    claimed: number,
  ): Record<string, unknown> {
    const { queueing } = this;
    const { info } = this.machine;
    const shadow = info.shadow[id];
    const nr = queueing.taken.length;
    return {
      perGrant: queueing.taken.map((taken, i) => this.grant_row(taken, queueing.segments[i])),
      indirectFrames: queueing.frames.map((frame) => this.frame(frame, nr)),
      shadow: {
        numSg: shadow?.num_sg,
        requestId: req.nr,
        op: shadow?.req.operation,
        grantsUsed: shadow?.grants_used.slice(0, nr).map((entry) => entry?.gref),
        indirectGrants: shadow?.indirect_grants
          .slice(0, queueing.frames.length)
          .map((entry) => entry?.gref),
        reqEqualsRing:
          hex(mem_read(ring_req.mem, ring_req.addr, info.layout.entry)) ===
          hex(mem_read(ring_req.mem, shadow?.req.addr ?? 0, info.layout.entry)),
      },
      claimedRefs: queueing.reserved.slice(0, claimed),
      returnedRefs: queueing.reserved.slice(claimed),
    };
  }

  private grant_row(
    taken: Of<"grant_taken">,
    written: Of<"segment_written"> | undefined,
  ): number[] {
    const { queueing, machine } = this;
    const entry = grant_entry_addr(machine.kernel.gnttab, taken.gref);
    return [
      taken.grant_idx,
      taken.offset,
      taken.len,
      taken.gref,
      written?.first_sect ?? -1,
      written?.last_sect ?? -1,
      written?.frame ?? -1,
      written?.slot ?? -1,
      queueing.copied.get(taken.grant_idx) ?? 0,
      taken.fresh ? 1 : 0,
      taken.gfn,
      this.mapped_by(mem_get32(machine.kernel.mem, entry + 4), taken.gfn),
    ];
  }

  /** 0: the data itself; 1: a page of the driver's own; 2: data of some other request. */
  private mapped_by(frame: number, gfn: number): number {
    if (frame === gfn) return 0;
    const frames = this.machine.kernel.PAGE_SIZE / 4096;
    const own = this.machine.info.grant_slab.some(
      (entry) => entry !== null && entry.page * frames === frame,
    );
    return own ? 1 : 2;
  }

  private frame(frame: Of<"indirect_frame">, nr: number): Record<string, unknown> {
    const n = Math.min(nr - frame.n * 512, 512);
    const raw = mem_read(this.machine.kernel.mem, frame.addr, n * SEGMENT_SIZE);
    clear_pads(raw, 0, n);
    return { gref: frame.gref, fresh: frame.fresh ? 1 : 0, n, raw: hex(raw) };
  }

  private ended({ req, id, error, why }: Of<"request_end">): void {
    if (why === "recover") return this.add("end_request", { id: req.nr, error, why });
    if (why === "rejected") {
      this.queueing.req = null;
      return this.add("end_request", { id: req.nr, error, outcome: "rejected" });
    }
    const { info } = this.machine;
    this.add("complete", {
      id: req.nr,
      shadowId: id,
      error,
      ...this.completing,
      persistentAfter: info.persistent_gnts_c,
      shadowFree: info.shadow_free,
      ...this.content(req),
    });
    this.completing = { copies: [], returns: [], indirectReturns: [] };
  }

  private content(req: request): Record<string, string> {
    if (req.segments.length === 0) return {};
    const { kernel, disk, backend } = this.machine;
    const { PAGE_SIZE, mem } = kernel;
    const pages = new Set(req.segments.map((segment) => segment.page));
    const read = (page: number, offset: number, length: number) =>
      mem_read(mem, page * PAGE_SIZE + offset, length);
    const on_disk = blk_rq_pos(req) + blk_rq_sectors(req) <= backend.sectors;
    return {
      sha256Segments: sha256(req.segments.map((s) => read(s.page, s.offset, s.length))),
      sha256Pages: sha256([...pages].map((page) => read(page, 0, PAGE_SIZE))),
      ...(on_disk
        ? { sha256Disk: sha256([mem_read(disk, blk_rq_pos(req) * 512, req.__data_len)]) }
        : {}),
    };
  }
}

/** Of a `xenbus_dev_fatal` the error number was recorded. */
function fatal_text(text: string): string {
  return `err -${/: (\d+) /.exec(text)?.[1] ?? "?"}`;
}

/** The two bytes of padding of `count` segments from `start` are not the driver's. */
function clear_pads(raw: Uint8Array, start: number, count: number): void {
  for (let i = 0; i < count; i++) {
    raw[start + i * SEGMENT_SIZE + 6] = 0;
    raw[start + i * SEGMENT_SIZE + 7] = 0;
  }
}

/** The byte ranges of the slot that the driver wrote. */
function ring_defined(req: blkif_request): string {
  if (req.operation === BLKIF_OP_DISCARD) return "0-2,8-32";
  if (req.operation === BLKIF_OP_INDIRECT) {
    const frames = Math.ceil(req.u.indirect.nr_segments / 512);
    return `0-4,8-26,28-${28 + frames * 4}`;
  }
  const { seg } = req.layout;
  const segments = Array.from({ length: req.u.rw.nr_segments }, (_, i) => {
    const at = seg + i * SEGMENT_SIZE;
    return `,${at}-${at + 6}`;
  });
  return `0-4,8-24${segments.join("")}`;
}

function decoded(req: blkif_request): Record<string, unknown> {
  const { operation } = req;
  const opName = blkif_op_text(operation);
  if (operation === BLKIF_OP_DISCARD) {
    const { flag, id, sector_number, nr_sectors } = req.u.discard;
    return { operation, opName, flag, id, sector: sector_number, nrSectors: nr_sectors };
  }
  if (operation === BLKIF_OP_INDIRECT) {
    const { indirect_op, nr_segments, id, sector_number, handle } = req.u.indirect;
    const frames = Math.ceil(nr_segments / 512);
    // More frames than the field has room for lie behind it, and are shown as well.
    const indirectGrefs = Array.from({ length: frames }, (_, n) =>
      mem_get32(req.mem, req.addr + req.layout.indirect_grefs + n * 4),
    );
    return {
      operation,
      opName,
      indirectOp: indirect_op,
      nrSegments: nr_segments,
      id,
      sector: sector_number,
      handle,
      indirectGrefs,
    };
  }
  const { nr_segments, handle, id, sector_number, seg } = req.u.rw;
  return {
    operation,
    opName,
    nrSegments: nr_segments,
    handle,
    id,
    sector: sector_number,
    segments: seg.map(({ gref, first_sect, last_sect }) => [gref, first_sect, last_sect]),
  };
}
