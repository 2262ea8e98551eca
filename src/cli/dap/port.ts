/** The debug adapter on a port of this machine: each connection is a session of its own. */
import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import type { AdapterHost } from "../../adapter/host.js";
import { FramingError } from "./framing.js";
import { nodeHost } from "./node-host.js";
import { serve } from "./serve.js";

/** Nobody else's machine: who connects can have any file read. */
export const ADDRESS = "127.0.0.1";

/** The adapter while it listens. */
export interface Listening {
  readonly port: number;
  /** Ends every session, and listens no more. */
  close(): Promise<void>;
}

/**
 * Listens until it is closed.
 * @param port 0 for one that the system chooses
 * @param say is told what was wrong with a connection
 * @throws what Node says of a port that cannot be had, with its `code`
 */
export async function listen(
  port: number,
  say: (text: string) => void,
  host: AdapterHost = nodeHost(),
): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void serveSocket(socket, host, say);
  });
  server.listen(port, ADDRESS);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await closed(server);
    },
  };
}

async function serveSocket(
  socket: Socket,
  host: AdapterHost,
  say: (text: string) => void,
): Promise<void> {
  // An answer is not kept back until there is more to send.
  socket.setNoDelay();
  try {
    await serve(socket, socket, host);
  } catch (error) {
    if (!(error instanceof FramingError)) throw error;
    say(`${socket.remoteAddress}:${socket.remotePort}: ${error.message}`);
  }
  socket.end();
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
