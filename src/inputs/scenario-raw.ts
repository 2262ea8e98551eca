/** A scenario as it is written in a file that fits the schema. */

import type {
  BackendSettings,
  DiskSettings,
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

export type RawGuest = Partial<Omit<GuestSettings, "pageSize"> & { pageSize: Written }>;

export type RawBackend = Partial<
  Omit<BackendSettings, "discardGranularity" | "discardAlignment"> & {
    discardGranularity: Written;
    discardAlignment: Written;
  }
>;

export interface RawDisk extends Partial<Pick<DiskSettings, "readonly" | "removable" | "cdrom">> {
  vdev?: Written;
  sectors?: Written;
  size?: Written;
  sectorSize?: Written;
  physicalSectorSize?: Written | null;
}

export interface RawScenario {
  $schema?: string;
  title?: string;
  description?: string;
  guest?: RawGuest;
  backend?: RawBackend;
  disk?: RawDisk;
  start?: {
    ringIndex?: Written;
    freeIds?: Written[];
    liveGrants?: Written[];
    freeGrefs?: Written[];
  } | null;
  workload: RawStep[];
}
