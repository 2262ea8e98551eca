/** What scripts/build-schema.mjs makes of the debug protocol's types and of custom-requests.ts. */

/** As much of JSON Schema as those types need. */
export interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly type?: "object" | "array" | "string" | "boolean" | "integer";
  /** Of an integer. */
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** By their names, as `#/definitions/NAME` refers to them. */
export declare const definitions: Readonly<Record<string, Schema>>;

/** The name of the definition of the arguments, by command; commands that take none are missing. */
export declare const argumentsOf: Readonly<Record<string, string>>;
