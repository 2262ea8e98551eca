/** Small functions that several others call: the driver's macros, and loops. */
import { REQ_FLUSH, REQ_FUA, type request } from "../../core/linux/request.js";
import { amount, hex } from "../format.js";
import { type Area, code, on, say, type Words } from "./words.js";

/** The next piece that `gnttab_foreach_grant` will hand out. */
function piece(w: Words): { gfn: number; offset: number; glen: number } {
  const offset = w.number("goffset");
  return { gfn: w.number("gfn"), offset, glen: Math.min(4096 - offset, w.number("len")) };
}

export const helpers: Area = {
  gnttab_foreach_grant: [
    on(
      /^len = Math\.min/,
      (w) =>
        say`The walk takes ${amount(w.number("len"), "byte")} from offset ${hex(w.number("offset"))} of Linux page ${hex(w.number("page"))}; it would stop at the page’s end.`,
    ),
    on(
      /^let goffset/,
      (w) =>
        say`Offset ${hex(w.number("offset"))} of the Linux page is offset ${w.number("offset") % 4096} of a Xen page.`,
    ),
    on(
      /^let gfn/,
      (w) =>
        say`The walk begins with Xen page ${Math.floor(w.number("offset") / 4096)} of the Linux page.`,
    ),
    on(/^while/, (w) =>
      w.number("len") === 0
        ? say`Every byte of the run has its grant.`
        : say`${amount(w.number("len"), "byte")} of the run are left.`,
    ),
    on(/^const glen/, (w) => {
      const { glen, offset } = piece(w);
      return say`The next piece has ${amount(glen, "byte")}: ${glen === 4096 ? "a whole Xen page" : offset === 0 ? "the beginning of a Xen page" : "the rest of a Xen page"}.`;
    }),
    on(/^fn\(/, (w) => {
      const { gfn, offset, glen } = piece(w);
      return say`${amount(glen, "byte")} at offset ${offset} of Xen frame ${hex(gfn)} are handed on, as one grant.`;
    }),
    on(/^goffset = 0/, () => say`Every piece but the first begins with its Xen page.`),
    on(/^gfn\+\+/, (w) => say`The next piece lies in Xen frame ${hex(w.number("gfn") + 1)}.`),
    on(
      /^len -=/,
      (w) => say`${amount(w.number("len") - w.number("glen"), "byte")} are left after this piece.`,
    ),
  ],
  xen_pages_of: [
    on(/^const end|^return/, (w) => {
      const { offset, length } = w.value<{ offset: number; length: number }>("sg");
      const pages = Math.ceil((offset + length) / 4096) - Math.floor(offset / 4096);
      return say`${amount(length, "byte")} from offset ${offset} touch ${amount(pages, "Xen page")}.`;
    }),
  ],
  grant_at: [
    on(/./, (w) => say`Entry ${w.number("i")} of the grants that the request used is looked up.`),
  ],
  blkif_request_flush_invalid: [
    on(/./, (w) => {
      const { cmd_type, cmd_flags } = w.value<request>("req");
      if (cmd_type !== "REQ_TYPE_FS") {
        return say`The request is no file system’s, and is refused.`;
      }
      const asked = cmd_flags & (REQ_FLUSH | REQ_FUA);
      if (asked === 0) return say`The request asks for no flush.`;
      return asked & ~w.info.feature_flush
        ? say`The request asks for a flush that the back end does not offer, and is refused.`
        : say`The request asks for a flush that the back end offers.`;
    }),
  ],
};

/** What a loop's own statement does, of whichever function. */
export const loops = [
  on(/^(\w+)\+\+$/, (w) => {
    const name = w.text.slice(0, -2);
    return say`The loop goes on with ${code(name)} at ${w.number(name) + 1}.`;
  }),
  on(
    /^i = \(i \+ 1\) >>> 0$/,
    (w) => say`The loop goes on with index ${(w.number("i") + 1) >>> 0}.`,
  ),
  on(/^break;?$/, () => say`The loop or the case ends here.`),
];
