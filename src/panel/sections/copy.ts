/** The bytes that move between the caller's page and a granted page: both ends, and what was there before. */
import { mem_read } from "../../core/linux/memory.js";
import { rq_data_dir } from "../../core/linux/request.js";
import { changedRanges } from "./bytes.js";
import type { RecordedEventOf } from "../recording.js";
import { GrantColumn, grantEvent, grantStep } from "../request-track.js";
import type { Scene } from "../scene.js";
import type { CopyEnd, CopyView } from "../state.js";

/** Bytes that are shown of each end. */
const SHOWN = 64;

type CopyEvent = RecordedEventOf<"bytes_copied">;

export interface CurrentCopy {
  readonly event: CopyEvent;
  /** The first step at which the bytes are there. */
  readonly at: number;
}

/** The copy that the current grant has, had or will have; null for none. */
export function currentCopy(scene: Scene): CurrentCopy | null {
  const { track, grant, index, step } = scene;
  if (track === null || grant === null) return null;
  const back = grantEvent(track, grant, GrantColumn.copiedBack);
  // A read's copy belongs to its completion, and is not announced while its grants are set up.
  const completing = back >= 0 && track.taken >= 0 && step >= track.taken;
  const column = completing ? GrantColumn.copiedBack : GrantColumn.copied;
  const place = grantEvent(track, grant, column);
  if (place < 0) return null;
  const { event } = index.events.at(place);
  return event.kind === "bytes_copied" ? { event, at: grantStep(track, grant, column) } : null;
}

/** Why nothing is copied for the current grant. */
export function whyNoCopy(scene: Scene): string {
  const { track, grant, machine, step } = scene;
  if (track === null) return "No request has reached the driver yet.";
  if (track.grants === 0) return "This request carries no data.";
  if (!machine.info.feature_persistent) {
    return "Grants do not persist: the caller's own pages are granted, and nothing is copied.";
  }
  const reads = rq_data_dir(track.req) === 0;
  if (reads && (track.taken < 0 || step < track.taken)) {
    return "A read: its bytes are copied back when the response is taken.";
  }
  return grant === null
    ? "No grant is in hand at this step."
    : "This response copies nothing back: only a read does.";
}

function endAt(scene: Scene, address: number, gref: number | null): CopyEnd {
  const { PAGE_SIZE } = scene.machine.kernel;
  return { address, page: Math.floor(address / PAGE_SIZE), offset: address % PAGE_SIZE, gref };
}

/**
 * The copy of the current grant.
 * @param before all the bytes that the target held before the copy, where they are known
 */
export function copyView(
  scene: Scene,
  copy: CurrentCopy | null,
  before: Uint8Array | null,
): CopyView | null {
  if (copy === null) return null;
  const { event, at } = copy;
  const { mem } = scene.machine.kernel;
  const gref = scene.track?.grefs[event.grant_idx] ?? null;
  const intoGrant = event.way === "in";
  const source = mem_read(mem, event.src, event.len);
  const target = mem_read(mem, event.dst, event.len);
  const done = at <= scene.step;
  const old = done ? before : target;
  const ranges = old === null ? [] : changedRanges(old, done ? target : source);
  // The window begins with the line of the first byte that the copy changes.
  const from = Math.max(0, Math.min((ranges[0] ?? 0) & ~15, Math.max(0, event.len - SHOWN)));
  const part = (bytes: Uint8Array): Uint8Array => bytes.slice(from, from + SHOWN);
  let changes = 0;
  for (let i = 0; i < ranges.length; i += 2) changes += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0);
  return {
    way: event.way,
    grant: event.grant_idx,
    length: event.len,
    source: endAt(scene, event.src, intoGrant ? null : gref),
    target: endAt(scene, event.dst, intoGrant ? gref : null),
    state: done ? "done" : at === scene.step + 1 ? "next" : "to come",
    at,
    from,
    sourceBytes: part(source),
    targetBytes: part(target),
    before: old === null ? null : part(old),
    changes: old === null ? null : changes,
  };
}
