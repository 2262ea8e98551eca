/** The debug adapter on a pair of streams, for editors other than VS Code. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { AdapterHost } from "../../adapter/host.js";
import { DebugAdapterSession } from "../../adapter/session.js";
import { MessageReader, framed } from "./framing.js";
import { nodeHost } from "./node-host.js";

/**
 * Serves one session.
 * @param begun is given the session before its first message
 * @returns a promise of the end of the session: the client has disconnected, or has gone. The input flows on, so
 *   that whoever owns it sees its end
 * @throws FramingError (the promise) where what comes in is not the protocol; the session has ended then too
 */
export function serve(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  host: AdapterHost = nodeHost(),
  begun?: (session: DebugAdapterSession) => void,
): Promise<void> {
  const session = new DebugAdapterSession(host);
  begun?.(session);
  const reader = new MessageReader();
  return new Promise((resolve, reject) => {
    const take = (bytes: Buffer): void => {
      try {
        for (const message of reader.read(bytes)) session.handleMessage(message);
      } catch (error) {
        reject(error);
        end();
      }
    };
    const end = (): void => {
      input.off("data", take);
      session.dispose();
      resolve();
    };
    session.onDidSendMessage((message) => {
      output.write(framed(message));
      const { type, command } = message as DebugProtocol.Response;
      if (type === "response" && command === "disconnect") setImmediate(end);
    });
    for (const gone of ["end", "close", "error"]) input.on(gone, end);
    output.on("error", end);
    input.on("data", take);
  });
}
