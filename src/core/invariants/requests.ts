/** The rule about the end of requests and bios. */
import { type request, blk_rq_pos, blk_rq_sectors } from "../linux/request.js";
import type { StreamRule } from "./rule.js";

/** How much of a request has been submitted anew: up to which sector, of 512 bytes. */
interface Anew {
  next: number;
}

/**
 * `requests-end-once`: a request that has ended is neither ended nor started again, and no bio ends twice; and
 * a request that a recovery ends without its data is submitted anew from its first sector to its last, each once.
 *
 * Who ends a request twice gives its memory back twice, and who ends it without the data reports a success that
 * has not happened. Breaks where the recovery makes its pieces of a bio so many 4 KB pages long, but counts them
 * in Linux pages: what lies behind the last one is lost. 5d72720365f9 repaired a request that the resumption
 * ended twice, once for each half.
 */
export function requests_end_once(): StreamRule {
  const ended = new WeakSet<request>();
  const recovered = new Map<request, Anew>();
  return {
    event(event) {
      switch (event.kind) {
        case "request_start":
          return ended.has(event.req) ? `Request ${event.req.nr} is started after its end.` : null;
        case "request_end": {
          const { req, why } = event;
          if (ended.has(req)) return `Request ${req.nr} ends for the second time.`;
          ended.add(req);
          if (why === "recover") recovered.set(req, { next: blk_rq_pos(req) });
          return null;
        }
        case "bio_end": {
          const { nr, sector, times } = event;
          if (times === 1) return null;
          return `The bio of request ${nr} from sector ${sector} on ends ${times} times.`;
        }
        case "submit_bio": {
          const { req, sector, sectors } = event;
          const anew = recovered.get(req);
          if (anew === undefined) return null;
          const { next } = anew;
          anew.next = sector + sectors;
          if (sector === next) return null;
          return `Request ${req.nr} is submitted anew from sector ${sector}, but ${next} comes next.`;
        }
        default:
          return null;
      }
    },
    rest() {
      for (const [req, { next }] of recovered) {
        const end = blk_rq_pos(req) + blk_rq_sectors(req);
        if (next !== end) {
          return `Request ${req.nr} was ended for a new beginning, but only its sectors up to ${next} of ${end} were submitted anew.`;
        }
      }
      recovered.clear();
      return null;
    },
  };
}
