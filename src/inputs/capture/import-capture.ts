/** Turns a capture of a live guest into a scenario. */

import type { Scenario, StartSettings } from "../../core/scenario.js";
import { SECTOR_BYTES } from "../driver-limits.js";
import { problemOnLine, type Problem } from "../problem.js";
import { sayCount } from "../quantity.js";
import { StandInPages } from "./buffers.js";
import { readCaptureText, type CaptureText } from "./capture-text.js";
import { isMeant, requestsByDisk, type DiskRequests } from "./choose-disk.js";
import { followCompletions, type CapturedInterrupt, type Completions } from "./completions.js";
import { reportHeaderGaps, reportInterruptGaps, reportListGaps, Warnings } from "./gaps.js";
import { settingsOf, type Evidence } from "./guest-settings.js";
import { inventReferences, replayLists, type ReplayedLists } from "./replay-lists.js";
import {
  assembleRequests,
  bytesOf,
  isPutBack,
  sectorOf,
  type CapturedRequest,
} from "./requests.js";
import { orderSubmissions, ringIndexAtStart } from "./submission-order.js";
import { workloadOf } from "./workload.js";

export interface CaptureOptions {
  /** The disk to import: virtual device number, name (`xvdb`) or `major:minor`. Default: the busiest. */
  disk?: number | string;
}

/** What the live guest did with one request, to compare the model with. */
export interface CapturedRequestFacts {
  /** The request's id in the scenario. */
  id: number;
  /** Line of the capture, from 1. */
  line: number;
  /** Id of its shadow entry; null when nothing tells. */
  shadowId: number | null;
  /** References in the order of the grants; null where an event was missed. */
  grefs: (number | null)[];
  /** References of the indirect frames. */
  frames: (number | null)[];
}

export interface CaptureFacts {
  kernel: string | null;
  /** What was recorded, as the capture's header says. */
  recorded: string | null;
  disk: { vdev: number; name: string; device: string };
  otherDisks: { vdev: number; name: string; requests: number }[];
  /** False: the capture has the block layer's events only. */
  hasDriverEvents: boolean;
  /** Workloads by the marks in the trace, with the ids of their requests. */
  workloads: { name: string; line: number; requestIds: number[] }[];
  requests: CapturedRequestFacts[];
  /** How often the head of the driver's list could be predicted, and how often that was right. */
  listHead: { predicted: number; agreed: number };
  /** What was assumed where the capture is silent. */
  notes: string[];
}

export interface ImportedCapture {
  /** Null when there is nothing to import. */
  scenario: Scenario | null;
  problems: Problem[];
  facts: CaptureFacts | null;
}

const EXPECTED =
  "A capture made by xenblk-capture, or any ftrace text with block_rq_issue and block_rq_complete events, was expected.";

const DRIVER_EVENTS = new Set([
  "queue",
  "queue-return",
  "grant",
  "new-reference",
  "interrupt",
  "complete",
]);

function refuse(text: CaptureText): ImportedCapture {
  const { header, eventLines, lines } = text;
  const error = (line: number, message: string): ImportedCapture => ({
    scenario: null,
    problems: [...text.problems, problemOnLine("error", "capture.empty", line, message)],
    facts: null,
  });
  if (header.isCapture && !header.hasTrace) {
    return error(
      Math.max(lines, 1),
      'The capture ends within its header: the line "#== trace", after which the events begin, is missing. Record it again.',
    );
  }
  if (header.isCapture || header.hasTracer || eventLines > 0) {
    return error(
      Math.max(lines, 1),
      `The trace has ${eventLines === 0 ? "no events" : "events, but no request of a disk among them"}. ${EXPECTED}`,
    );
  }
  const what = lines === 0 ? "The file is empty." : "This is no capture of requests.";
  return {
    scenario: null,
    problems: [problemOnLine("error", "capture.unknown", 1, `${what} ${EXPECTED}`)],
    facts: null,
  };
}

