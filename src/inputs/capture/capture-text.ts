/** Splits a capture into its header and its events, and says which lines cannot be used. */

import { problemOnLine, type Problem } from "../problem.js";
import { CaptureHeader } from "./header.js";
import { parseTraceEvent, type TraceEvent } from "./trace-event.js";

export interface CaptureText {
  header: CaptureHeader;
  events: TraceEvent[];
  /** Lines that are events of any kind. */
  eventLines: number;
  /** Lines of the file. */
  lines: number;
  problems: Problem[];
}

/** Problems of one kind are said one by one only so many times. */
const MOST_LINES_NAMED = 5;

/** Reports up to a few lines one by one, and the rest as a number. */
class LineReports {
  private count = 0;
  private last: Problem | undefined;

  constructor(
    private readonly problems: Problem[],
    private readonly code: string,
  ) {}

  add(line: number, message: string, length: number): void {
    this.count++;
    if (this.count <= MOST_LINES_NAMED) {
      this.last = problemOnLine("warning", this.code, line, message, length);
      this.problems.push(this.last);
    }
  }

  finish(): void {
    const more = this.count - MOST_LINES_NAMED;
    if (more > 0 && this.last) this.last.message += ` So do ${more} more lines after it.`;
  }
}

/* CPU:0 [LOST 123 EVENTS] */
const LOST = /^CPU:\d+ \[LOST (\d+ )?EVENTS\]/;

/** Reads the text of a capture. It does not throw, whatever the text is. */
export function readCaptureText(text: string): CaptureText {
  const header = new CaptureHeader();
  const events: TraceEvent[] = [];
  const problems: Problem[] = [];
  const damaged = new LineReports(problems, "capture.damaged-line");
  const unknown = new LineReports(problems, "capture.unknown-line");
  let eventLines = 0;
  let line = 0;
  for (let from = 0; from < text.length;) {
    const feed = text.indexOf("\n", from);
    const to = feed < 0 ? text.length : feed;
    const end = to > from && text.charCodeAt(to - 1) === 13 ? to - 1 : to;
    const content = text.slice(from, end);
    from = to + 1;
    line++;
    if (content.charCodeAt(0) === 35) {
      header.read(content, line);
      continue;
    }
    if (feed < 0) {
      // A number at the very end may have lost digits, so that nothing of the line can be trusted.
      const what =
        "The capture ends in the middle of this line. The line is left out; everything before it is used.";
      problems.push(problemOnLine("warning", "capture.cut-off", line, what, content.length));
      break;
    }
    if (content.trim() === "") continue;
    const event = parseTraceEvent(content, line);
    if (event === null) {
      if (LOST.test(content)) {
        const what = `The trace buffer overflowed before this line: ${content.trim()}. What happened meanwhile is missing.`;
        problems.push(problemOnLine("warning", "capture.lost-events", line, what, content.length));
      } else {
        const what = "This line is no ftrace event, and is left out.";
        unknown.add(line, what, content.length);
      }
      continue;
    }
    eventLines++;
    if (event.kind === "damaged") {
      const what = `The event ${event.event} lacks a field or has one that cannot be read. It is left out.`;
      damaged.add(line, what, content.length);
    } else if (event.kind !== "other") {
      events.push(event);
    }
  }
  damaged.finish();
  unknown.finish();
  return { header, events, eventLines, lines: line, problems };
}
