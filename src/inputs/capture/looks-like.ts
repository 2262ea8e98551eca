/** Recognises a capture by what is in it. */

import { parseTraceLine } from "./trace-line.js";

/** Beyond this much text without a sign of it, a text is no capture. */
const SAMPLE_CHARACTERS = 65536;

/** The shortest beginning that is taken for that of the header, in a file that was cut off. */
const SHORTEST_HEADING = 4;
const HEADING = "#== xenblk-capture";

/** Whether the text is a capture of requests: xenblk-capture's or other ftrace text. */
export function looksLikeCapture(text: string): boolean {
  const sample = text.slice(0, SAMPLE_CHARACTERS).replace(/^\uFEFF/, "");
  const [first = ""] = sample.split("\n", 1);
  if (sample.startsWith(HEADING)) return true;
  if (sample.length >= SHORTEST_HEADING && HEADING.startsWith(sample)) return true;
  if (/^# tracer: /.test(first) || /\n# tracer: \w/.test(sample)) return true;
  return sample.split("\n").some((line) => line.length < 2000 && parseTraceLine(line, 1) !== null);
}
