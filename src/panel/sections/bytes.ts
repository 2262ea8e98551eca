/** Where the segments lie as bytes: an indirect frame, or the request's ring slot. */
import { mem_read } from "../../core/linux/memory.js";
import {
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
  blkif_op_text,
  SEGMENT_SIZE,
} from "../../core/xen/blkif.js";
import { RING_GET_REQUEST } from "../../core/xen/ring.js";
import { hex } from "../format.js";
import { GrantColumn, grantStep, type FrameTrack, type RequestTrack } from "../request-track.js";
import type { Scene } from "../scene.js";
import type { BytesChoice, BytesField, BytesView } from "../state.js";

const PER_FRAME = 4096 / SEGMENT_SIZE;

/** Byte ranges that differ, as [from, to, from, to, …]. */
export function changedRanges(before: Uint8Array, after: Uint8Array): number[] {
  const ranges: number[] = [];
  const length = Math.min(before.length, after.length);
  for (let i = 0; i < length; i++) {
    if (before[i] === after[i]) continue;
    const from = i;
    while (i < length && before[i] !== after[i]) i++;
    ranges.push(from, i);
  }
  return ranges;
}

/** How many of the grants `first` to `first + capacity - 1` have their segment written. */
function segmentsWritten(
  scene: Scene,
  track: RequestTrack,
  first: number,
  capacity: number,
): number {
  const end = Math.min(track.grants, first + capacity);
  let written = 0;
  for (let grant = first; grant < end; grant++) {
    const at = grantStep(track, grant, GrantColumn.written);
    if (at >= 0 && at <= scene.step) written++;
  }
  return written;
}

function frameView(scene: Scene, track: RequestTrack, frame: FrameTrack): BytesView {
  const firstGrant = frame.n * PER_FRAME;
  const within = scene.grant !== null && Math.floor(scene.grant / PER_FRAME) === frame.n;
  return {
    kind: "frame",
    index: frame.n,
    gref: frame.gref,
    address: frame.address,
    bytes: mem_read(scene.machine.kernel.mem, frame.address, 4096),
    fields: [],
    segmentsAt: 0,
    capacity: PER_FRAME,
    written: segmentsWritten(scene, track, firstGrant, PER_FRAME),
    firstGrant,
    current: within && scene.grant !== null ? scene.grant - firstGrant : null,
    changed: [],
    choices: [],
  };
}

function fieldsOf(
  scene: Scene,
  slot: number,
): { fields: BytesField[]; segmentsAt: number; capacity: number } {
  const { layout, ring } = scene.machine.info;
  const request = RING_GET_REQUEST(ring, layout, slot);
  const { operation } = request;
  const { rw, indirect, discard } = request.u;
  const idLength = 8;
  const head: BytesField[] = [
    { name: "operation", offset: 0, length: 1, value: blkif_op_text(operation) },
  ];
  const tail: BytesField[] = [
    { name: "id", offset: layout.id, length: idLength, value: String(rw.id) },
    {
      name: "sector_number",
      offset: layout.sector_number,
      length: 8,
      value: rw.sector_number.toLocaleString("en-US"),
    },
  ];
  if (operation === BLKIF_OP_DISCARD) {
    head.push({
      name: "flag",
      offset: 1,
      length: 1,
      value: discard.flag === 1 ? "secure" : String(discard.flag),
    });
    tail.push({
      name: "nr_sectors",
      offset: layout.discard_nr_sectors,
      length: 8,
      value: discard.nr_sectors.toLocaleString("en-US"),
    });
    return { fields: [...head, ...tail], segmentsAt: layout.entry, capacity: 0 };
  }
  if (operation === BLKIF_OP_INDIRECT) {
    head.push(
      { name: "indirect_op", offset: 1, length: 1, value: blkif_op_text(indirect.indirect_op) },
      { name: "nr_segments", offset: 2, length: 2, value: String(indirect.nr_segments) },
    );
    tail.push({
      name: "handle",
      offset: layout.indirect_handle,
      length: 2,
      value: hex(indirect.handle),
    });
    const frames = Math.ceil(indirect.nr_segments / PER_FRAME);
    indirect.indirect_grefs.slice(0, Math.max(1, Math.min(frames, 8))).forEach((gref, n) => {
      tail.push({
        name: `indirect_grefs[${n}]`,
        offset: layout.indirect_grefs + n * 4,
        length: 4,
        value: `gref ${gref}`,
      });
    });
    return { fields: [...head, ...tail], segmentsAt: layout.entry, capacity: 0 };
  }
  head.push(
    { name: "nr_segments", offset: 1, length: 1, value: String(rw.nr_segments) },
    { name: "handle", offset: 2, length: 2, value: hex(rw.handle) },
  );
  return {
    fields: [...head, ...tail],
    segmentsAt: layout.seg,
    capacity: BLKIF_MAX_SEGMENTS_PER_REQUEST,
  };
}

function slotView(scene: Scene, track: RequestTrack): BytesView | null {
  const { layout, ring, kernel } = scene.machine.info;
  // The ring that the request was on can be gone, and another one smaller.
  if (ring.sring === null || track.slot >= ring.nr_ents) return null;
  const { addr } = RING_GET_REQUEST(ring, layout, track.slot);
  const decoded = fieldsOf(scene, track.slot);
  const direct = decoded.capacity > 0 && track.frames.length === 0;
  return {
    kind: "slot",
    index: track.slot,
    gref: 0,
    address: addr,
    bytes: mem_read(kernel.mem, addr, layout.entry),
    ...decoded,
    written: direct ? segmentsWritten(scene, track, 0, decoded.capacity) : 0,
    firstGrant: 0,
    current: direct ? scene.grant : null,
    changed: [],
    choices: [],
  };
}

function choicesOf(
  track: RequestTrack,
  frames: readonly FrameTrack[],
  shown: BytesView,
): BytesChoice[] {
  const choices = frames.map(({ n }) => ({
    id: String(n),
    label: `Frame ${n}`,
    selected: shown.kind === "frame" && shown.index === n,
  }));
  choices.push({ id: "slot", label: `Ring slot ${track.slot}`, selected: shown.kind === "slot" });
  return choices;
}

/** The bytes to show: the chosen ones, else those that the current grant's segment goes to. */
export function bytesView(scene: Scene): BytesView | null {
  const { track, step, choices, grant } = scene;
  if (track === null || track.idTaken < 0 || track.idTaken > step) return null;
  const frames = track.frames.filter((frame) => frame.step <= step);
  const wanted =
    choices.bytes === "auto"
      ? (frames[grant === null ? frames.length - 1 : Math.floor(grant / PER_FRAME)] ??
        frames.at(-1))
      : frames.find(({ n }) => String(n) === choices.bytes);
  const view = wanted === undefined ? slotView(scene, track) : frameView(scene, track, wanted);
  if (view === null) return null;
  view.choices = choicesOf(track, frames, view);
  const before = scene.previous?.bytes;
  if (before?.address === view.address && before.kind === view.kind) {
    view.changed = changedRanges(before.bytes, view.bytes);
  }
  return view;
}