function evidenceOf(
  requests: readonly CapturedRequest[],
  { interrupts, sweeps }: Completions,
): Evidence {
  let largestGref = 0;
  let indirect = false;
  let live = false;
  let end = 0;
  for (const request of requests) {
    for (const { event, newReferences } of request.grants) {
      indirect ||= event.op === 6;
      live ||= (event.live ?? 0) > 0;
      largestGref = Math.max(
        largestGref,
        ...newReferences,
        ...(event.next ?? []).map((n) => n ?? 0),
      );
    }
    const sector = sectorOf(request) ?? 0;
    end = Math.max(end, sector + (bytesOf(request) ?? 0) / SECTOR_BYTES);
  }
  const ends = interrupts.flatMap(({ ended }) => ended);
  for (const { gref } of [...ends, ...sweeps]) largestGref = Math.max(largestGref, gref);
  const entries = interrupts.find(({ event }) => event?.entries)?.event?.entries ?? null;
  const kept = ends.some(({ ended }) => !ended);
  return {
    ringEntries: entries,
    persistent: live || kept ? true : ends.length > 0 ? false : null,
    indirect,
    largestGref,
    end,
  };
}

/** The marks that a script wrote into the trace, with the requests between them. */
function workloadsOf(
  text: CaptureText,
  requests: readonly CapturedRequest[],
  ids: ReadonlyMap<CapturedRequest, number>,
): CaptureFacts["workloads"] {
  const workloads: { name: string; line: number; endLine: number }[] = [];
  for (const event of text.events) {
    if (event.kind !== "mark") continue;
    const [, word, name] = /^(start|end) (\S+)/.exec(event.text) ?? [];
    const open = workloads[workloads.length - 1];
    if (word === "start" && name) {
      workloads.push({ name, line: event.line, endLine: Infinity });
    } else if (word === "end" && open !== undefined && open.name === name) {
      open.endLine = event.line;
    }
  }
  return workloads.map(({ name, line, endLine }) => ({
    name,
    line,
    requestIds: requests
      .filter((request) => request.line > line && request.line < endLine)
      .map((request) => ids.get(request))
      .filter((id) => id !== undefined),
  }));
}

function titleOf(name: string, workloads: CaptureFacts["workloads"], count: number): string {
  const requests = sayCount(count, "request");
  if (workloads.length === 0) return `${name}: ${requests}`;
  return `${name}: ${workloads.map((workload) => workload.name).join(", ")} (${requests})`;
}

function reportUnfinished(
  warnings: Warnings,
  requests: readonly CapturedRequest[],
  completions: Completions,
  ids: ReadonlyMap<CapturedRequest, number>,
): void {
  if (completions.firstStranger !== null) {
    const text =
      "A request is answered here that was submitted before the capture began. Such requests are left out, and ids and references can differ from the guest's until they are all answered.";
    warnings.add("already-running", completions.firstStranger, text);
  }
  const answered = new Set(
    completions.interrupts.flatMap(({ answers }) => answers.map(({ request }) => request)),
  );
  const waiting = requests.filter(
    (request) => ids.has(request) && !answered.has(request) && (request.status ?? 0) === 0,
  );
  const [first] = waiting;
  if (first) {
    const text = `The capture ends before the answer to this request${waiting.length > 1 ? ` and ${waiting.length - 1} more` : ""}. In the scenario it stays outstanding.`;
    warnings.add("unanswered", first.line, text);
  }
}

function reportSurprises(
  warnings: Warnings,
  text: CaptureText,
  completions: Completions,
  persistent: boolean,
): void {
  const ended = completions.interrupts
    .flatMap((interrupt) => interrupt.ended)
    .find((grant) => grant.ended);
  if (persistent && ended) {
    const said =
      "The back end did not keep this grant mapped, although grants are persistent. The scenario's back end keeps all of them (backend.keepsMapped), so that references can differ from here on.";
    warnings.add("released-grant", ended.line, said);
  }
  const swept = completions.sweeps.find((grant) => grant.ended);
  if (swept) {
    const said =
      "The driver's sweep of unused grants gave this one back. The driver of 2015 has no sweep, so that references can differ from here on.";
    warnings.add("swept-grant", swept.line, said);
  }
  for (const event of text.events) {
    if (event.kind !== "state") continue;
    const said = `The back end changed to state ${event.state} here. A connection that is made anew is not imported; the requests are.`;
    warnings.add("back-end-state", event.line, said);
  }
}

