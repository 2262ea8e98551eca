/** How the protocol cuts a stream of bytes into messages: a header that says how many bytes of JSON follow it. */

/** What has come in is no message of the protocol, and nobody knows where the next one begins. */
export class FramingError extends Error {}

/** `Content-Type` means nothing, but clients that also speak to language servers may send it. */
const FIELDS = ["content-length:", "content-type:"];
/** Bytes of a header's line. */
const LONGEST_LINE = 256;
/** Bytes of a message: far more than any request has. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;

/** A message as it goes over the wire. */
export function framed(message: object): string {
  const json = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
}

/** Puts the messages of a stream together, however its bytes come. */
export class MessageReader {
  private bytes = Buffer.alloc(0);
  private inHeader = true;
  /** Bytes of the message that the header announces; null before it has said so. */
  private length: number | null = null;

  /**
   * Takes the next bytes of the stream.
   * @returns the messages that are complete with them
   * @throws FramingError at the first byte that the protocol does not allow; there is no reading on after it
   */
  *read(bytes: Buffer): Generator<object> {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    for (;;) {
      const length = this.lengthOfNext();
      if (length === null || this.bytes.length < length) return;
      const text = this.bytes.toString("utf8", 0, length);
      this.bytes = this.bytes.subarray(length);
      this.inHeader = true;
      this.length = null;
      yield messageIn(text);
    }
  }

  /** What the header in front of the next message says; null while it is not whole. */
  private lengthOfNext(): number | null {
    while (this.inHeader) {
      const line = this.takeLine();
      if (line === null) return null;
      if (line !== "") this.length = lengthIn(line) ?? this.length;
      else if (this.length !== null) this.inHeader = false;
      else throw new FramingError("a header has no Content-Length");
    }
    return this.length;
  }

  /** The next line of a header; null while it is not whole. */
  private takeLine(): string | null {
    const end = this.bytes.indexOf("\r\n");
    const line = this.bytes.toString("latin1", 0, end < 0 ? LONGEST_LINE + 1 : end);
    // What will be no header once it is whole is not waited for: its end may never come.
    checkLine(end < 0 ? line.replace(/\r$/, "") : line);
    if (end < 0) return null;
    this.bytes = this.bytes.subarray(end + 2);
    return line;
  }
}

/** Checks a line, or the beginning of one. */
function checkLine(line: string): void {
  const name = line.toLowerCase();
  const known = FIELDS.some((field) => field.startsWith(name) || name.startsWith(field));
  if (!known || line.length > LONGEST_LINE || !/^[\t\x20-\x7e]*$/.test(line)) {
    throw new FramingError(`${shown(line)} is no header`);
  }
}

/** What a line says of the message's length; null where it speaks of something else. */
function lengthIn(line: string): number | null {
  if (!/^content-length:/i.test(line)) return null;
  const digits = /^[^:]*:\s*(\d+)\s*$/.exec(line)?.[1];
  if (digits === undefined) throw new FramingError(`${shown(line)} is no length`);
  const length = Number(digits);
  if (length > LONGEST_MESSAGE) throw new FramingError(`no message has ${digits} bytes`);
  return length;
}

function messageIn(text: string): object {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new FramingError(`${shown(text)} is no JSON`);
  }
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    throw new FramingError(`${shown(text)} is no message`);
  }
  return message;
}

/** The beginning of a text, for a terminal that must not take it for commands. */
function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text).replace(
    /[\x7f-\x9f]/g,
    "?",
  );
}
