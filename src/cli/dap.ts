/** The debug adapter over standard input and output, for editors other than VS Code. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ProtocolServer } from "@vscode/debugadapter/lib/protocol.js";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { AdapterHost } from "../adapter/host.js";
import { DebugAdapterSession } from "../adapter/session.js";
import { filesBeside, reasonOf } from "./files-beside.js";

/** The folder of the model's sources, which the build puts beside the command line. */
const model = fileURLToPath(new URL("model/", import.meta.url));

/** The adapter's host in Node. */
export function nodeHost(sources = model): AdapterHost {
  return {
    readFile: async (file) => {
      try {
        return await readFile(file);
      } catch (error) {
        throw reasonOf(error);
      }
    },
    filesBeside,
    sourcePath: (file) => path.join(sources, file),
    readSource: (file) => readFile(path.join(sources, file), "utf8"),
  };
}

/** Puts a session's messages on a pair of streams, framed as the protocol wants it. */
class StreamServer extends ProtocolServer {
  constructor(private readonly session: DebugAdapterSession) {
    super();
    // The base class numbers what it sends; the session has numbered it in the same order.
    session.onDidSendMessage((message) => {
      if (message.type === "event") this.sendEvent(message as DebugProtocol.Event);
      else this.sendResponse({ ...(message as DebugProtocol.Response), seq: 0 });
    });
  }

  override handleMessage(message: DebugProtocol.ProtocolMessage): void {
    this.session.handleMessage(message);
  }
}

/**
 * Serves one session.
 * @param begun is given the session before its first message
 * @returns a promise of the end of the session: the client has disconnected, or has gone
 */
export function serve(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  host: AdapterHost = nodeHost(),
  begun?: (session: DebugAdapterSession) => void,
): Promise<void> {
  const session = new DebugAdapterSession(host);
  begun?.(session);
  const server = new StreamServer(session);
  return new Promise((resolve) => {
    const end = (): void => {
      session.dispose();
      // An input that is still read would keep the process alive.
      input.pause();
      resolve();
    };
    server.on("close", end);
    // A client that has gone before it said anything.
    input.on("end", end);
    // What is no JSON has no request that could be answered, and the lengths after it mean nothing. A pipe
    // that is paused while it gives data is read on.
    server.on("error", () => setImmediate(end));
    session.onDidSendMessage((message) => {
      const { type, command } = message as DebugProtocol.Response;
      if (type === "response" && command === "disconnect") setImmediate(end);
    });
    server.start(input, output);
  });
}