function startOf(
  lists: ReplayedLists,
  ringIndex: number,
  ringEntries: number,
  ringPages: number,
  notes: string[],
): StartSettings {
  const { list, references, ids } = lists;
  const liveGrants = [...new Set(list.initial)];
  const known = new Set(liveGrants);
  const freeGrefs = references.initial.filter((gref) => !known.has(gref));
  const unseen = list.unseen ?? 0;
  if (unseen > 0) {
    const used = new Set([...liveGrants, ...freeGrefs]);
    for (const { grefs, frames } of lists.byRequest.values()) {
      for (const gref of [...grefs, ...frames]) if (gref !== null) used.add(gref);
    }
    liveGrants.push(...inventReferences(unseen, used, ringPages));
    notes.push(
      `${sayCount(unseen, "live grant")} of the start ${unseen === 1 ? "is" : "are"} never used in the capture; references that no event names stand in for them at the end of the list.`,
    );
  }
  return { ringIndex, freeIds: ids.initial(ringEntries), liveGrants, freeGrefs };
}

function reportOtherDisks(
  warnings: Warnings,
  chosen: DiskRequests,
  others: readonly DiskRequests[],
): void {
  for (const { disk, requests } of others) {
    const [first] = requests;
    if (!first) continue;
    const text = `The capture also has ${sayCount(requests.length, "request")} of ${disk.name} (from this line on); only those of ${chosen.disk.name} are imported. Choose another disk with the option "disk".`;
    warnings.add("other-disk", first.line, text);
  }
}

function ringsOf(interrupts: readonly CapturedInterrupt[]): number {
  return new Set(interrupts.map(({ event }) => event?.ring).filter((ring) => ring)).size;
}

