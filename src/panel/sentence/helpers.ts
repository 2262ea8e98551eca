/** Small functions that several others call: the driver's macros, and loops. */
import { amount } from "../format.js";
import { type Area, code, on, say } from "./words.js";

export const helpers: Area = {
  XEN_PAGES_PER_SEGMENT: [on(/./, (w) => say`A Linux page of this guest is ${amount(w.perPage, "Xen page")}.`)],
  INDIRECT_GREFS: [on(/./, (w) => say`${amount(w.number("pages"), "segment")} need ${amount(Math.floor((w.number("pages") + 511) / 512), "indirect frame")} of 512.`)],
  BLK_RING_SIZE: [on(/./, (w) => say`The ring has ${amount(w.info.ring.nr_ents, "entry", "entries")}.`)],
  xen_pages_of: [
    on(/^const end|^return/, (w) => {
      const { offset, length } = w.value<{ offset: number; length: number }>("sg");
      const pages = Math.ceil((offset + length) / 4096) - Math.floor(offset / 4096);
      return say`${amount(length, "byte")} from offset ${offset} touch ${amount(pages, "Xen page")}.`;
    }),
  ],
  grant_at: [on(/./, (w) => say`Entry ${w.number("i")} of the grants that the request used is looked up.`)],
  blkif_request_flush_invalid: [on(/./, () => say`A request is refused when it is no file system’s, or asks for a flush that the back end does not offer.`)],
};

/** What a loop's own statement does, of whichever function. */
export const loops = [
  on(/^(\w+)\+\+$/, (w) => {
    const name = w.text.slice(0, -2);
    return say`The loop goes on with ${code(name)} at ${w.number(name) + 1}.`;
  }),
  on(/^i = \(i \+ 1\) >>> 0$/, (w) => say`The loop goes on with index ${(w.number("i") + 1) >>> 0}.`),
  on(/^break;?$/, () => say`The loop or the case ends here.`),
];
