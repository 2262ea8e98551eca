/**
 * Statements that only tell an observer what has been done: the movements by grant, request and interrupt
 * stop at them, so they sum up what they tell.
 */
import type { RecordedEvent } from "../recording.js";
import type { Scene } from "../scene.js";
import type { TextPart } from "../state.js";
import { amount, errno, hex, statusText } from "../format.js";
import { blkif_op_text } from "../../core/xen/blkif.js";
import { rq_data_dir } from "../../core/linux/request.js";
import { code, grantNo, gref, say, slotNo } from "./words.js";

/** The tracepoint that a statement of nothing else sends at this step, or null. */
export function toldAt(scene: Scene): RecordedEvent | null {
  const { text } = scene.moment.statement;
  const kind = /^[\w.]+\.trace\?\.\(\{ ?kind: "(\w+)"/.exec(text)?.[1];
  if (kind === undefined) return null;
  const { events } = scene.index;
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events.at(middle).step < scene.step) low = middle + 1;
    else high = middle;
  }
  for (let place = low; place < events.length; place++) {
    const { step, event } = events.at(place);
    if (step !== scene.step) break;
    if (event.kind === kind) return event;
  }
  return null;
}

function taken(scene: Scene, event: Extract<RecordedEvent, { kind: "grant_taken" }>): TextPart[] {
  const { info } = scene.machine;
  const who = say`${grantNo(event.grant_idx)} has taken ${gref(event.gref)}`;
  const write = scene.own !== null && rq_data_dir(scene.own.req) === 1;
  const then = !info.feature_persistent
    ? say` Nothing is copied: the caller’s own frame ${hex(event.gfn)} is what is granted.`
    : write
      ? say` The caller’s ${amount(event.len, "byte")} are copied into its page next, because grants persist and this is a write.`
      : say` Its page will be read back into the caller’s at the completion.`;
  return event.fresh
    ? say`${who}, a new reference: no live grant was left at the head of the free list.${then}`
    : say`${who}, the first of the free list. Its page was granted for an earlier request, so nothing was granted anew: ${code("persistent_gnts_c")} fell to ${info.persistent_gnts_c}.${then}`;
}

/** What the tracepoint says, in words; null for one that speaks for itself. */
export function tellingOf(scene: Scene, event: RecordedEvent): TextPart[] | null {
  switch (event.kind) {
    case "grant_taken":
      return taken(scene, event);
    case "indirect_frame":
      return say`Indirect frame ${event.n} is ${gref(event.gref)}, ${event.fresh ? "newly granted" : "granted for an earlier request"}; its 512 slots lie at ${hex(event.addr)}.`;
    case "bytes_copied":
      return event.way === "in"
        ? say`${amount(event.len, "byte")} of ${grantNo(event.grant_idx)} have been copied into the granted page, where the back end can read them.`
        : say`${amount(event.len, "byte")} of ${grantNo(event.grant_idx)} have been copied back to the caller.`;
    case "segment_written":
      return say`The segment of ${grantNo(event.grant_idx)} is written: ${gref(event.gref)}, sectors ${event.first_sect} to ${event.last_sect}, in ${event.frame < 0 ? say`the ring slot’s ${code(`seg[${event.slot}]`)}` : say`indirect frame ${event.frame}, slot ${event.slot}`}.`;
    case "request_id":
      return say`The request has shadow id ${event.id} and ring ${slotNo(event.slot)}. Of ${amount(event.max_grefs, "grant")} in the worst case, ${amount(event.reserved, "reference")} are reserved.`;
    case "request_queued":
      return say`The request lies complete in ring ${slotNo(event.slot)}; the back end does not see it before ${code("req_prod")} moves.`;
    case "request_busy":
      return say`The request cannot be queued: ${event.requested} references were asked for, and the grant table has ${scene.machine.kernel.gnttab.gnttab_free_count}.`;
    case "requests_pushed":
      return say`${code("req_prod")} is ${event.req_prod}: the back end sees the requests, and ${event.notify ? "is woken" : "needs no waking"}.`;
    case "interrupt":
      return say`The interrupt handler begins: the back end has raised an event.`;
    case "response_taken":
      return say`The response in ring ${slotNo(event.slot)} answers shadow id ${event.id}: ${blkif_op_text(event.operation)}, ${statusText(event.status)}.`;
    case "grant_released":
      return event.to === "head"
        ? say`${gref(event.gref)} is back at the head of the free list, still granted; ${code("persistent_gnts_c")} is ${scene.machine.info.persistent_gnts_c}.`
        : say`${gref(event.gref)} has ended, and its entry is at the tail of the free list.`;
    case "id_recycled":
      return say`Shadow id ${event.id} is free again, the first to be taken.`;
    case "request_end":
      return say`The request has ended with ${event.error === 0 ? "success" : errno(event.error)}.`;
    case "backend_map":
      return event.already
        ? say`The back end had ${gref(event.gref)} mapped already.`
        : say`The back end has mapped ${gref(event.gref)}.`;
    case "backend_unmap":
      return say`The back end has unmapped ${gref(event.gref)}.`;
    case "backend_io":
      return event.write
        ? say`${amount(event.len, "byte")} have gone from the page of ${gref(event.gref)} to the disk at sector ${event.sector}.`
        : say`${amount(event.len, "byte")} have gone from the disk at sector ${event.sector} into the page of ${gref(event.gref)}.`;
    case "backend_response":
      return say`The answer to shadow id ${event.id}, ${blkif_op_text(event.operation)} ${statusText(event.status)}, is in ring ${slotNo(event.slot)}.`;
    default:
      return null;
  }
}
