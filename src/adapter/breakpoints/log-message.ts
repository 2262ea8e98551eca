/** The message of a logpoint: text with expressions in braces. */

export type LogPart = { text: string } | { expression: string };

/** Cuts a message into its parts; `\{` is a brace. */
export function parseLogMessage(message: string): LogPart[] {
  const parts: LogPart[] = [];
  let text = "";
  for (let at = 0; at < message.length; at++) {
    const char = message[at] as string;
    if (char === "\\" && /[{}]/.test(message[at + 1] ?? "")) {
      text += message[++at] as string;
      continue;
    }
    const end = char === "{" ? message.indexOf("}", at) : -1;
    if (end < 0) {
      text += char;
      continue;
    }
    if (text !== "") parts.push({ text });
    text = "";
    parts.push({ expression: message.slice(at + 1, end) });
    at = end;
  }
  if (text !== "") parts.push({ text });
  return parts;
}
