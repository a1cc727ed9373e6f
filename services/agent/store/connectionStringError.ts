// What is wrong with a connection string, as one line for the operator.

/** The connection string names no database we can use. The message is one plain line, and repeats no password. */
export class ConnectionStringError extends Error {
  override readonly name = 'ConnectionStringError';
  /** The end of a sentence that begins with the setting, however it was given. */
  readonly problem: string;

  /** The problem is the end of a sentence that begins with the variable's name. */
  constructor(problem: string) {
    super(`OCTOPORTY_CONNECTION_STRING ${problem}`);
    this.problem = problem;
  }
}
