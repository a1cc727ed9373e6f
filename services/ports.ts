// Owns what a failed listen means: whether the port is taken, and the words that help.

/** Which setting chose the address, so that the person knows what to change. */
export interface ListenSetting {
  readonly portVariable: string;
  readonly hostVariable: string;
}

export function isPortTaken(error: unknown): boolean {
  return codeOf(error) === 'EADDRINUSE';
}

/** One plain line about a service that could not listen; null when that was not why. */
export function listenProblem(error: unknown, { portVariable, hostVariable }: ListenSetting): string | null {
  if (isUnknownAddress(error))
    return `This machine has no such address to listen on: correct ${hostVariable}.`;
  if (!(error instanceof Error) || !('port' in error)) return null;
  const port = String(error.port);
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `Port ${port} is taken: stop what uses it, or choose another with ${portVariable}.`;
    case 'EACCES':
      return `Port ${port} is not allowed for this user: choose one above 1023 with ${portVariable}.`;
    default:
      return null;
  }
}

/** A name that is none fails before there is a port to fail with. */
function isUnknownAddress(error: unknown): boolean {
  if (!(error instanceof Error && 'syscall' in error)) return false;
  return error.syscall === 'getaddrinfo' || (error.syscall === 'listen' && NO_ADDRESS.has(codeOf(error)));
}

/** Of another machine; of an interface that is not there, or of none; IPv6 where that is switched off. */
const NO_ADDRESS: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'EINVAL', 'EAFNOSUPPORT']);

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
