/** What became of each request, as a table for people. */
import type { Machine } from "../core/machine.js";
import { NO_SECTOR, blk_rq_pos, type request } from "../core/linux/request.js";
import type { TraceEvent } from "../core/tracepoints.js";
import { BLKIF_OP_INDIRECT, blkif_op_text } from "../core/xen/blkif.js";
import { HowEnded } from "./how-ended.js";

/** The last time that a request was on the ring. */
interface Row {
  id: number;
  slot: number;
  operation: string;
  grants: number;
  fresh: number;
  copied: number;
  kept: number;
}

/** How the driver ended a request: how often, and whether a resume took its bios first. */
interface End {
  times: number;
  aside: boolean;
}

/** Listens to a run and tells its result. */
export class RunSummary {
  private readonly rows = new Map<request, Row>();
  private readonly byId = new Map<number, Row>();
  private readonly ends = new Map<request, End>();
  /** The scenario's numbers of what was merged into a request, where that is more than one. */
  private readonly merged = new Map<request, string>();
  private readonly messages: string[] = [];
  private readonly backendMessages: string[] = [];
  private readonly howEnded = new HowEnded();
  private several: ReadonlySet<number> | null = null;

  constructor(private readonly machine: Machine) {}

  /** Takes one event. */
  listen(event: TraceEvent): void {
    this.howEnded.listen(event);
    switch (event.kind) {
      case "request_start": {
        const nrs = new Set(event.req.bio.map(({ nr }) => nr));
        if (nrs.size > 1) this.merged.set(event.req, [...nrs].join("+"));
        return;
      }
      case "request_id": {
        const row = { id: event.id, slot: event.slot, operation: "", grants: 0, fresh: 0 };
        const whole = { ...row, copied: 0, kept: 0 };
        this.rows.set(event.req, whole);
        this.byId.set(event.id, whole);
        return;
      }
      case "grant_taken": {
        const row = this.byId.get(event.id);
        if (row === undefined) return;
        row.grants++;
        if (event.fresh) row.fresh++;
        return;
      }
      case "bytes_copied": {
        const row = this.byId.get(event.id);
        if (row !== undefined) row.copied += event.len;
        return;
      }
      case "grant_released": {
        const row = this.byId.get(event.id);
        if (row !== undefined && event.to === "head") row.kept++;
        return;
      }
      case "request_queued": {
        const row = this.rows.get(event.req);
        if (row !== undefined) row.operation = this.operation(event.id);
        return;
      }
      case "request_end": {
        const times = (this.ends.get(event.req)?.times ?? 0) + 1;
        this.ends.set(event.req, { times, aside: event.why === "recover" });
        return;
      }
      case "backend_message":
        this.backendMessages.push(event.text);
        return;
      case "message":
        this.messages.push(`${event.level}: ${event.text}`);
        return;
      default:
        return;
    }
  }

  private operation(id: number): string {
    const req = this.machine.info.shadow[id]?.req;
    if (req === undefined) return "";
    if (req.operation !== BLKIF_OP_INDIRECT) return blkif_op_text(req.operation);
    return `INDIRECT ${blkif_op_text(req.u.indirect.indirect_op)}`;
  }

  private cells(req: request): string[] {
    const row = this.rows.get(req);
    const sector = blk_rq_pos(req);
    return [
      this.name(req),
      operationOf(req),
      sector === NO_SECTOR ? "" : String(sector),
      String(req.__data_len),
      row?.operation ?? "",
      row === undefined ? "" : String(row.id),
      row === undefined ? "" : String(row.slot),
      row === undefined ? "" : `${row.grants} (${row.fresh} new)`,
      row === undefined ? "" : String(row.copied),
      row === undefined ? "" : String(row.kept),
      this.end(req),
    ];
  }

  /** By its number, and with its part where several requests were made of one. */
  private name(req: request): string {
    const merged = this.merged.get(req);
    if (merged !== undefined) return merged;
    this.several ??= severalOf(this.machine.requests);
    return this.several.has(req.nr) ? `${req.nr}.${req.part}` : String(req.nr);
  }

  private end(req: request): string {
    const end = this.ends.get(req);
    // Its bios went on in another request.
    if (end?.aside === true) return "set aside";
    const result =
      req.state === "ended" ? (req.error === 0 ? "ok" : `error ${req.error}`) : req.state;
    return end !== undefined && end.times > 1 ? `${result}, ${end.times} times` : result;
  }

  /** The table, what both ends said, and how what was asked for ended. */
  text(): string {
    const head = [
      "request",
      "op",
      "sector",
      "bytes",
      "on the ring",
      "id",
      "slot",
      "grants",
      "copied",
      "kept",
      "end",
    ];
    const lines = [head, ...this.machine.requests.map((req) => this.cells(req))];
    const widths = head.map((_, column) =>
      Math.max(...lines.map((line) => line[column]?.length ?? 0)),
    );
    const table = lines.map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
    const kernel = section("The kernel said:", this.messages);
    const backend = section("The back end said:", this.backendMessages);
    const ended = this.howEnded.lines(this.machine);
    const last = ended.length === 0 ? [] : ["", ...ended];
    return `${[...table, ...kernel, ...backend, ...last].join("\n")}\n`;
  }
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

/** What a request does; a step of another one's flush sequence flushes. */
function operationOf({ serves, settings }: request): string {
  return serves === null ? settings.op : "flush";
}

/** The numbers of which there are several requests. */
function severalOf(requests: readonly request[]): Set<number> {
  const met = new Set<number>();
  const several = new Set<number>();
  for (const { nr } of requests) {
    if (met.has(nr)) several.add(nr);
    met.add(nr);
  }
  return several;
}
