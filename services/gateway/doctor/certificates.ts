// The doctor's question to a running gateway: do visitors get certificates for the published names, and if not, why?

import { z } from 'zod';
import type { GatewayConfig } from '../../config.ts';
import { failed, ok, skipped, type Finding } from '../../doctor.ts';
import { askFullStatus } from './fullStatus.ts';

const CHECK = 'certificates';

const statusSchema = z.object({
  caddy: z.object({
    certificates: z.object({ issued: z.int(), pending: z.int(), failed: z.int() }),
    withoutCertificate: z.array(z.object({ reason: z.string() })),
  }),
});

type Caddy = z.output<typeof statusSchema>['caddy'];

export async function examineCertificates(
  config: Pick<GatewayConfig, 'listenHost' | 'listenPort'>,
  statusToken: string,
): Promise<Finding> {
  const parsed = statusSchema.safeParse(await askFullStatus(config, statusToken));
  return parsed.success
    ? findingOf(parsed.data.caddy)
    : skipped(CHECK, 'the gateway does not tell of its certificates');
}

/** The first reason says what to do by itself, and the status tells of all. */
function findingOf({ certificates, withoutCertificate }: Caddy): Finding {
  const { issued, pending, failed: lacking } = certificates;
  const all = issued + pending + lacking;
  const counts = `${issued} of ${all} are issued`;
  const [first, ...others] = withoutCertificate;
  if (first !== undefined) {
    const more =
      others.length === 0 ? '' : ` And ${others.length} more: see the status of the gateway, or its log.`;
    return failed(CHECK, `${counts}. ${first.reason}${more}`);
  }
  if (all === 0) return ok(CHECK, 'no published name is served by TLS yet');
  if (pending === 0) return ok(CHECK, counts);
  return ok(
    CHECK,
    `${counts}; ${pending} are awaited: if it stays so, see that OCTOPORTY_CADDY_HOST is where Caddy listens`,
  );
}
