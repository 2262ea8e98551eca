/** One stop of the walk: the frames of its moment, and what each of them sees. */
import type { Frame, Moment } from "../replay/moment.js";
import type { Recording } from "../replay/recording.js";
import type { Names } from "./expression/evaluate.js";
import { look } from "./expression/look.js";
import { Failure, FailureId } from "./failure.js";
import { type InHand, inHand } from "./in-hand.js";
import type { World } from "./present/world.js";
import { worldOf } from "./present/stop.js";
import { SCOPES, type ScopeName, type Sight, namesOf, scopeRoot } from "./scope-roots.js";
import { threadId } from "./threads.js";
import type { Placed } from "./variable-store.js";

/** Frame numbers of a thread begin here, the outermost first: a frame keeps its number while it runs. */
const FRAMES_OF_THREAD = 1000;

export class Stop {
  readonly moment: Moment;
  private readonly world: World;
  private found: InHand | null = null;

  constructor(
    private readonly recording: Recording,
    step: number,
  ) {
    this.moment = recording.momentAt(step);
    this.world = worldOf(this.moment.machine);
  }

  /** The frame's number for the protocol; `index` counts from the innermost. */
  frameId(index: number): number {
    const { thread, stack } = this.moment;
    return threadId(thread) * FRAMES_OF_THREAD + (stack.length - index);
  }

  /** What a frame sees; the innermost without a number, or where the number is that of an idle thread. */
  sight(frameId?: number): Sight {
    const { stack } = this.moment;
    const frame = frameId === undefined ? (stack[0] ?? null) : this.frame(frameId);
    const { world } = this;
    return { world, frame, inHand: () => this.inHand() };
  }

  /** The names that an expression can use in a frame. */
  names(frameId?: number): Names {
    return namesOf(this.sight(frameId));
  }

  /** The key of a scope, by which the variable store knows it. Only the locals belong to a frame. */
  scopeKey(frameId: number, scope: ScopeName): string {
    if (scope !== "Locals") return `scope ${scope}`;
    return `scope ${scope} ${frameId} ${this.frame(frameId)?.statement.function.name ?? "idle"}`;
  }

  /** The key of an expression's value; its suffixes are part of the expression. */
  expressionKey(frameId: number | undefined, expression: string): string {
    return `value ${frameId ?? ""} ${expression}`;
  }

  /** What a key stands for at this stop. */
  root(key: string): Placed | undefined {
    const value = /^value (\d*) (.*)$/s.exec(key);
    if (value !== null) return this.value(value[1] as string, value[2] as string);
    const scope = SCOPES.find(
      (name) => key === `scope ${name}` || key.startsWith(`scope ${name} `),
    );
    if (scope === undefined) return undefined;
    const frameId = /^scope Locals (\d+) /.exec(key)?.[1];
    if (frameId === undefined) return scopeRoot(this.sight(), scope);
    if (this.scopeKey(Number(frameId), scope) !== key) return undefined;
    return scopeRoot(this.sight(Number(frameId)), scope);
  }

  /** Most expressions do not ask for it, and it takes a search. */
  private inHand(): InHand {
    this.found ??= inHand(this.moment, this.recording.tracepoints);
    return this.found;
  }

  private value(frameId: string, expression: string): Placed | undefined {
    try {
      return look(expression, this.names(frameId === "" ? undefined : Number(frameId)));
    } catch {
      // The expression means nothing here: what was unfolded is gone.
      return undefined;
    }
  }

  private frame(frameId: number): Frame | null {
    const { thread, stack } = this.moment;
    const known = Math.floor(frameId / FRAMES_OF_THREAD);
    if (known < 1 || known > 3) {
      throw new Failure(FailureId.stale, `There is no stack frame ${frameId}.`);
    }
    if (known !== threadId(thread)) return null;
    return stack[stack.length - (frameId % FRAMES_OF_THREAD)] ?? null;
  }
}
