import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Context } from "./context.js";
import { Failure, FailureId } from "./failure.js";
import { isThread, threadId } from "./threads.js";
import type { Handlers } from "./wire.js";

/** `stackTrace`: the frames of the thread that runs; the two others are idle, since tasks run to their end. */
export function stackTraceRequests(context: Context): Handlers {
  return {
    stackTrace: (args: DebugProtocol.StackTraceArguments) => {
      const frames = framesOf(context, args.threadId);
      const start = args.startFrame ?? 0;
      // A count of 0 means all of them, as its absence does.
      const end = args.levels ? start + args.levels : frames.length;
      return { body: { stackFrames: frames.slice(start, end), totalFrames: frames.length } };
    },
  };
}

function framesOf(context: Context, thread: number): DebugProtocol.StackFrame[] {
  const { moment } = context.stop;
  if (!isThread(thread)) throw new Failure(FailureId.stale, `There is no thread ${thread}.`);
  if (thread !== threadId(moment.thread)) {
    return [{ id: thread * 1000, name: "idle", line: 0, column: 0, presentationHint: "label" }];
  }
  const { lineShift, columnShift } = context.client;
  return moment.stack.map(({ statement }, index) => ({
    id: context.stop.frameId(index),
    name: statement.function.name,
    source: context.sources.of(statement.function.file),
    line: statement.line + lineShift,
    column: statement.column + columnShift,
    // No end: an editor that is given one selects the whole statement, which hides its colours.
  }));
}
