/** How the chunks of a request lie in rows: pure arithmetic, apart from how they are drawn. */
import type { RequestSegment } from "../../src/panel/messages.js";

export interface Chunk {
  /** The grant that sends it, or -1 for one that is not sent. */
  readonly grant: number;
  /** Sectors of the chunk that hold data: first, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly page: number;
  /** Which chunk of its Linux page it is. */
  readonly chunk: number;
  /** Whether a new Linux page begins with it. */
  readonly opens: boolean;
}

export interface ChunkRow {
  /** Segments that begin in this row. */
  readonly segments: readonly { readonly at: number; readonly segment: RequestSegment }[];
  readonly chunks: readonly Chunk[];
}

function chunksOf(segment: RequestSegment, perPage: number): Chunk[] {
  const first = Math.floor(segment.offset / 4096);
  const end = segment.offset + segment.length;
  return Array.from({ length: perPage }, (_, chunk) => {
    const within = chunk - first;
    const sent = within >= 0 && within < segment.grants;
    const from = Math.max(segment.offset, chunk * 4096) - chunk * 4096;
    const to = Math.min(end, (chunk + 1) * 4096) - chunk * 4096;
    return {
      grant: sent ? segment.firstGrant + within : -1,
      from: sent ? from >>> 9 : 0,
      to: sent ? to >>> 9 : 0,
      page: segment.page,
      chunk,
      opens: chunk === 0,
    };
  });
}

/** The segments in rows of `columns` chunks; a Linux page is never cut. */
export function chunkRows(
  segments: readonly RequestSegment[],
  pageSize: number,
  columns: number,
): ChunkRow[] {
  const perPage = pageSize / 4096;
  const pagesInRow = Math.max(1, Math.floor(columns / perPage));
  const rows: ChunkRow[] = [];
  for (let at = 0; at < segments.length; at += pagesInRow) {
    const here = segments.slice(at, at + pagesInRow).map((segment, n) => ({ at: at + n, segment }));
    rows.push({
      segments: here,
      chunks: here.flatMap(({ segment }) => chunksOf(segment, perPage)),
    });
  }
  return rows;
}
