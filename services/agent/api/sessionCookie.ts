// The cookie in which a browser carries its login: readable by no script, sent by no other site's pages.

import { createHash } from 'node:crypto';

export interface SessionCookie {
  readonly name: string;
  /** Every value under our name: a program on another port of the same host may have set some, for other paths. */
  read(header: string | undefined): string[];
  /** `Secure` only where TLS is: over plain HTTP a browser would throw the cookie away, and nobody could log in. */
  write(token: string, { maxAgeSeconds, isByTls }: { maxAgeSeconds: number; isByTls: boolean }): string;
}

/** Some of the digest: enough for agents to differ, and nothing of the id itself. */
const SUFFIX_CHARS = 8;

/** Cookies know no ports (RFC 6265 §8.5): agents that are reached under one host name need names of their own. */
export function createSessionCookie(agentId: string): SessionCookie {
  const suffix = createHash('sha256').update(agentId).digest('hex').slice(0, SUFFIX_CHARS);
  const name = `octoporty_session_${suffix}`;
  return {
    name,
    read: (header) =>
      (header ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${name}=`))
        .map((pair) => pair.slice(name.length + 1)),
    write(token, { maxAgeSeconds, isByTls }) {
      const secure = isByTls ? '; Secure' : '';
      return `${name}=${token}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
    },
  };
}
