import type { DebugProtocol } from "@vscode/debugprotocol";
import { HAPPENING_FILTERS } from "./breakpoints/filters.js";
import { BUG_FILTER, INVARIANT_FILTER } from "./breakpoints/requests.js";

/** What the adapter can do. What is not named it cannot. */
export const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsBreakpointLocationsRequest: true,
  supportsDataBreakpoints: true,
  supportsDataBreakpointBytes: true,
  supportsExceptionInfoRequest: true,
  supportsExceptionFilterOptions: true,
  exceptionBreakpointFilters: [
    {
      filter: BUG_FILTER,
      label: "BUG_ON, oops and hang",
      description:
        "Stops where the guest's kernel stops: at a BUG_ON that holds, at an oops, or where it waits without end.",
      default: true,
    },
    {
      filter: INVARIANT_FILTER,
      label: "Invariant broken",
      description:
        "Stops where an invariant of the driver broke, if the launch configuration has checkInvariants.",
      default: true,
    },
    ...HAPPENING_FILTERS,
  ],
  // Both directions: `stepBack` and `reverseContinue` hang on this one.
  supportsStepBack: true,
  supportsSteppingGranularity: true,
  supportsEvaluateForHovers: true,
  supportsClipboardContext: true,
  supportsValueFormattingOptions: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: [".", ">", "["],
  supportsLoadedSourcesRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportsCancelRequest: true,
};
