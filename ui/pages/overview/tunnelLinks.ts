// The gateway and the tunnel to it: of a failure only one of the two is to blame.

import type { Status } from '../../../protocol/api/status.ts';
import { sayCount, sayCountOf, sayMs } from '../../format/amounts.ts';
import { wordsOfConnection } from '../../words/connectionWords.ts';
import type { Link, Situation } from './chain.ts';
import type { Trouble } from './troubles.ts';

/** What is wrong at the gateway; any other code is the tunnel's own. */
const GATEWAY_LABELS: ReadonlyMap<string, string> = new Map([
  ['dial_failed', 'Unreachable'],
  ['dial_timeout', 'Unreachable'],
  ['not_a_gateway', 'Not a gateway'],
  ['gateway_untrusted', 'Not trusted'],
  ['version_mismatch', 'Other version'],
  ['handshake_timeout', 'Slow'],
  ['handshake_crowded', 'Crowded'],
  ['going_away', 'Restarting'],
  ['draining', 'Restarting'],
]);

const AGAIN = 'The agent tries again by itself.';

/** What to do, where the code's own sentence does not say it; `url` is the gateway's. */
const ADVICE: ReadonlyMap<string, (url: string) => string> = new Map<string, (url: string) => string>([
  [
    'dial_failed',
    (url) => `Check that the gateway runs, and that OCTOPORTY_GATEWAY_URL (${url}) leads to it. ${AGAIN}`,
  ],
  ['dial_timeout', (url) => `Check that no firewall drops the way from this machine to ${url}. ${AGAIN}`],
  ['version_mismatch', () => 'Update the older one: the agent is online again within a minute.'],
  ['proxy_login_failed', () => 'Restart the agent with the right one.'],
  ['auth_failed', () => 'Restart the side that you change: the agent is online again within a minute.'],
  ['domain_taken', () => 'Stop that agent or give the name up there, or publish under another one.'],
  ['going_away', () => `It is back in a moment if somebody restarts it. ${AGAIN}`],
]);

/** A gateway that said this was reached: it is not to blame. */
const ANSWERED = ['auth_failed', 'duplicate_agent', 'auth_throttled', 'auth_expired'];

export function gatewayLink({ status, isOnline, tunnelSince }: Situation): Link {
  const { version } = status.gateway;
  const figure = version === null ? null : { value: version, unit: 'version' };
  const link = { key: 'gateway', name: 'Gateway', since: tunnelSince, figure, trouble: null } as const;
  if (isOnline) {
    const trouble = refusalOf(status);
    if (trouble === null) return { ...link, tone: 'ok', label: 'Reached' };
    return { ...link, tone: 'warn', label: `Refuses ${sayCount(status.config.errors.length)}`, trouble };
  }
  const code = status.lastError?.code ?? null;
  const label = code === null ? undefined : GATEWAY_LABELS.get(code);
  if (label !== undefined) return { ...link, tone: 'bad', label, trouble: failureOf(status) };
  if (code !== null && ANSWERED.includes(code)) return { ...link, tone: 'ok', label: 'Answers', since: null };
  return { ...link, tone: 'off', label: 'Not known', since: null };
}

export function tunnelLink({ status, isOnline, tunnelSince }: Situation): Link {
  const { tone, label, says } = wordsOfConnection(status.state);
  const { rttMs } = status.gateway;
  const link = { key: 'tunnel', name: 'Tunnel', tone, label, since: tunnelSince } as const;
  if (isOnline)
    return {
      ...link,
      figure: rttMs === null ? null : { value: sayMs(rttMs), unit: 'round trip' },
      trouble: tone === 'ok' ? null : { says, mappingId: null, intro: '', advice: '', to: '/machines' },
    };
  const code = status.lastError?.code;
  const isGatewayToBlame = code !== undefined && GATEWAY_LABELS.has(code);
  return {
    ...link,
    figure: { value: sayCount(status.attempt), unit: status.attempt === 1 ? 'attempt' : 'attempts' },
    trouble: isGatewayToBlame ? null : failureOf(status),
  };
}

function failureOf({ lastError, gateway }: Status): Trouble | null {
  if (lastError === null) return null;
  return {
    says: lastError.message,
    mappingId: null,
    intro: '',
    advice: ADVICE.get(lastError.code)?.(gateway.url) ?? AGAIN,
    to: '/machines?machine=agent:connection',
  };
}

/** Mappings that the gateway does not take. */
function refusalOf({ config: { errors }, gateway }: Status): Trouble | null {
  const [first] = errors;
  if (first === undefined) return null;
  return {
    says: first.message,
    mappingId: first.id,
    intro: errors.length === 1 ? '' : `${sayCountOf(errors.length, 'mapping')} are refused. `,
    advice: ADVICE.get(first.code)?.(gateway.url) ?? '',
    to: '/mappings',
  };
}
