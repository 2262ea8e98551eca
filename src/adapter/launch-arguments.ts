/** What a launch configuration says, checked. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { Failure, FailureId } from "./failure.js";
import type { OpenOptions } from "../inputs/open.js";
import { said } from "./request-check.js";

/** The attributes of a launch configuration of type `blkfront`. */
export interface LaunchArguments extends DebugProtocol.LaunchRequestArguments {
  /** Path of a scenario or of a capture. */
  program: string;
  /** Lay the same buffers on pages of this size: "4K", "16K", "64K", or a number of bytes. */
  pageSize?: string | number;
  /** The disk to take from a capture of several: its name or its virtual device number. */
  disk?: string | number;
  /** Stop at the first step of the first request. Without it, at the first breakpoint. */
  stopOnEntry?: boolean;
  /** Watch the driver's invariants. */
  checkInvariants?: boolean;
  /** "wrong": stop first where the scenario says that it goes wrong; "entry": at the first request. */
  stopAt?: "entry" | "wrong";
}

export interface Launch {
  readonly program: string;
  readonly input: OpenOptions;
  readonly stopOnEntry: boolean;
  readonly checkInvariants: boolean;
  /** Stop first where the walk goes wrong, if it does. */
  readonly stopAtWrong: boolean;
  readonly noDebug: boolean;
}

const PAGE_SIZES = [4096, 16384, 65536];

function pageSize(value: unknown): number {
  const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
  const match = /^(\d+)\s*(?:(k)(?:i?b)?)?$/i.exec(text);
  const bytes = match === null ? NaN : Number(match[1]) * (match[2] === undefined ? 1 : 1024);
  if (!PAGE_SIZES.includes(bytes)) {
    throw bad(`"pageSize" is "4K", "16K" or "64K", and not ${said(value)}.`);
  }
  return bytes;
}

function bad(text: string): Failure {
  return new Failure(FailureId.badArguments, text, true);
}

function flag(name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== "boolean") throw bad(`"${name}" is true or false.`);
  return value;
}

function stopsAtWrong(value: unknown): boolean {
  if (value === undefined || value === null || value === "entry") return false;
  if (value !== "wrong") throw bad('"stopAt" is "entry" or "wrong".');
  return true;
}

/** @throws Failure that says which attribute is wrong, and what it may be */
export function readLaunch(args: Partial<LaunchArguments>): Launch {
  const { program, disk } = args;
  if (typeof program !== "string" || program.trim() === "") {
    throw bad('"program" is missing: the path of a scenario or of a capture.');
  }
  if (disk !== undefined && disk !== null && !["string", "number"].includes(typeof disk)) {
    throw bad('"disk" is the name of a disk in the capture, such as "xvda", or its number.');
  }
  const input: OpenOptions = {};
  if (args.pageSize !== undefined && args.pageSize !== null)
    input.pageSize = pageSize(args.pageSize);
  if (disk) input.disk = disk;
  return {
    program,
    input,
    stopOnEntry: flag("stopOnEntry", args.stopOnEntry, true),
    checkInvariants: flag("checkInvariants", args.checkInvariants, false),
    stopAtWrong: stopsAtWrong(args.stopAt),
    noDebug: flag("noDebug", args.noDebug, false),
  };
}
