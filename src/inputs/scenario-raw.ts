/** A scenario as it is written in a file that fits the schema. */

import type {
  Abi,
  BackendSettings,
  GuestSettings,
  RequestOperation,
  ResponseSettings,
} from "../core/scenario.js";

export type Written = number | string;

export interface RawSegment {
  page: Written;
  offset?: Written;
  length: Written;
}

export interface RawRequest {
  id?: number;
  op: RequestOperation;
  fua?: boolean;
  preflush?: boolean;
  sector?: Written;
  sectors?: Written;
  segments?: RawSegment[];
  buffer?: RawSegment | RawSegment[];
  physSegments?: number;
  passthrough?: boolean;
  line?: number;
}

export type RawResponse = number | { id: number; status?: ResponseSettings["status"] };

export interface RawStep {
  submit?: RawRequest[];
  complete?: "all" | RawResponse[];
}

export interface RawScenario {
  $schema?: string;
  title?: string;
  description?: string;
  guest?: {
    pageSize?: Written;
    abi?: Abi;
    ringPages?: number;
    maxIndirectSegments?: number;
    grantTableSize?: number;
    blockLayer?: GuestSettings["blockLayer"];
  };
  backend?: {
    persistent?: boolean;
    maxIndirectSegments?: number | null;
    flush?: BackendSettings["flush"];
    discard?: boolean;
    discardSecure?: boolean | null;
    keepsMapped?: BackendSettings["keepsMapped"];
  };
  disk?: { vdev?: Written; sectors?: Written; size?: Written };
  start?: {
    ringIndex?: Written;
    freeIds?: Written[];
    liveGrants?: Written[];
    freeGrefs?: Written[];
  } | null;
  workload: RawStep[];
}
