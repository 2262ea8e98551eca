/** Failures that the user is told about. */

/** Numbers of the protocol's error messages: each kind of failure keeps its own. */
export const FailureId = {
  unknownRequest: 1000,
  internal: 1001,
  cancelled: 1002,
  badArguments: 1003,
  program: 2000,
  notRecorded: 2001,
  stale: 2002,
  expression: 2003,
  source: 2004,
  memory: 2005,
} as const;

export type FailureId = (typeof FailureId)[keyof typeof FailureId];

/** Why a request could not be done, in words for the user. Everything else that is thrown is a defect. */
export class Failure extends Error {
  /** @param showUser whether the client should put it into a dialogue, not only where the request came from */
  constructor(
    readonly id: FailureId,
    message: string,
    readonly showUser = false,
  ) {
    super(message);
    this.name = "Failure";
  }
}
