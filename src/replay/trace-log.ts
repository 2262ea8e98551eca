import type { TraceEvent } from "stepped:core/tracepoints";
import type { request } from "stepped:core/linux/request";
import { GrowingNumbers } from "./growing-numbers.js";
import { type Ascending, firstAbove, lastBelow } from "./sorted.js";

/** A tracepoint as it is kept: for a request its place among the requests of the machine, from 0. */
export type RecordedEvent = Recorded<TraceEvent>;
type Recorded<E> = E extends { req: request } ? Omit<E, "req"> & { req: number } : E;

export type EventKind = TraceEvent["kind"];

/** A kept tracepoint and where it lies in time. */
export interface LoggedEvent<K extends EventKind = EventKind> {
  /** Its place among all tracepoints, from 0. */
  readonly index: number;
  /** The first step at which what it tells of is true; the length of the recording after its last step. */
  readonly step: number;
  readonly event: Extract<RecordedEvent, { kind: K }>;
}

type Field = string | number | boolean | request;

/** The events of one kind, a column for each field. */
interface KindTable {
  readonly number: number;
  readonly kind: EventKind;
  readonly fields: { readonly name: string; readonly column: Column }[];
  readonly steps: GrowingNumbers;
  /** For each event of the kind its place among all. */
  readonly indexes: GrowingNumbers;
}

/**
 * All tracepoints of a recording in order of time. There can be millions, so they are kept as numbers in
 * columns and made into objects when they are asked for.
 */
export class TraceLog {
  private readonly tables: KindTable[] = [];
  private readonly byKind = new Map<EventKind, KindTable>();
  /** For each event its table and its row there. */
  private readonly tableOf = new GrowingNumbers();
  private readonly rowOf = new GrowingNumbers();
  private readonly steps = new GrowingNumbers();
  /** For each step of the workload, the connection first, the index of its first event. */
  private readonly workload = new GrowingNumbers();
  private readonly strings: string[] = [];
  private readonly stringNumbers = new Map<string, number>();

  /** @param requestNumber the place of a request among those of the machine */
  constructor(private readonly requestNumber: (req: request) => number) {}

  get length(): number {
    return this.steps.length;
  }

  /**
   * What is appended from now on belongs to this step of the workload.
   * @param step from 0, -1 for the connection; not less than that of the events before
   */
  beginWorkloadStep(step: number): void {
    while (this.workload.length <= step + 1) this.workload.push(this.length);
  }

  /** Appends an event; `step` is not less than that of the event before. */
  append(step: number, event: TraceEvent): void {
    let table = this.byKind.get(event.kind);
    if (table === undefined) table = this.addTable(event);
    this.tableOf.push(table.number);
    this.rowOf.push(table.steps.length);
    table.indexes.push(this.steps.length);
    this.steps.push(step);
    table.steps.push(step);
    const values = event as unknown as Record<string, Field>;
    for (const { name, column } of table.fields) column.push(this.encode(values[name] as Field));
  }

  /** The event at an index from 0 to length - 1. */
  at(index: number): LoggedEvent {
    const table = this.tables[this.tableOf.at(index)] as KindTable;
    return this.decode(table, this.rowOf.at(index));
  }

  /** How many events of a kind there are. */
  count(kind: EventKind): number {
    return this.byKind.get(kind)?.steps.length ?? 0;
  }

  /** The n-th event of a kind, n from 0 to count - 1. */
  nth<K extends EventKind>(kind: K, n: number): LoggedEvent<K> {
    return this.decode(this.byKind.get(kind) as KindTable, n) as unknown as LoggedEvent<K>;
  }

  /** The steps of all events of a kind, ascending; a step can stand there more than once. */
  stepsOf(kind: EventKind): Ascending {
    return this.byKind.get(kind)?.steps.view() ?? [];
  }

  /** The n-th event of a kind, from 1, in a step of the workload, -1 being the connection; null without one. */
  inWorkloadStep(step: number, kind: string, n: number): LoggedEvent | null {
    const table = this.byKind.get(kind as EventKind);
    if (table === undefined || step + 1 >= this.workload.length) return null;
    const from = this.workload.at(step + 1);
    const to = step + 2 < this.workload.length ? this.workload.at(step + 2) : this.length;
    const indexes = table.indexes.view();
    const row = firstAbove(indexes, from - 1) + n - 1;
    return (indexes[row] ?? to) < to ? this.decode(table, row) : null;
  }

  /** The index of the first event that is true from a step on; the length where there is none. */
  firstIndexFrom(step: number): number {
    return firstAbove(this.steps.view(), step - 1);
  }

  /** The events which the statement of a step sent, in order. */
  duringStep(step: number): LoggedEvent[] {
    return this.between(step, step + 1);
  }

  /** The events of the steps from `from` up to, not including, `to`, in order. */
  between(from: number, to: number): LoggedEvent[] {
    const steps = this.steps.view();
    const end = lastBelow(steps, to);
    const found: LoggedEvent[] = [];
    for (let index = lastBelow(steps, from) + 1; index <= end; index++) found.push(this.at(index));
    return found;
  }

  /** The last event of a kind that was sent before the statement of a step ran, or null. */
  lastBefore<K extends EventKind>(kind: K, step: number): LoggedEvent<K> | null {
    const n = lastBelow(this.stepsOf(kind), step);
    return n < 0 ? null : this.nth(kind, n);
  }

  /** The first event of a kind that the statement of a step or of a later one sends, or null. */
  firstFrom<K extends EventKind>(kind: K, step: number): LoggedEvent<K> | null {
    const n = firstAbove(this.stepsOf(kind), step - 1);
    return n === this.count(kind) ? null : this.nth(kind, n);
  }

  private addTable(event: TraceEvent): KindTable {
    const fields = Object.entries(event)
      .filter(([name]) => name !== "kind")
      .map(([name, value]) => ({ name, column: new Column(typeof value) }));
    const table: KindTable = {
      number: this.tables.length,
      kind: event.kind,
      fields,
      steps: new GrowingNumbers(),
      indexes: new GrowingNumbers(),
    };
    this.byKind.set(event.kind, table);
    this.tables.push(table);
    return table;
  }

  private encode(value: Field): number {
    if (typeof value === "number") return value;
    if (typeof value === "boolean") return value ? 1 : 0;
    if (typeof value === "object") return this.requestNumber(value);
    let number = this.stringNumbers.get(value);
    if (number === undefined) {
      number = this.strings.push(value) - 1;
      this.stringNumbers.set(value, number);
    }
    return number;
  }

  private decode(table: KindTable, row: number): LoggedEvent {
    const event: Record<string, unknown> = { kind: table.kind };
    for (const { name, column } of table.fields) {
      const value = column.at(row);
      if (column.type === "boolean") event[name] = value !== 0;
      else if (column.type === "string") event[name] = this.strings[value];
      else event[name] = value;
    }
    return {
      index: table.indexes.at(row),
      step: table.steps.at(row),
      event: event as unknown as RecordedEvent,
    };
  }
}

class Column extends GrowingNumbers {
  constructor(readonly type: string) {
    super();
  }
}
