/** Which request, and which of its grants, a step belongs to. */
import type { blk_shadow } from "../core/blkfront/patch-v2/blkfront-info.js";
import type { blkif_request } from "../core/xen/blkif.js";
import type { FrameView, MomentView } from "./recording.js";
import { countUpTo, type RequestIndex, trackOf } from "./request-index.js";
import { requestKey, type RequestTrack } from "./request-track.js";

function looksLikeRequest(value: unknown): value is { nr: number; part: number } {
  return (
    typeof value === "object" &&
    value !== null &&
    "nr" in value &&
    "part" in value &&
    "settings" in value
  );
}

function holderOf(index: RequestIndex, moment: MomentView, id: unknown): RequestTrack | undefined {
  if (typeof id !== "number") return undefined;
  const held = moment.machine.info.shadow[id]?.request;
  return held ? trackOf(index, requestKey(held), moment.step) : undefined;
}

/** The shadow id that a `struct blkif_request` carries; the back end knows a request by it. */
function idIn(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("u" in value)) return undefined;
  return (value as blkif_request).u.rw.id;
}

/** The request that a frame's variables name. */
function requestOfFrame(
  index: RequestIndex,
  moment: MomentView,
  frame: FrameView,
): RequestTrack | undefined {
  const req = frame.variables.get("req");
  if (looksLikeRequest(req)) {
    const named = trackOf(index, requestKey(req), moment.step);
    if (named !== undefined) return named;
  }
  const carried = holderOf(index, moment, idIn(req));
  if (carried !== undefined) return carried;
  const setup = frame.variables.get("setup") ?? frame.variables.get("data");
  if (typeof setup === "object" && setup !== null && "id" in setup) {
    const named = holderOf(index, moment, setup.id);
    if (named !== undefined) return named;
  }
  const shadow = frame.variables.get("s") ?? frame.variables.get("shadow");
  if (typeof shadow === "object" && shadow !== null) {
    const named = holderOf(index, moment, moment.machine.info.shadow.indexOf(shadow as blk_shadow));
    if (named !== undefined) return named;
  }
  return holderOf(index, moment, frame.variables.get("id"));
}

/**
 * The request of a moment: the one that the innermost frames name, else the last one that something
 * happened to. So it stays the same between two requests, whichever way the cursor came.
 */
export function requestAt(index: RequestIndex, moment: MomentView): RequestTrack | null {
  for (const frame of moment.stack) {
    const named = requestOfFrame(index, moment, frame);
    if (named !== undefined) return named;
  }
  const touched = countUpTo(index.touchSteps, moment.step);
  // Before anything has happened it is the first one that waits, and none while the driver connects.
  if (touched === 0 && moment.machine.requests.length === 0) return null;
  const ordinal = index.touchTracks[Math.max(0, touched - 1)];
  return ordinal === undefined ? null : (index.tracks[ordinal] ?? null);
}

/** In these frames a step works towards the next thing that will happen to a grant. */
const TOWARDS = /^(blkif_completion|blkif_copy_from_grant|dispatch_rw_block_io)$/;
/** In these a variable names the reference that the back end is about. */
const OF_REFERENCE = /^(xen_blkbk_(un)?map|(un)?map_grant|keeps|segment_sectors)$/;

function grefIn(frame: FrameView): number | undefined {
  const seg = frame.variables.get("seg") as { gref?: unknown } | undefined;
  const gref = seg?.gref ?? frame.variables.get("gref");
  return typeof gref === "number" ? gref : undefined;
}

function indexIn(value: unknown): number | null {
  if (typeof value !== "object" || value === null || !("grant_idx" in value)) return null;
  return typeof value.grant_idx === "number" ? value.grant_idx : null;
}

/** The grant of the request that the step works on, or null. */
export function grantAt(track: RequestTrack, moment: MomentView): number | null {
  for (const frame of moment.stack) {
    const { name } = frame.statement.function;
    if (name !== "blkif_setup_rw_req_grant" && name !== "blkif_copy_from_grant") continue;
    const local = frame.variables.get("grant_idx");
    const grant =
      typeof local === "number"
        ? local
        : (indexIn(frame.variables.get("setup")) ?? indexIn(frame.variables.get("data")));
    if (grant !== null) return grant < track.grants ? grant : null;
  }
  const { name } = moment.statement.function;
  const inner = moment.stack[0];
  if (inner !== undefined && (OF_REFERENCE.test(name) || inner.variables.has("seg"))) {
    const gref = grefIn(inner);
    if (gref !== undefined && moment.thread === "backend") {
      const grant = track.grefs.indexOf(gref);
      return grant < 0 ? null : grant;
    }
  }
  const done = countUpTo(track.touchSteps, moment.step);
  const towards = TOWARDS.test(name);
  // Right after something has happened to a grant, the step still belongs to that grant.
  const justNow = track.touchSteps[done - 1] === moment.step;
  const at = towards && !justNow && done < track.touchGrants.length ? done : done - 1;
  const grant = track.touchGrants[at] ?? -1;
  return grant < 0 || (moment.thread === "backend" && !towards) ? null : grant;
}
