/** Holds every message, both ways, against the protocol's schema, where that is at hand. */
import fs from "node:fs";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { Ajv, type ValidateFunction } from "ajv";
import { protocolSchema } from "./places.js";

interface Definition {
  allOf?: [unknown, { properties?: { command?: Named; event?: Named } }?];
}
interface Named {
  enum?: string[];
}

/** The schema's formats of numbers. */
function integer(least: number, most: number) {
  return {
    type: "number" as const,
    validate: (value: number) => Number.isInteger(value) && value >= least && value <= most,
  };
}

/** Finds the definition of a message and tells what in the message breaks it. */
class Conformance {
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

  constructor(schema: { definitions: Record<string, Definition>; $schema?: string }) {
    // The schema names a draft that ajv has left behind; nothing in it needs it.
    delete schema.$schema;
    this.ajv.addSchema(schema, "dap");
    for (const [name, { allOf }] of Object.entries(schema.definitions)) {
      const { command, event } = allOf?.[1]?.properties ?? {};
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
    if ((validate as ValidateFunction)(message)) return [];
    return (validate.errors ?? []).map(
      (error) => `${error.instancePath} ${error.message ?? ""} in ${JSON.stringify(message)}`,
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

const file = protocolSchema();

/** Null where the schema is not at hand. */
export const conformance =
  file === null ? null : new Conformance(JSON.parse(fs.readFileSync(file, "utf8")));
