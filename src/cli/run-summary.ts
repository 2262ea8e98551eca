/** What became of each request, as a table for people. */
import type { Machine } from "../core/machine.js";
import { REQ_WRITE, REQ_DISCARD, blk_rq_pos, type request } from "../core/linux/request.js";
import type { TraceEvent } from "../core/tracepoints.js";
import { BLKIF_OP_INDIRECT, blkif_op_text } from "../core/xen/blkif.js";

interface Row {
  id: number;
  slot: number;
  operation: string;
  grants: number;
  fresh: number;
  copied: number;
  kept: number;
  error: number | null;
}

/** Listens to a run and tells its result. */
export class RunSummary {
  private readonly rows = new Map<request, Row>();
  private readonly byId = new Map<number, Row>();
  private readonly messages: string[] = [];

  constructor(private readonly machine: Machine) {}

  /** Takes one event. */
  listen(event: TraceEvent): void {
    switch (event.kind) {
      case "request_id": {
        const row = { id: event.id, slot: event.slot, operation: "", grants: 0, fresh: 0 };
        const whole = { ...row, copied: 0, kept: 0, error: null };
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
        const row = this.rows.get(event.req);
        if (row !== undefined) row.error = event.error;
        return;
      }
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
    const name = req.parts > 1 ? `${req.nr}.${req.part}` : String(req.nr);
    const op =
      req.cmd_flags & REQ_DISCARD ? "discard" : req.cmd_flags & REQ_WRITE ? "write" : "read";
    const result =
      req.state === "ended" ? (req.error === 0 ? "ok" : `error ${req.error}`) : req.state;
    return [
      name,
      op,
      String(blk_rq_pos(req)),
      String(req.__data_len),
      row?.operation ?? "",
      row === undefined ? "" : String(row.id),
      row === undefined ? "" : String(row.slot),
      row === undefined ? "" : `${row.grants} (${row.fresh} new)`,
      row === undefined ? "" : String(row.copied),
      row === undefined ? "" : String(row.kept),
      result,
    ];
  }

  /** The table, the kernel's messages and the totals. */
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
    const said = this.messages.map((message) => `  ${message}`);
    const kernel = said.length === 0 ? [] : ["", "The kernel said:", ...said];
    return `${[...table, ...kernel].join("\n")}\n`;
  }
}
