// Owns the way to the gateway through a forward proxy, as the environment of most programs names it.

import { getProxyForUrl } from 'proxy-from-env';
import { isLoopback } from './values.ts';

/** The HTTP proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY ask for; never one for this machine itself. */
export function proxyFor(gatewayUrl: string): string | null {
  const url = new URL(gatewayUrl);
  if (isLoopback(url.hostname)) return null;
  return getProxyForUrl(gatewayUrl.replace(/^ws/, 'http')) || null;
}
