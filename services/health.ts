// Owns `octoporty health`: asks a service of this machine how it is, for images that have neither shell nor curl.

import { z } from 'zod';
import type { HealthTarget } from './config.ts';
import { ask } from './doctor/ask.ts';

export interface HealthAnswer {
  readonly isHealthy: boolean;
  /** One line for a person. */
  readonly says: string;
}

/** A service that needs longer to say that it is well, is not. */
const HEALTH_TIMEOUT_MS = 3000;

/** Never rejects: a service that cannot be asked is not healthy. */
export async function askHealth({ service, host, port }: HealthTarget): Promise<HealthAnswer> {
  const where = `The ${service} on port ${port}`;
  try {
    const { status, json } = await ask({
      host: addressOf(host),
      port,
      path: '/health',
      timeoutMs: HEALTH_TIMEOUT_MS,
    });
    return { isHealthy: status === 200, says: `${where} ${wordsOf(service, status, json)}.` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { isHealthy: false, says: `${where} cannot be asked: ${why}.` };
  }
}

/** What listens on every address is asked on loopback. */
export function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::' || host === '[::]') return '::1';
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** As an agent tells it: to start it anew would mend neither its tunnel nor its database. */
const degradedSchema = z.object({
  status: z.literal('degraded'),
  checks: z.object({ database: z.string(), tunnel: z.string() }),
});

function wordsOf(service: string, status: number, body: unknown): string {
  if (status !== 200) return `is not healthy (status ${status})`;
  const degraded = degradedSchema.safeParse(body).data;
  if (degraded === undefined) return 'is healthy';
  const { tunnel, database } = degraded.checks;
  return `runs, but not all is well (tunnel ${tunnel}, database ${database}): "octoporty doctor ${service}" says what to do`;
}
