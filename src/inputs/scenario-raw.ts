/** A scenario as it is written in a file that fits the schema. */

import type {
  BackendSettings,
  DiskSettings,
  GuestSettings,
  Landmark,
  MappingPolicy,
  RequestOperation,
  ResponseSettings,
  Rewrite,
} from "../core/scenario.js";
import type { OPERATIONS, STATUSES } from "./protocol-names.js";

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

export type RawOperation = number | keyof typeof OPERATIONS;

export type RawResponse =
  | number
  | {
      id: number;
      status?: ResponseSettings["status"];
      operation?: RawOperation;
      shadowId?: Written;
      times?: number;
    };

export interface RawMadeUpResponse {
  shadowId: Written;
  operation: RawOperation;
  status?: number | keyof typeof STATUSES;
}

/** In hexadecimal, or one number each. */
export type RawBytes = string | number[];

export interface RawRewrite {
  id: number;
  where: Rewrite["where"];
  index?: number;
  offset?: Written;
  bytes: RawBytes;
}

export interface RawStep {
  submit?: RawRequest[];
  bios?: RawRequest[];
  complete?: "all" | RawResponse[];
  respond?: RawMadeUpResponse[];
  overrun?: number;
  interrupt?: "now" | "lost";
  rewrite?: RawRewrite[];
  keep?: MappingPolicy;
  unmap?: "all" | Written[];
  purge?: true;
  store?: Record<string, string | number | null>;
  resize?: Written;
  close?: true;
  resume?: true | RawBackend;
  openDisk?: true;
  closeDisk?: true;
  remove?: true;
  takeGrants?: number;
  giveGrants?: number;
  wait?: number;
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
  content?: "zeros" | { seed?: number; file?: string; bytes?: RawBytes };
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
  walk?: {
    watch: string;
    wrong?: (Omit<Landmark, "nth"> & { nth?: number }) | null;
  } | null;
  workload: RawStep[];
}
