/** Recordings for the tests of the panel, and short ways to its states. */
import { FIRST_WINDOWS, PanelModel } from "../../../src/panel/panel-model.js";
import type { RecordingView } from "../../../src/panel/recording.js";
import type { Scene } from "../../../src/panel/scene.js";
import type { Choices, PanelState, Sentence } from "../../../src/panel/messages.js";
import { record } from "../../../src/replay/record.js";
import type { Scenario } from "../../../src/core/scenario.js";

export type Recording = ReturnType<typeof record>;

const made = new Map<Scenario, { recording: Recording; model: PanelModel }>();

/** The recording of a scenario and the panel's model of it, made once. */
export function modelOf(scenario: Scenario): { recording: Recording; model: PanelModel } {
  let known = made.get(scenario);
  if (known === undefined) {
    const recording = record(scenario);
    known = { recording, model: new PanelModel(recording as RecordingView) };
    made.set(scenario, known);
  }
  return known;
}

export interface At {
  readonly choices?: Partial<Choices>;
  readonly previous?: PanelState | null;
  readonly windows?: Partial<Scene["windows"]>;
}

export function sceneAt(scenario: Scenario, step: number, at: At = {}): Scene {
  return modelOf(scenario).model.scene(step, {
    choices: { request: null, bytes: "auto", ...at.choices },
    previous: at.previous ?? null,
    windows: { ...FIRST_WINDOWS, ...at.windows },
  });
}

export function stateAt(scenario: Scenario, step: number, at: At = {}): PanelState {
  return modelOf(scenario).model.state(sceneAt(scenario, step, at));
}

/** The step of the n-th event of a kind that is accepted, n from 0. */
export function stepOf(
  scenario: Scenario,
  kind: string,
  accept: (event: Record<string, unknown>) => boolean = () => true,
  n = 0,
): number {
  const { tracepoints } = modelOf(scenario).recording;
  for (let place = 0, found = 0; place < tracepoints.length; place++) {
    const { step, event } = tracepoints.at(place);
    if (event.kind !== kind || !accept(event as unknown as Record<string, unknown>)) continue;
    if (found++ === n) return step;
  }
  throw new Error(`no ${kind}`);
}

/** The step of the n-th statement from `from` on that stands in a function and fits. */
export function stepAt(scenario: Scenario, name: string, text: RegExp, from = 0): number {
  const { recording } = modelOf(scenario);
  for (let step = from; step < recording.length; step++) {
    const statement = recording.statementAt(step);
    if (statement.function.name === name && text.test(statement.text)) return step;
  }
  throw new Error(`no ${name}: ${String(text)}`);
}

/** A sentence as it is read. */
export function read(sentence: Sentence): string {
  return sentence.parts
    .map((part) => {
      switch (part.kind) {
        case "gref":
          return `gref ${part.gref}`;
        case "grant":
          return `grant ${part.index}`;
        case "slot":
          return `slot ${part.slot}`;
        default:
          return part.text;
      }
    })
    .join("");
}
