// What the gateway tells of itself to Prometheus: facts counted as they come, levels read when it is asked.

import type { Bus } from '../bus.ts';
import type { ChannelLoad } from '../channelLoad.ts';
import { Metrics } from '../metrics.ts';
import { describeProcess } from '../processMetrics.ts';
import { countRequests } from '../requestMetrics.ts';
import { TUNNEL_END_CODES } from '../tunnelEnds.ts';
import { describeCaddy, type CaddyMetricsOptions } from './caddyMetrics.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { SessionView } from './sessionView.ts';

export interface GatewayMetricsOptions {
  readonly bus: Pick<Bus, 'on'>;
  readonly version: string;
  readonly counts: () => { readonly agents: number; readonly tunnels: number; readonly names: number };
  readonly sessions: () => readonly SessionView[];
  readonly load: () => ChannelLoad;
  /** Requests under way, those that wait for a tunnel among them. */
  readonly relays: () => number;
  /** Null where visitors reach the gateway without it. */
  readonly caddy: CaddyMetricsOptions | null;
}

const PREFIX = 'octoporty_gateway';

export function createGatewayMetrics(options: GatewayMetricsOptions): Metrics {
  const { bus, version, sessions, relays, caddy } = options;
  const metrics = new Metrics();
  const [counts, load] = [metrics.once(options.counts), metrics.once(options.load)];
  metrics.levels(
    { name: `${PREFIX}_info`, help: 'Always 1; its label tells the version.', label: 'version' },
    () => ({ [version]: 1 }),
  );
  countRequests({ metrics, bus, prefix: PREFIX });
  metrics.level(
    { name: `${PREFIX}_requests_in_flight`, help: 'Requests under way, those that wait for a tunnel too.' },
    relays,
  );
  metrics.level(
    { name: `${PREFIX}_agents`, help: 'Agents with a tunnel that is online.' },
    () => counts().agents,
  );
  metrics.level({ name: `${PREFIX}_tunnels`, help: 'Tunnels that are online.' }, () => counts().tunnels);
  metrics.level(
    { name: `${PREFIX}_names`, help: 'Public host names that lead to an agent now.' },
    () => counts().names,
  );
  metrics.level(
    { name: `${PREFIX}_streams`, help: 'Streams that are open in all tunnels.' },
    () => load().streams,
  );
  metrics.levels(
    {
      name: `${PREFIX}_buffered_bytes`,
      help: 'Bytes in our memory or on their way: from agents, not taken by visitors ("in"); to agents, not known to have arrived ("out").',
      label: 'direction',
    },
    () => ({ in: load().receivedBytes, out: load().sentBytes }),
  );
  metrics.level(
    {
      name: `${PREFIX}_tunnel_rtt_max_seconds`,
      help: 'Round trip of the slowest tunnel, as its last heartbeat measured it.',
    },
    () => slowestSeconds(sessions()),
  );
  countTunnels(metrics, bus);
  if (caddy !== null) describeCaddy(metrics, PREFIX, caddy);
  describeProcess(metrics);
  return metrics;
}

/** What a dial with a readable token is refused for (machines/admission.ts). */
const REFUSALS: readonly ErrorCode[] = ['auth_failed', 'duplicate_agent', 'replaced'];

function countTunnels(metrics: Metrics, bus: Pick<Bus, 'on'>): void {
  const countOpened = metrics.counter({
    name: `${PREFIX}_tunnels_opened_total`,
    help: 'Tunnels that came online.',
    labels: [],
  });
  const countEnded = metrics.countsBy<ErrorCode | 'none'>(
    {
      name: `${PREFIX}_tunnels_ended_total`,
      help: 'Tunnels that were online and ended, by the error code that says why ("none": nobody said).',
      label: 'code',
    },
    TUNNEL_END_CODES,
  );
  const countRefused = metrics.countsBy<ErrorCode>(
    {
      name: `${PREFIX}_agents_refused_total`,
      help: 'Dials that were not let in, by error code; of one address with a wrong secret not more than are logged.',
      label: 'code',
    },
    REFUSALS,
  );
  bus.on('tunnel.changed', ({ state, code }) => {
    if (state === 'online') countOpened({});
    else countEnded(code ?? 'none');
  });
  bus.on('tunnel.refused', ({ code }) => countRefused(code));
}

/** Null until one was measured. */
function slowestSeconds(sessions: readonly SessionView[]): number | null {
  const measured = sessions.map(({ rttMs }) => rttMs).filter((rttMs) => rttMs !== null);
  return measured.length === 0 ? null : Math.max(...measured) / 1000;
}
