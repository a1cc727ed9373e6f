// The cookie in which a browser carries its login: readable by no script, sent by no other site's pages.

export const SESSION_COOKIE = 'octoporty_session';

/** Every value under our name: an agent on another port of the same host has the same cookies. */
export function readSessionCookies(header: string | undefined): string[] {
  return (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${SESSION_COOKIE}=`))
    .map((pair) => pair.slice(SESSION_COOKIE.length + 1));
}

/** `Secure` only where TLS is: over plain HTTP a browser would throw the cookie away, and nobody could log in. */
export function writeSessionCookie(
  token: string,
  { maxAgeSeconds, isByTls }: { maxAgeSeconds: number; isByTls: boolean },
): string {
  const secure = isByTls ? '; Secure' : '';
  return `${SESSION_COOKIE}=${token}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
}
