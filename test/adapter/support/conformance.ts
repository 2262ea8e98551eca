/**
 * Holds every message, both ways, against the protocol: against the schema that follows from its types in the
 * package that the adapter is built with, and against the published one of a later version where that is at hand.
 */
import fs from "node:fs";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { Ajv } from "ajv";
import { protocolTypes, schemasOf } from "../../../scripts/type-schema.mjs";
import { protocolSchema } from "./places.js";

interface Definition {
  properties?: { command?: Named; event?: Named };
  /** The published schema has what a message adds to its kind in the second part. */
  allOf?: [unknown, Definition?];
}
interface Named {
  enum?: string[];
}

/** The published schema's formats of numbers. */
function integer(least: number, most: number) {
  return {
    type: "number" as const,
    validate: (value: number) => Number.isInteger(value) && value >= least && value <= most,
  };
}

/** Finds the definition of a message and tells what in the message breaks it. */
export class Conformance {
  private readonly ajv = new Ajv({
    strict: false,
    validateSchema: false,
    allErrors: true,
    formats: {
      int32: integer(-(2 ** 31), 2 ** 31 - 1),
      uint32: integer(0, 2 ** 32 - 1),
      int64: integer(-(2 ** 63), 2 ** 63),
      uint64: integer(0, 2 ** 64),
    },
  });
  private readonly names = new Map<string, string>();

  /** @param source what the schema follows from, for the faults' texts */
  constructor(
    private readonly source: string,
    definitions: Record<string, Definition>,
  ) {
    this.ajv.addSchema({ definitions }, "dap");
    for (const [name, definition] of Object.entries(definitions)) {
      const { command, event } = (definition.allOf?.[1] ?? definition).properties ?? {};
      for (const value of command?.enum ?? []) {
        this.names.set(`request ${value}`, name);
        this.names.set(`response ${value}`, name.replace(/Request$/, "Response"));
      }
      for (const value of event?.enum ?? []) this.names.set(`event ${value}`, name);
    }
  }

  /** What is wrong with a message; empty when nothing is. */
  faults(message: DebugProtocol.ProtocolMessage): string[] {
    const validate = this.ajv.getSchema(`dap#/definitions/${this.definition(message)}`);
    if (validate === undefined) throw new Error(`no definition for ${JSON.stringify(message)}`);
    if (validate(message) === true) return [];
    return (validate.errors ?? []).map(
      (error) =>
        `${this.source}: ${error.instancePath} ${error.message ?? ""} in ${JSON.stringify(message)}`,
    );
  }

  private definition(message: DebugProtocol.ProtocolMessage): string {
    if (message.type === "event") {
      return this.names.get(`event ${(message as DebugProtocol.Event).event}`) ?? "Event";
    }
    const { command } = message as DebugProtocol.Request;
    // Its arguments are those of a launch or else of an attach, and every object is both.
    if (message.type === "request" && command === "restart") return "Request";
    if (message.type === "request") return this.names.get(`request ${command}`) ?? "Request";
    if (!(message as DebugProtocol.Response).success) return "ErrorResponse";
    return this.names.get(`response ${command}`) ?? "Response";
  }
}

function all(): Conformance[] {
  const found = [new Conformance("the types", schemasOf(protocolTypes()))];
  const file = protocolSchema();
  if (file === null) return found;
  const { definitions } = JSON.parse(fs.readFileSync(file, "utf8")) as {
    definitions: Record<string, Definition>;
  };
  return [...found, new Conformance("the published schema", definitions)];
}

const schemas = all();

/** What is wrong with a message in any of the schemas; empty when nothing is. */
export function faults(message: DebugProtocol.ProtocolMessage): string[] {
  return schemas.flatMap((schema) => schema.faults(message));
}
