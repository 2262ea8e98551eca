/** The statements of the stepped core; written by the build (`scripts/stepping`). */
/* eslint-disable @typescript-eslint/consistent-type-imports -- an import statement would make this a module */
declare module "stepped:statements" {
  /** By number. Numbers ascend with the position in a file. */
  export const functions: readonly import("./statements.js").FunctionInfo[];
  /** By number. Numbers ascend with the position in a file. */
  export const statements: readonly import("./statements.js").StatementInfo[];
}
