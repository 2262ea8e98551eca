/**
 * Says where a capture lacks events. A kprobe that fires while another one is being handled is
 * missed, and a full buffer drops events: the driver did nothing wrong, and the rest of the capture is
 * good.
 */

import { problemOnLine, type Problem } from "../problem.js";
import { sayCount } from "../quantity.js";
import { unfoundAnswers, type CapturedInterrupt } from "./completions.js";
import type { CaptureHeader } from "./header.js";
import type { ReplayedLists } from "./replay-lists.js";
import type { CapturedRequest } from "./requests.js";

const MOST_OF_A_KIND = 5;
const NOT_THE_DRIVER = "Events of the capture are missing here; the driver did nothing wrong.";

/** Warnings of one code, of which only the first few are shown. */
export class Warnings {
  readonly problems: Problem[] = [];
  private readonly counts = new Map<string, number>();

  add(code: string, line: number, message: string): void {
    const count = (this.counts.get(code) ?? 0) + 1;
    this.counts.set(code, count);
    if (count <= MOST_OF_A_KIND) {
      this.problems.push(problemOnLine("warning", `capture.${code}`, line, message));
    }
  }

  finish(): Problem[] {
    for (const [code, count] of this.counts) {
      const last = this.problems.filter((problem) => problem.code === `capture.${code}`).pop();
      if (last && count > MOST_OF_A_KIND) {
        last.message += ` (The same is true of ${count - MOST_OF_A_KIND} more places.)`;
      }
    }
    return this.problems.sort((a, b) => a.line - b.line);
  }
}

/** What the header itself says is missing. */
export function reportHeaderGaps(warnings: Warnings, header: CaptureHeader): void {
  const [first] = header.missed;
  if (first) {
    const list = header.missed.map(({ event, count }) => `${count} of ${event}`).join(", ");
    const text = `The kernel missed probe events while it recorded: ${list}. What they would have shown is taken from the block layer's events where that is possible.`;
    warnings.add("missed-probes", first.line, text);
  }
  for (const { count, line } of header.lost) {
    const text = `${sayCount(count, "event")} did not fit into the trace buffer and ${count === 1 ? "is" : "are"} missing: record with a larger one (-b).`;
    warnings.add("lost-events", line, text);
  }
}

/** Interrupts that lack their own event, answers or the driver's events. */
export function reportInterruptGaps(
  warnings: Warnings,
  interrupts: readonly CapturedInterrupt[],
  lists: ReplayedLists,
): void {
  const hasEvents = interrupts.some(({ event }) => event !== null);
  const hasComplete = interrupts.some(({ completeEvents }) => completeEvents > 0);
  const hasEnds = interrupts.some(({ ended }) => ended.length > 0);
  const repairs = new Map(lists.repairs.map((repair) => [repair.line, repair]));
  interrupts.forEach((interrupt, i) => {
    const { event, line, answers, answersInside, completeEvents } = interrupt;
    if (event === null) {
      if (hasEvents) {
        const text = `Requests are answered here, but the interrupt's own event (irq) is missing. ${NOT_THE_DRIVER} The ${sayCount(answers.length, "answer")} became an interrupt of their own.`;
        warnings.add("gap-interrupt", line, text);
      }
      return;
    }
    const inferred = answers.filter((answer) => answer.inferred);
    const unfound = unfoundAnswers(interrupts, i);
    if (inferred.length + unfound > 0) {
      const lines = inferred.map(({ request }) => request.line).join(", ");
      const found =
        lines === "" ? "" : ` They are taken for those to the oldest requests, from line ${lines}.`;
      const text = `The ring index of the next interrupt shows that this one took ${sayCount(interrupt.taken ?? 0, "response")}, but of ${inferred.length + unfound} there is no event.${found} ${NOT_THE_DRIVER}`;
      warnings.add("gap-answers", line, text);
    }
    const lacking: string[] = [];
    if (hasComplete && completeEvents < answersInside) {
      lacking.push(`${answersInside - completeEvents} of ${answersInside} complete events`);
    }
    const repair = hasEnds ? repairs.get(line) : undefined;
    if (repair) {
      lacking.push(`${repair.expected - repair.seen} of ${repair.expected} end_gref events`);
    }
    if (lacking.length > 0) {
      const text = `The interrupt lacks ${lacking.join(" and ")}. ${NOT_THE_DRIVER} block_rq_complete shows what was answered, and that is used.`;
      warnings.add("gap-interrupt", line, text);
    }
  });
}

/** Requests that lack the driver's events. */
export function reportRequestGaps(
  warnings: Warnings,
  request: CapturedRequest,
  what: string,
  buffer: { missingGrants: number; standInBytes: number },
): void {
  if (request.queued === null) {
    const text = `The queue_rq event of this request (${what}) is missing. ${NOT_THE_DRIVER} Its other events are used.`;
    warnings.add("gap-request", request.line, text);
  }
  const { missingGrants, standInBytes } = buffer;
  if (missingGrants > 0 || standInBytes > 0) {
    const found =
      standInBytes > 0
        ? `${standInBytes} bytes of its buffer are not known: pages that stand in for them were put there, aligned to the page.`
        : "The frames on both sides show where its buffer lies.";
    const text = `${sayCount(missingGrants, "grant event")} of this request (${what}) ${missingGrants === 1 ? "is" : "are"} missing. ${found} ${NOT_THE_DRIVER}`;
    warnings.add("gap-grants", request.line, text);
  }
}

/** Where the driver's lists are not what the events make them. */
export function reportListGaps(warnings: Warnings, lists: ReplayedLists): void {
  const { mismatch } = lists.list;
  if (mismatch) {
    const text = `${mismatch.message}: events before this line are missing. From here on the model's references can differ from the guest's.`;
    warnings.add("gap-list", mismatch.line, text);
  }
  if (lists.ids.mismatch !== null) {
    const text =
      "The id of this request is not the one that the answers before it leave at the head of the free ids: an answer is missing. From here on the model's ids can differ from the guest's.";
    warnings.add("gap-ids", lists.ids.mismatch, text);
  }
  for (const line of lists.unseenReferences) {
    const text = `The new_gref event of this grant is missing; its reference is the first one that the driver had reserved (head). ${NOT_THE_DRIVER}`;
    warnings.add("gap-references", line, text);
  }
  if (lists.references.disturbed !== null) {
    const text =
      "This reference is not the one that was ended last: another driver of the guest uses the grant table too. From here on the model's new references can differ from the guest's.";
    warnings.add("other-references", lists.references.disturbed, text);
  }
}
