// Owns what the gateway's full status says of Caddy: whether it serves what it should, and if not, why.

import { isDeepStrictEqual } from 'node:util';
import type { StateValueFrom } from 'xstate';
import type { reconcilerMachine } from '../../machines/reconciler.ts';
import type { RouteBook } from './routeBook.ts';
import type { Standings } from './routeStandings.ts';

/**
 * `starting`: Caddy has not been seen yet. `right`: it serves what is desired. `changing`: it is about to be written.
 * `failing`: it cannot be reached, refuses what it is told, or somebody else undoes it.
 */
export type CaddyState = 'starting' | 'right' | 'changing' | 'failing';

export interface CaddyStatus {
  readonly state: CaddyState;
  /** UTC, ISO 8601. */
  readonly since: string;
  /** Routes of mappings that there should be, and those of them that there are. */
  readonly desired: number;
  readonly applied: number;
  /** Of mappings that are served by TLS, as far as is known. */
  readonly certificates: { readonly issued: number; readonly pending: number; readonly failed: number };
  /** Names without a certificate, the gateway's own first, each with what is wrong and what to do; no more than MAX_TOLD_CONFLICTS. */
  readonly withoutCertificate: readonly ToldConflict[];
  /** Names that are not written, as somebody else's route has them; no more than MAX_TOLD_CONFLICTS. */
  readonly conflicts: readonly ToldConflict[];
  /** Null while all is well. */
  readonly lastError: string | null;
}

export interface ToldConflict {
  readonly domain: string;
  readonly port: number;
  readonly reason: string;
}

/** Raised: one answer of the status grows with the mistakes of a person. */
export const MAX_TOLD_CONFLICTS = 100;

/** A look at a Caddy that was right changes nothing yet; nor does one that is still awaited. */
export function caddyStateOf(
  before: CaddyState,
  value: StateValueFrom<typeof reconcilerMachine>,
  failures: number,
): CaddyState {
  if (failures > 0) return 'failing';
  if (value === 'settled' || isDeepStrictEqual(value, { pausing: 'right' })) return 'right';
  return value === 'looking' ? before : 'changing';
}

export function countsOf(standings: Standings): Pick<CaddyStatus, 'desired' | 'applied'> {
  const applied = standings.filter(([, { state }]) => state === 'applied');
  return { desired: standings.length, applied: applied.length };
}

export function certificatesOf(
  standings: Standings,
  book: Pick<RouteBook, 'standingOf' | 'certificateOf'>,
  gatewayHost: string | null,
): Pick<CaddyStatus, 'certificates' | 'withoutCertificate'> {
  const certificates = { issued: 0, pending: 0, failed: 0 };
  const own = gatewayHost === null ? null : { domain: gatewayHost, port: 443 };
  const ownCertificate = own === null ? undefined : book.certificateOf(own);
  const withoutCertificate: ToldConflict[] =
    own !== null && ownCertificate?.state === 'failed' ? [{ ...own, reason: ownCertificate.reason }] : [];
  for (const [route] of standings) {
    const { certificate } = book.standingOf(route);
    if (certificate === undefined) continue;
    certificates[certificate.state] += 1;
    if (certificate.state === 'failed' && withoutCertificate.length < MAX_TOLD_CONFLICTS)
      withoutCertificate.push({ domain: route.domain, port: route.port, reason: certificate.reason });
  }
  return { certificates, withoutCertificate };
}

export function conflictsOf(standings: Standings): ToldConflict[] {
  return standings.flatMap(([{ domain, port }, { state, reason }]) =>
    state === 'conflict' ? [{ domain, port, reason }] : [],
  );
}
