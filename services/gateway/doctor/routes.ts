// The doctor's question to a running gateway: does Caddy serve what the mappings say?

import { z } from 'zod';
import type { GatewayConfig } from '../../config.ts';
import { failed, ok, skipped, type Finding } from '../../doctor.ts';
import { askFullStatus } from './fullStatus.ts';

const CHECK = 'routes';

/** Reasons that one line names. Raised: the line is longer than a person reads. */
const MAX_NAMED = 3;

const statusSchema = z.object({
  caddy: z
    .object({
      state: z.string(),
      desired: z.int(),
      applied: z.int(),
      conflicts: z.array(z.object({ reason: z.string() })),
      lastError: z.string().nullable(),
    })
    .nullable(),
});

type Caddy = NonNullable<z.output<typeof statusSchema>['caddy']>;

export async function examineRoutes(
  config: Pick<GatewayConfig, 'listenHost' | 'listenPort' | 'statusToken'>,
): Promise<Finding> {
  if (config.statusToken === null)
    return skipped(CHECK, 'OCTOPORTY_STATUS_TOKEN is not set: the gateway tells of its routes only with it');
  const parsed = statusSchema.safeParse(await askFullStatus(config, config.statusToken));
  if (!parsed.success)
    return failed(
      CHECK,
      'the gateway does not tell of its routes',
      'give the doctor the environment of the gateway, OCTOPORTY_STATUS_TOKEN too',
    );
  const { caddy } = parsed.data;
  return caddy === null
    ? failed(CHECK, 'the gateway runs without Caddy', 'restart it with OCTOPORTY_CADDY_ADMIN_URL')
    : findingOf(caddy);
}

function findingOf({ state, desired, applied, conflicts, lastError }: Caddy): Finding {
  const counts = `${applied} of ${desired} are in Caddy`;
  if (lastError !== null) return failed(CHECK, `${counts}: ${lastError}`, "see the gateway's log");
  if (conflicts.length > 0) {
    return failed(
      CHECK,
      `${counts}: ${reasonsOf(conflicts)}`,
      'settle that in Caddy, or change or remove the mapping',
    );
  }
  return ok(CHECK, state === 'right' ? counts : `${counts}, the others are on their way`);
}

/** Many names may have one reason: a port that is taken. */
function reasonsOf(conflicts: Caddy['conflicts']): string {
  const reasons = [...new Set(conflicts.map(({ reason }) => reason))];
  const more = reasons.length > MAX_NAMED ? ` And ${reasons.length - MAX_NAMED} more.` : '';
  return `${reasons.slice(0, MAX_NAMED).join(' ')}${more}`;
}
