/** The twelve invariants and how each is watched. */
import { live_grants_first, one_place_per_grant, pool_size_constant } from "./grants.js";
import { ids_accounted, one_answer_per_id } from "./ids.js";
import { limits_fit_grants } from "./limits.js";
import { pages_freed_as_allocated, pages_of_driver } from "./pages.js";
import { references_of_request, references_of_table } from "./references.js";
import { requests_end_once } from "./requests.js";
import { ring_indexes_ordered } from "./ring-indexes.js";
import type { Invariant, InvariantName } from "./rule.js";
import { sectors_in_frame, segments_cover_request } from "./segments.js";

export const RULES: Readonly<Record<InvariantName, Invariant>> = {
  "live-grants-first": { state: live_grants_first },
  "one-place-per-grant": { state: one_place_per_grant },
  "pool-size-constant": { state: pool_size_constant },
  "ids-accounted": { state: ids_accounted },
  "segments-cover-request": { stream: segments_cover_request },
  "sectors-in-frame": { stream: sectors_in_frame },
  "references-accounted": { state: references_of_table, stream: references_of_request },
  "ring-indexes-ordered": { stream: ring_indexes_ordered },
  "one-answer-per-id": { stream: one_answer_per_id },
  "requests-end-once": { stream: requests_end_once },
  "pages-accounted": { state: pages_of_driver, stream: pages_freed_as_allocated },
  "limits-fit-grants": { state: limits_fit_grants },
};
