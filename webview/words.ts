/** What states are called. */
import { GrantState, LanePhase, SlotState } from "../src/panel/messages.js";

const GRANT_STATES: Record<GrantState, string> = {
  [GrantState.waiting]: "not yet",
  [GrantState.taken]: "taken",
  [GrantState.copied]: "copied",
  [GrantState.written]: "written",
  [GrantState.moved]: "moved",
  [GrantState.copiedBack]: "copied back",
  [GrantState.returned]: "returned",
};

export function grantStateName(state: number): string {
  return GRANT_STATES[state as GrantState] ?? String(state);
}

const SLOT_STATES: Record<SlotState, string> = {
  [SlotState.free]: "free",
  [SlotState.private]: "written, not pushed",
  [SlotState.request]: "with the back end",
  [SlotState.response]: "answered, not taken",
};

export function slotStateName(state: number): string {
  return SLOT_STATES[state as SlotState] ?? String(state);
}

const PHASES: Record<LanePhase, string> = {
  [LanePhase.queued]: "queued",
  [LanePhase.grants]: "grants",
  [LanePhase.pushed]: "pushed",
  [LanePhase.backend]: "back end",
  [LanePhase.answered]: "answered",
  [LanePhase.copyBack]: "completion",
};

export function phaseName(phase: number): string {
  return PHASES[phase as LanePhase] ?? String(phase);
}

const STATUS = new Map([
  [0, "OKAY"],
  [-1, "ERROR"],
  [-2, "EOPNOTSUPP"],
]);

export function statusName(status: number): string {
  return STATUS.get(status) ?? String(status);
}
