/** A recording as the panel shows it: any step becomes a `PanelState`. */
import { mem_read } from "../core/linux/memory.js";
import { grantAt, requestAt } from "./focus.js";
import { size } from "./format.js";
import type { MomentView, RecordingView } from "./recording.js";
import { countUpTo, indexRequests, type RequestIndex, trackOf } from "./request-index.js";
import { GrantColumn, grantStep, type RequestTrack, roleName } from "./request-track.js";
import type { ListWindow, Scene } from "./scene.js";
import { bytesView } from "./sections/bytes.js";
import { changesSince } from "./sections/changes.js";
import { copyView, type CurrentCopy, currentCopy, whyNoCopy } from "./sections/copy.js";
import { freeGrants } from "./sections/free-grants.js";
import { operationOf, progressOf, summarize } from "./sections/request.js";
import { ringView } from "./sections/ring.js";
import { shadowEntry } from "./sections/shadow.js";
import { sentenceOf } from "./sentence/sentence.js";
import type { Choices, PanelState, Position, RequestOption, Timeline } from "./state.js";
import { timelineOf } from "./timeline.js";

/** Requests that the selector offers on each side of the shown one. */
const OPTIONS_AROUND = 40;
/** Copies of which the earlier bytes are kept. */
const KEPT_COPIES = 64;

export interface View {
  readonly choices: Choices;
  /** What the last stop showed, or null. */
  readonly previous: PanelState | null;
  readonly windows: Scene["windows"];
}

/** The windows of the long lists before anything was scrolled. */
export const FIRST_WINDOWS: Scene["windows"] = {
  shadow: { from: 0, count: 256 },
  free: { from: 0, count: 256 },
};

export class PanelModel {
  readonly index: RequestIndex;
  /** One track of each request. */
  private readonly requests: readonly RequestTrack[];
  /** What the targets of copies held before them, by the step of the copy. */
  private readonly earlier = new Map<number, Uint8Array>();

  constructor(private readonly recording: RecordingView) {
    this.index = indexRequests(recording);
    this.requests = this.index.tracks.filter(({ from }) => from === 0);
  }

  /** The lanes of the whole recording. */
  timeline(): Timeline {
    return timelineOf(this.recording, this.index);
  }

  /** The scene of a step: the moment, and which request and grant it is about. */
  scene(step: number, view: View): Scene {
    const moment = this.recording.momentAt(step);
    const own = requestAt(this.index, moment);
    const pinned =
      view.choices.request === null ? undefined : trackOf(this.index, view.choices.request, step);
    const track = pinned ?? own;
    return {
      recording: this.recording,
      index: this.index,
      moment,
      machine: moment.machine,
      step,
      track,
      own,
      grant: track === null ? null : grantOf(track, own, moment),
      ...view,
    };
  }

  /**
   * Everything that the panel shows of a step. What a copy's target held before is in it when it is at
   * hand; `lookBehind` fetches it otherwise.
   */
  state(scene: Scene): PanelState {
    const copy = currentCopy(scene);
    const shown: Omit<PanelState, "changes"> = {
      position: positionOf(scene),
      sentence: sentenceOf(scene),
      request: summarize(scene),
      progress: progressOf(scene),
      shadow: shadowEntry(scene),
      bytes: bytesView(scene),
      ring: ringView(scene),
      free: freeGrants(scene),
      copy: copyView(scene, copy, (copy && this.earlier.get(copy.at)) ?? null),
      noCopy: whyNoCopy(scene),
      options: this.options(scene.track),
      requests: this.index.byKey.size,
    };
    return { ...shown, changes: changesSince(scene.previous, shown) };
  }

  /**
   * Looks up what the target of the scene's copy held before it: another travel, and so not part of `state`.
   * @returns the copy with it, or null when there is nothing to look up
   */
  lookBehind(scene: Scene): PanelState["copy"] {
    const copy = currentCopy(scene);
    if (copy === null || copy.at > scene.step || this.earlier.has(copy.at)) return null;
    const before = this.beforeCopy(copy);
    if (this.earlier.size >= KEPT_COPIES) {
      const oldest = this.earlier.keys().next();
      if (oldest.done !== true) this.earlier.delete(oldest.value);
    }
    this.earlier.set(copy.at, before);
    return copyView(scene, copy, before);
  }

  private beforeCopy({ event, at }: CurrentCopy): Uint8Array {
    // The copy lies a statement or two before the first step that shows it, and nothing near it writes there.
    const { machine } = this.recording.momentAt(Math.max(0, at - 3));
    return mem_read(machine.kernel.mem, event.dst, event.len);
  }

  private options(shown: RequestTrack | null): RequestOption[] {
    const middle = shown === null ? 0 : this.requests.findIndex(({ key }) => key === shown.key);
    return this.requests
      .slice(Math.max(0, middle - OPTIONS_AROUND), middle + OPTIONS_AROUND + 1)
      .map((track) => ({ key: track.key, label: labelOf(track) }));
  }

  /** The step at which a grant of a request was set up, or null. */
  stepOfGrant(track: RequestTrack, grant: number): number | null {
    const at = grantStep(track, grant, GrantColumn.taken);
    return at < 0 ? null : Math.min(at, this.recording.length - 1);
  }

  /** The last step up to `step`, else the first after it, that gave a reference to a grant; or null. */
  stepOfGref(gref: number, step: number): number | null {
    let before = -1;
    let after = -1;
    for (const track of this.index.tracks) {
      if (track.firstGrant < 0 || (after >= 0 && track.firstGrant > after)) continue;
      const grant = track.grefs.indexOf(gref);
      const frame = track.frames.find((known) => known.gref === gref);
      const at = frame?.step ?? (grant < 0 ? null : this.stepOfGrant(track, grant));
      if (at === null) continue;
      if (at <= step) before = Math.max(before, at);
      else if (after < 0) after = at;
    }
    return before >= 0 ? before : after >= 0 ? after : null;
  }

  /** The step that took a ring slot, the last one up to `step`, else the first after it; or null. */
  stepOfSlot(slot: number, step: number): number | null {
    const steps = this.index.tracks
      .filter((track) => track.slot === slot && track.idTaken >= 0)
      .map(({ idTaken }) => idTaken);
    const upTo = countUpTo(steps, step);
    return steps[Math.max(0, upTo - 1)] ?? null;
  }
}

/** Where and when a request is, in the selector. */
function labelOf({ req, role }: RequestTrack): string {
  const name = role.anew ? `${roleName(role)}, anew` : roleName(role);
  const op = operationOf(req);
  if (req.__data_len === 0) return `${name} · ${op}`;
  const sector = req.__sector.toLocaleString("en-US");
  return `${name} · ${op} · sector ${sector} · ${size(req.__data_len)}`;
}

/** A pinned request has no grant in hand while the step belongs to another. */
function grantOf(track: RequestTrack, own: RequestTrack | null, moment: MomentView): number | null {
  return track === own ? grantAt(track, moment) : null;
}

function positionOf(scene: Scene): Position {
  const { moment, recording, step, track, grant } = scene;
  const { file } = moment.statement.function;
  return {
    step,
    length: recording.length,
    thread: moment.thread,
    grant,
    grants: track?.grants ?? 0,
    file: file.slice(file.lastIndexOf("/") + 1),
    line: moment.statement.line,
  };
}

export type { ListWindow };
