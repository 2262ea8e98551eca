/** The other end of the panel: typed messages, and what survives a reload of the window. */
import {
  type HostMessage,
  PROTOCOL_VERSION,
  type SavedView,
  type WebviewMessage,
} from "../src/panel/messages.js";

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** What is kept over a reload: the host's part, and where the page was scrolled. */
export interface Kept extends SavedView {
  scroll: number;
}

function isKept(value: unknown): value is Kept {
  return (
    typeof value === "object" &&
    value !== null &&
    "version" in value &&
    value.version === PROTOCOL_VERSION &&
    "choices" in value
  );
}

export class Host {
  private readonly api = acquireVsCodeApi();

  post(message: WebviewMessage): void {
    this.api.postMessage(message);
  }

  /** Listens to the host; only messages of this protocol arrive. */
  listen(listener: (message: HostMessage) => void): void {
    window.addEventListener("message", (event: MessageEvent<unknown>) => {
      const { data } = event;
      if (typeof data === "object" && data !== null && "type" in data)
        listener(data as HostMessage);
    });
  }

  kept(): Kept | null {
    const state = this.api.getState();
    return isKept(state) ? state : null;
  }

  keep(kept: Kept): void {
    this.api.setState(kept);
  }
}
