/** A recorded case: what the C driver did, step by step. The format is described in `docs/golden.md`. */

export interface GoldenConfig {
  pageSize: 4096 | 16384 | 65536;
  nrRingPages: number;
  featurePersistent: 0 | 1;
  backendMaxIndirectSegments: number | null;
  xen_blkif_max_segments: number;
  backendFlush: null | "flushonly" | "flush" | "barrier";
  featureDiscard: 0 | 1;
  discardSecure: number | null;
  grantTableSize: number;
  backendKeepsMapped: "all" | "none" | number | string;
  lenientSgInitTableZero: 0 | 1;
  allocPageLimit: number | null;
}

export interface GoldenRequest {
  id: number;
  dir: "read" | "write";
  sector: number;
  flags: string;
  nrPhysSegments: number;
  dataLen: number;
  /** Page index from 0x1000, offset and length in bytes. */
  scatterlist: [number, number, number][];
}

export interface GoldenResponse {
  id: number;
  operation: number;
  status: number;
}

/** A response that the back end writes without a request. */
export interface RawResponse {
  shadowId: number;
  operation: number;
  status: number;
}

export type GoldenEvent = { ev: string } & Record<string, unknown>;

export interface GoldenStep {
  op: string;
  requests?: GoldenRequest[];
  responses?: GoldenResponse[];
  response?: RawResponse;
  node?: string;
  value?: string | null;
  keep?: "all" | "none" | number;
  count?: number;
  /** References that the other user of the table did get. */
  got?: number;
  events: GoldenEvent[];
  state: Record<string, unknown>;
  derived?: Record<string, unknown>;
  terminal?: unknown;
}

export interface GoldenCase {
  name: string;
  family: string;
  config: GoldenConfig;
  derived: Record<string, unknown>;
  steps: GoldenStep[];
  terminated: boolean;
  finalDiskSha256: string;
}
