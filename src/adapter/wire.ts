/**
 * The protocol's envelope: takes requests, answers each of them exactly once, sends events. It knows nothing
 * about block devices. Its shape is that of VS Code's `DebugAdapter`, so that it runs inline as it is.
 */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { Failure, FailureId } from "./failure.js";
import { asRequest, checkedArguments, isObject, isSequence, said } from "./request-check.js";

/** What a request is answered with; `after` runs when the answer has been sent. */
export interface Reply {
  body?: object;
  after?: () => void | Promise<void>;
}

/** Handles one request; the signal aborts when the client cancels it. */
export type Handler = (
  args: never,
  signal: AbortSignal,
) => Reply | undefined | void | Promise<Reply | undefined | void>;

/** The requests that one subject answers, by command. */
export type Handlers = Readonly<Record<string, Handler>>;

export interface Disposable {
  dispose(): void;
}

/** What an answer repeats of its request. */
type Address = Pick<DebugProtocol.Request, "seq" | "command">;

type Listener = (message: DebugProtocol.ProtocolMessage) => void;

export class Wire {
  private sequence = 1;
  private readonly listeners = new Set<Listener>();
  private readonly handlers = new Map<string, Handler>();
  private readonly underWay = new Map<number, AbortController>();

  /** Adds the requests of one subject. Two subjects never answer the same command. */
  handle(handlers: Handlers): void {
    for (const [command, handler] of Object.entries(handlers)) {
      if (this.handlers.has(command)) throw new Error(`Two handlers for ${command}`);
      this.handlers.set(command, handler);
    }
  }

  /** Calls the listener with every message for the client. */
  readonly onDidSendMessage = (listener: Listener): Disposable => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };

  /** Takes a message of the client, whatever it looks like. */
  handleMessage(message: unknown): void {
    // Nothing is ever asked of the client, so it has no responses to give.
    if (isObject(message) && (message["type"] === "response" || message["type"] === "event"))
      return;
    let request: DebugProtocol.Request;
    try {
      request = asRequest(message);
    } catch (error) {
      this.fail(addressOf(message), error, false);
      return;
    }
    void this.answer(request);
  }

  /** Sends an event. */
  event(event: string, body?: object): void {
    this.send({ type: "event", event, ...(body === undefined ? {} : { body }) });
  }

  /** Aborts a request that is being handled; false when there is none of this number. */
  cancel(requestSeq: number): boolean {
    const controller = this.underWay.get(requestSeq);
    controller?.abort();
    return controller !== undefined;
  }

  /** Aborts all that is being handled and sends nothing more. */
  close(): void {
    for (const controller of this.underWay.values()) controller.abort();
    this.listeners.clear();
  }

  private async answer(request: DebugProtocol.Request): Promise<void> {
    const handler = this.handlers.get(request.command);
    const controller = new AbortController();
    this.underWay.set(request.seq, controller);
    try {
      if (handler === undefined) {
        throw new Failure(
          FailureId.unknownRequest,
          `This debug adapter does not know the request ${said(request.command)}.`,
        );
      }
      const args = checkedArguments(request.command, request.arguments);
      const done = handler(args as never, controller.signal);
      // A handler that need not wait is answered before the next message is looked at.
      const reply = done instanceof Promise ? await done : done;
      this.forget(request, controller);
      this.respond(request, { success: true, ...(reply?.body ? { body: reply.body } : {}) });
      if (reply?.after !== undefined) this.guard(reply.after);
    } catch (error) {
      this.forget(request, controller);
      this.fail(request, error, controller.signal.aborted);
    }
  }

  /** A request has been handled; another one of the same number may be under way. */
  private forget({ seq }: DebugProtocol.Request, controller: AbortController): void {
    if (this.underWay.get(seq) === controller) this.underWay.delete(seq);
  }

  /** Runs what no request waits for: what goes wrong there is said in the debug console. */
  guard(act: () => void | Promise<void>): void {
    const say = (error: unknown): void =>
      this.event("output", { category: "stderr", output: `${textOf(error)}\n` });
    try {
      void Promise.resolve(act()).catch(say);
    } catch (error) {
      say(error);
    }
  }

  private fail(request: Address, thrown: unknown, aborted: boolean): void {
    if (aborted) {
      // "cancelled" is the word that the protocol fixes for a cancelled request.
      const error = { id: FailureId.cancelled, format: "cancelled" };
      this.respond(request, { success: false, message: "cancelled", body: { error } });
      return;
    }
    const failure =
      thrown instanceof Failure
        ? thrown
        : new Failure(FailureId.internal, `Internal error: ${textOf(thrown)}`);
    this.respond(request, {
      success: false,
      message: failure.message,
      body: {
        // As a variable, so that braces in the text are not taken for variables.
        error: {
          id: failure.id,
          format: "{text}",
          variables: { text: failure.message },
          showUser: failure.showUser,
        },
      },
    });
  }

  private respond(request: Address, answer: object): void {
    this.send({
      type: "response",
      request_seq: request.seq,
      command: request.command,
      ...answer,
    });
  }

  private send(message: object): void {
    const numbered = { seq: this.sequence++, ...message } as DebugProtocol.ProtocolMessage;
    for (const listener of this.listeners) listener(numbered);
  }
}

/** Whom an answer to a message concerns that is no request, as far as it says. */
function addressOf(message: unknown): Address {
  const { seq, command } = isObject(message) ? message : {};
  return {
    seq: isSequence(seq) ? seq : 0,
    command: typeof command === "string" ? command : "",
  };
}

function textOf(thrown: unknown): string {
  if (thrown instanceof Failure) return thrown.message;
  if (thrown instanceof Error) return thrown.stack ?? thrown.message;
  return String(thrown);
}
