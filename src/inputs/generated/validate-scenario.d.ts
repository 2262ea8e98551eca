/** What scripts/build-schema.mjs makes of the scenario's schema. */

export interface SchemaError {
  keyword: string;
  /** JSON pointer to the value that is wrong. */
  instancePath: string;
  schemaPath: string;
  params: Record<string, unknown>;
  /** The key of which the error speaks, where it is one of a key and not of a value. */
  propertyName?: string;
}

export interface ScenarioValidator {
  (value: unknown): boolean;
  /** What the last call found. */
  errors?: SchemaError[] | null;
}

export declare const validate: ScenarioValidator;
export default validate;

/** The keys of every object of a scenario, by the name of its definition in the schema. */
export declare const knownKeys: Readonly<Record<string, readonly string[]>>;
