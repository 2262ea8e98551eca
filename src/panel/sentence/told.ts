/** What has happened just before a step: the movements by grant, request and interrupt stop there. */
import { rq_data_dir } from "../../core/linux/request.js";
import { amount, errno, hex } from "../format.js";
import type { RecordedEvent } from "../recording.js";
import { eventsAt, trackOf } from "../request-index.js";
import { requestKey, roleName } from "../request-track.js";
import type { Scene } from "../scene.js";
import { operationOf } from "../sections/request.js";
import type { TextPart } from "../state.js";
import { code, grantNo, gref, say } from "./words.js";

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

function started(scene: Scene, req: number): TextPart[] {
  const made = scene.machine.requests[req];
  if (made === undefined) return say`A request has left the queue.`;
  const { settings, __sector, __data_len } = made;
  const where = __data_len
    ? ` of ${amount(__data_len, "byte")} at sector ${__sector.toLocaleString("en-US")}`
    : "";
  const { role } = trackOf(scene.index, requestKey(made), scene.step) ?? {};
  const name = role === undefined ? String(settings.id) : roleName(role);
  return say`Request ${name}, a ${operationOf(made)}${where}, has left the queue.`;
}

export interface Told {
  readonly parts: TextPart[];
  readonly tone: "plain" | "warning";
  /** Whether it says what the statement will do, too. */
  readonly whole: boolean;
}

function tellingOf(scene: Scene, event: RecordedEvent): Told | null {
  const plain = (parts: TextPart[]): Told => ({ parts, tone: "plain", whole: false });
  switch (event.kind) {
    case "grant_taken":
      return { parts: taken(scene, event), tone: "plain", whole: true };
    case "request_start":
      return plain(started(scene, event.req));
    case "grant_released": {
      const who = event.indirect
        ? say`Indirect frame ${event.grant_idx}`
        : grantNo(event.grant_idx);
      const { persistent_gnts_c } = scene.machine.info;
      const parts =
        event.to === "head"
          ? say`${who} has given back ${gref(event.gref)}, which the back end still maps: it is at the head of the free list, and ${code("persistent_gnts_c")} is ${persistent_gnts_c}.`
          : say`${who} has given back ${gref(event.gref)}, which the back end does not map: the reference has ended, and its entry is at the tail of the free list.`;
      return { parts, tone: "plain", whole: true };
    }
    case "request_end":
      return event.why === "complete"
        ? plain(
            say`The request has ended with ${event.error === 0 ? "success" : errno(event.error)}.`,
          )
        : null;
    case "request_busy":
      return {
        parts: say`The request cannot be queued: ${amount(event.requested, "reference")} were asked for, and the grant table has ${scene.machine.kernel.gnttab.gnttab_free_count}.`,
        tone: "warning",
        whole: false,
      };
    case "call_failed":
      return {
        parts: say`${code(event.call)} has failed, as the scenario asks.`,
        tone: "warning",
        whole: false,
      };
    case "interrupt":
      return plain(say`The back end has raised an event, and the interrupt handler begins.`);
    case "message":
      return {
        parts: say`The kernel has printed: ${code(event.text)}.`,
        tone: event.level === "info" || event.level === "debug" ? "plain" : "warning",
        whole: false,
      };
    default:
      return null;
  }
}

/** What has happened just before the step, in words; null when the statement itself says enough. */
export function toldAt(scene: Scene): Told | null {
  for (const event of eventsAt(scene.index.events, scene.step).reverse()) {
    const told = tellingOf(scene, event);
    if (told !== null) return told;
  }
  return null;
}
