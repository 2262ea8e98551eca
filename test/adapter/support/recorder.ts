/** Reads along on a wire: every message of either side, in order. */
import type { Readable } from "node:stream";
import type { DebugProtocol } from "@vscode/debugprotocol";

export type Message = DebugProtocol.ProtocolMessage;

/** Calls the listener with every framed message on a stream. */
export function listen(stream: Readable, listener: (message: Message) => void): void {
  let buffered = Buffer.alloc(0);
  stream.on("data", (data: Buffer) => {
    buffered = Buffer.concat([buffered, data]);
    for (;;) {
      const end = buffered.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(buffered.toString("utf8", 0, end))?.[1]);
      if (buffered.length < end + 4 + length) return;
      listener(JSON.parse(buffered.toString("utf8", end + 4, end + 4 + length)) as Message);
      buffered = buffered.subarray(end + 4 + length);
    }
  });
}
