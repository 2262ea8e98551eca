/** The kernel's ways of stopping, as the protocol's exceptions. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Recording } from "../replay/recording.js";
import type { Context } from "./context.js";
import { Failure, FailureId } from "./failure.js";
import type { Handlers } from "./wire.js";

export interface Bug {
  readonly what: "BUG" | "OOPS";
  /** The C expression of a `BUG_ON`, empty for a `BUG`; or what could not be accessed. */
  readonly expr: string;
  readonly func: string;
  /** The first line of what the kernel prints. */
  readonly text: string;
}

/** Where the kernel stopped in a recording, or null. */
export function bugOf(recording: Recording): Bug | null {
  const { tracepoints } = recording;
  const count = tracepoints.count("bug");
  if (count === 0) return null;
  const { what, expr, func } = tracepoints.nth("bug", count - 1).event;
  const told = expr === "" ? "BUG()" : `BUG_ON(${expr})`;
  const text = what === "BUG" ? `kernel BUG in ${func}: ${told}` : `Oops in ${func}: ${expr}`;
  return { what, expr, func, text };
}

/** `exceptionInfo`. */
export function exceptionRequests(context: Context): Handlers {
  return {
    exceptionInfo: () => {
      const { recording } = context.walk;
      const bug = bugOf(recording);
      const { moment } = context.stop;
      if (bug === null || moment.step !== recording.length - 1) {
        throw new Failure(FailureId.badArguments, "The kernel has not stopped at this step.");
      }
      const body: DebugProtocol.ExceptionInfoResponse["body"] = {
        exceptionId: bug.what,
        description: bug.text,
        breakMode: context.breakpoints.stopsAtBug ? "always" : "never",
        details: {
          message: bug.expr === "" ? bug.text : bug.expr,
          typeName: bug.what === "BUG" ? "BUG_ON" : "Oops",
          fullTypeName: `${bug.what} in ${bug.func}`,
          stackTrace: moment.stack
            .map(({ statement }) => {
              const { name, file } = statement.function;
              return `${name} (${file}:${statement.line}:${statement.column})`;
            })
            .join("\n"),
        },
      };
      return { body };
    },
  };
}