function importDisk(
  text: CaptureText,
  chosen: DiskRequests,
  others: readonly DiskRequests[],
): ImportedCapture {
  const { header, events } = text;
  const { disk } = chosen;
  const warnings = new Warnings();
  const hasDriverEvents = events.some(({ kind }) => DRIVER_EVENTS.has(kind));
  reportHeaderGaps(warnings, header);
  reportOtherDisks(warnings, chosen, others);

  const requests = [...chosen.requests];
  const completions = followCompletions(events, requests, disk.vdev, disk.device);
  const { interrupts, sweeps } = completions;
  const ringIndex = ringIndexAtStart(requests, interrupts);
  orderSubmissions(requests, interrupts, ringIndex);
  const evidence = evidenceOf(requests, completions);
  const settings = settingsOf(header, disk, evidence);
  const { guest, backend, notes } = settings;
  const lists = replayLists(requests, interrupts, sweeps, backend.persistent);
  const { steps, ids } = workloadOf(requests, interrupts, {
    pageSize: guest.pageSize,
    hasDriverEvents,
    warnings,
    standIns: new StandInPages(guest.pageSize),
  });

  if (!chosen.isXen) {
    notes.push(
      `${disk.name} is no Xen disk; its requests are given to ${header.disk(disk.vdev).name}.`,
    );
  }
  let start: StartSettings | null = null;
  if (!hasDriverEvents) {
    const first = requests[0]?.line ?? 1;
    const said =
      "The capture has only the block layer's events, none of the driver's. The requests are imported; their buffers are not known, so page-aligned ones stand in for them, each answer gets an interrupt of its own, and the driver starts as newly connected.";
    warnings.add("no-driver-events", first, said);
  } else if (ringsOf(interrupts) > 1) {
    const said =
      "The disk has several rings here, one for each queue. The model has one: all requests go through it, and it starts as newly connected.";
    const line = interrupts.find(({ event }) => event !== null)?.line ?? 1;
    warnings.add("several-rings", line, said);
  } else {
    if (ringIndex === null) notes.push("No event shows the ring's indexes; they begin at 0.");
    const entries = evidence.ringEntries ?? Infinity;
    start = startOf(lists, ringIndex ?? 0, entries, guest.ringPages, notes);
    reportInterruptGaps(warnings, interrupts, lists);
    reportListGaps(warnings, lists);
    reportSurprises(warnings, text, completions, backend.persistent);
  }
  reportUnfinished(warnings, requests, completions, ids);

  const workloads = workloadsOf(text, requests, ids);
  const scenario: Scenario = {
    title: titleOf(disk.name, workloads, ids.size),
    guest,
    backend,
    disk: settings.disk,
    start,
    walk: null,
    workload: steps,
  };
  const facts: CaptureFacts = {
    kernel: header.about.get("kernel") ?? null,
    recorded: header.about.get("recorded") ?? null,
    disk: { vdev: disk.vdev, name: disk.name, device: disk.device },
    otherDisks: others.map((other) => ({
      vdev: other.disk.vdev,
      name: other.disk.name,
      requests: other.requests.length,
    })),
    hasDriverEvents,
    workloads,
    requests: [...ids].map(([request, id]) => ({
      id,
      line: request.line,
      shadowId: lists.ids.idOf(request),
      grefs: lists.byRequest.get(request)?.grefs ?? [],
      frames: lists.byRequest.get(request)?.frames ?? [],
    })),
    listHead: { predicted: lists.list.predicted, agreed: lists.list.agreed },
    notes,
  };
  const problems = [...text.problems, ...warnings.finish()].sort((a, b) => a.line - b.line);
  if (ids.size === 0) {
    const said = "No request of the capture is complete enough to be imported.";
    problems.push(problemOnLine("error", "capture.empty", text.lines, said));
    return { scenario: null, problems, facts };
  }
  return { scenario, problems, facts };
}

function importText(text: string, options: CaptureOptions): ImportedCapture {
  const capture = readCaptureText(text.replace(/^\uFEFF/, ""));
  const { header } = capture;
  if (header.version !== null && header.version !== "1") {
    const said = `The capture's format is version ${header.version}; version 1 is known. It is read as that.`;
    capture.problems.unshift(problemOnLine("warning", "capture.version", 1, said));
  }
  const requests = assembleRequests(capture.events).filter((request) => !isPutBack(request));
  const byDisk = requestsByDisk(requests, capture.events, header);
  const wanted = options.disk;
  const chosen =
    wanted === undefined ? byDisk[0] : byDisk.find((candidate) => isMeant(candidate, wanted));
  if (!chosen) {
    if (byDisk.length === 0) return refuse(capture);
    const names = byDisk
      .map(({ disk, requests: { length } }) => `${disk.name} (${sayCount(length, "request")})`)
      .join(", ");
    const said = `The capture has no request of the disk ${String(wanted)}. It has: ${names}.`;
    const problem = problemOnLine("error", "capture.no-such-disk", 1, said);
    return { scenario: null, problems: [...capture.problems, problem], facts: null };
  }
  const others = byDisk.filter((other) => other !== chosen);
  return importDisk(capture, chosen, others);
}

/**
 * Imports the text of a capture (`trace.txt` of xenblk-capture, or ftrace text with block events). It
 * never throws. Warnings name the line of the capture; there is an error only when nothing at all can
 * be imported.
 */
export function importCapture(text: string, options: CaptureOptions = {}): ImportedCapture {
  try {
    return importText(text, options);
  } catch (error) {
    const said = `The capture cannot be read: ${String(error)}. ${EXPECTED}`;
    const problem = problemOnLine("error", "capture.unreadable", 1, said);
    return { scenario: null, problems: [problem], facts: null };
  }
}
