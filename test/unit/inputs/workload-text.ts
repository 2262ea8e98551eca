/** A workload in one line, to compare with: `S1 S2 C1,2` submits two requests and answers both. */

import type { Scenario } from "../../../src/core/scenario.js";

export function workloadText(scenario: Scenario | null): string {
  if (!scenario) return "none";
  return scenario.workload
    .map((step) =>
      "submit" in step
        ? `S${step.submit.map(({ id }) => id).join(",")}`
        : "complete" in step
          ? `C${step.complete.map(({ id, status }) => (status === "okay" ? id : `${id}!${status}`)).join(",")}`
          : Object.keys(step)[0],
    )
    .join(" ");
}
