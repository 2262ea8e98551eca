/** The shadow entry of the shown request: `grants_used` row by row, and `indirect_grants`. */
import type { blk_shadow } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { requestKey, type RequestTrack, spanOf } from "../request-track.js";
import { clampWindow, type ListWindow, type Scene } from "../scene.js";
import {
  GrantState,
  type IndirectGrant,
  type ShadowEntry,
  type ShadowRow,
  type Window,
} from "../state.js";
import { grantStateAt } from "./request.js";

function rowOf(scene: Scene, track: RequestTrack, shadow: blk_shadow, grant: number): ShadowRow {
  const { step, machine } = scene;
  const perPage = machine.kernel.PAGE_SIZE / 4096;
  const { gfn, offset, length } = spanOf(track, grant, perPage);
  const row: ShadowRow = {
    index: grant,
    state: grantStateAt(track, grant, step),
    fresh: false,
    gref: 0,
    page: 0,
    gfn: 0,
    offset,
    length,
    firstSector: offset >>> 9,
    lastSector: ((offset + length) >>> 9) - 1,
    changed: false,
  };
  if (row.state === GrantState.waiting) return row;
  row.fresh = track.fresh[grant] === 1;
  row.gref = track.grefs[grant] ?? 0;
  // The entry's own page is granted when grants persist, else the caller's frame.
  row.page = machine.info.feature_persistent
    ? (shadow.grants_used[grant]?.page ?? 0)
    : Math.floor(gfn / perPage);
  row.gfn = machine.info.feature_persistent ? row.page * perPage : gfn;
  return row;
}

/** Rows `wanted.from` and on of the shown request's `grants_used`. */
export function shadowRows(scene: Scene, wanted: ListWindow): Window<ShadowRow> {
  const { track } = scene;
  const shadow = track === null ? undefined : scene.machine.info.shadow[track.id];
  if (track === null || shadow === undefined) return { total: 0, from: 0, items: [] };
  const { from, count } = clampWindow(wanted, track.grants);
  const items: ShadowRow[] = [];
  for (let grant = from; grant < from + count; grant++)
    items.push(rowOf(scene, track, shadow, grant));
  return { total: track.grants, from, items };
}

function markRows(rows: Window<ShadowRow>, before: Window<ShadowRow>): void {
  for (const row of rows.items) {
    const old = before.items[row.index - before.from];
    row.changed = old !== undefined && (old.gref !== row.gref || old.state !== row.state);
  }
}

function indirectGrants(scene: Scene, track: RequestTrack, shadow: blk_shadow): IndirectGrant[] {
  return track.frames
    .filter(({ step }) => step <= scene.step)
    .map(({ n, gref }) => ({
      n,
      gref,
      page: shadow.indirect_grants[n]?.page ?? 0,
      changed:
        scene.previous !== null && scene.previous.position.step < (track.frames[n]?.step ?? 0),
    }));
}

/** The shadow entry; null before the request has one. */
export function shadowEntry(scene: Scene): ShadowEntry | null {
  const { track, step, grant } = scene;
  if (track === null || track.idTaken < 0 || track.idTaken > step) return null;
  const shadow = scene.machine.info.shadow[track.id];
  if (shadow === undefined) return null;
  const { from, count } = scene.windows.shadow;
  // The current row has to be among the rows that are sent, wherever the list was scrolled to.
  const around = grant !== null && (grant < from || grant >= from + count);
  const rows = shadowRows(
    scene,
    around ? { from: Math.max(0, grant - (count >> 2)), count } : { from, count },
  );
  const before = scene.previous?.shadow;
  if (before?.id === track.id && scene.previous?.request?.key === track.key)
    markRows(rows, before.rows);
  let grantsUsed = 0;
  for (let i = 0; i < track.grants; i++) {
    if (grantStateAt(track, i, step) !== GrantState.waiting) grantsUsed++;
  }
  return {
    id: track.id,
    numSg: shadow.num_sg,
    grantsUsed,
    inUse: shadow.request !== null && requestKey(shadow.request) === track.key,
    indirect: indirectGrants(scene, track, shadow),
    rows,
    current: grant,
  };
}
