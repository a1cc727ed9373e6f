// Where a service is, in one line as people write it, taken apart into the fields of a mapping.

export interface TargetFields {
  readonly internalProtocol: 'http' | 'https';
  readonly internalHost: string;
  readonly internalPort: number;
}

export type ParsedTarget = { readonly target: TargetFields } | { readonly problem: string };

const ENTER_TARGET = 'Enter where the service is, such as http://nas.local:8080.';
const PORTS = { http: 80, https: 443 } as const;

/** Scheme, host (IPv6 in brackets), port, and what should not be there; only the host is always there. */
const SHAPE = /^(?:([^:/?#[\]@]*):\/\/)?(?:([^/?#]*)@)?(\[[^\]]*\]|[^:/?#[\]]*)(?::(\d*))?([/?#].*)?$/s;

/** More than one colon and nothing but what an address is made of. */
const BARE_IPV6 = /^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*$/i;

/**
 * `http://nas.local:8080`, `nas.local:8080`, `https://10.0.0.5`, `[fd00::10]:3000`. Without a scheme it is http, at port 443
 * https; without a port it is the scheme's own. Host and port are for the mapping's schema to judge.
 */
export function parseTarget(text: string): ParsedTarget {
  const line = text.trim();
  if (line === '') return { problem: ENTER_TARGET };
  const found = SHAPE.exec(BARE_IPV6.test(line) ? `[${line}]` : line);
  if (found === null) return { problem: ENTER_TARGET };
  const [, scheme, user, host = '', portText = '', rest = ''] = found;
  const named = scheme?.toLowerCase();
  if (named !== undefined && named !== 'http' && named !== 'https')
    return { problem: 'Enter an address that begins with http:// or https://.' };
  if (user !== undefined) return { problem: 'Enter the address without a user name or password.' };
  if (host === '') return { problem: ENTER_TARGET };
  if (rest !== '' && rest !== '/')
    return { problem: 'Enter the address without a path: the path that a visitor asks for is kept.' };
  const internalProtocol = named ?? (portText === '443' ? 'https' : 'http');
  const internalPort = portText === '' ? PORTS[internalProtocol] : Number(portText);
  return { target: { internalProtocol, internalHost: host, internalPort } };
}

/** It is no name that must be looked up. */
export function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+(\.\d+){3}$/.test(host);
}
