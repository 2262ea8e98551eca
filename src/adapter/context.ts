/** What the handlers of a session's requests work with. */
import type { BreakpointTable } from "./breakpoints/table.js";
import type { Client } from "./client.js";
import type { AdapterHost } from "./host.js";
import type { Sources } from "./sources.js";
import type { Stop } from "./stop.js";
import type { VariableStore } from "./variable-store.js";
import type { Walk } from "./walk.js";
import type { Wire } from "./wire.js";

export interface Context {
  readonly host: AdapterHost;
  readonly wire: Wire;
  readonly client: Client;
  readonly sources: Sources;
  readonly breakpoints: BreakpointTable;
  readonly variables: VariableStore;
  /** Whether there is a recording to walk in. */
  readonly isWalking: boolean;
  /** @throws Failure while there is no recording */
  readonly walk: Walk;
  /** Where the cursor stands. @throws Failure while there is no recording */
  readonly stop: Stop;
}
