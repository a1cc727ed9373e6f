// Owns `octoporty health`: asks a service of this machine how it is, for images that have neither shell nor curl.

import { get } from 'node:http';
import type { HealthTarget } from './config.ts';

export interface HealthAnswer {
  readonly isHealthy: boolean;
  /** One line for a person. */
  readonly says: string;
}

/** A service that needs longer to say that it is well, is not. */
const HEALTH_TIMEOUT_MS = 3000;

/** Never rejects: a service that cannot be asked is not healthy. */
export function askHealth({ service, host, port }: HealthTarget): Promise<HealthAnswer> {
  return new Promise((resolve) => {
    const request = get({
      host: addressOf(host),
      port,
      path: '/health',
      agent: false,
      signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
    });
    request.on('response', (response) => {
      response.resume();
      const isHealthy = response.statusCode === 200;
      const says = isHealthy ? 'is healthy' : `is not healthy (status ${response.statusCode ?? 0})`;
      resolve({ isHealthy, says: `The ${service} on port ${port} ${says}.` });
    });
    request.on('error', (error) => {
      const why =
        error.name === 'AbortError' ? `no answer within ${HEALTH_TIMEOUT_MS / 1000} s` : codeOf(error);
      resolve({ isHealthy: false, says: `The ${service} on port ${port} cannot be asked: ${why}.` });
    });
  });
}

/** What listens on every address is asked on loopback. */
export function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::' || host === '[::]') return '::1';
  return host.replace(/^\[(.*)\]$/, '$1');
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
