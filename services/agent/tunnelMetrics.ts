// What the agent tells of its tunnel to Prometheus: whether it is online, for how long, what ended it, and how soon it was back.

import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Metrics } from '../metrics.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { TUNNEL_END_CODES } from '../tunnelEnds.ts';
import { isOnlineState, type Uplink } from './uplink.ts';

export interface TunnelMetricsOptions {
  readonly metrics: Metrics;
  readonly prefix: string;
  readonly bus: Pick<Bus, 'on'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly uplink: Pick<Uplink, 'status'>;
}

/** Upper bounds in seconds; a tunnel is back within 5 of the network's return. */
const RECONNECT_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 30, 60, 300, 3600];

/** What is now is read from the tunnel's status, what has happened is counted from the facts. */
export function followTunnel({ metrics, prefix, bus, clock, uplink }: TunnelMetricsOptions): void {
  /** Of the tunnels that have ended. */
  let endedMs = 0;
  /** By the monotonic clock, as all here: when it was last said that a tunnel is online, and that none is any more. */
  let cameAtMs = 0;
  let lostAtMs: number | null = null;
  const isOnline = () => isOnlineState(uplink.status.state);

  metrics.level(
    { name: `${prefix}_tunnel_online`, help: '1: new requests reach this agent; 0: none does.' },
    () => (isOnline() ? 1 : 0),
  );
  metrics.total(
    {
      name: `${prefix}_tunnel_online_seconds_total`,
      help: 'Time with a tunnel; its rate is the share of the time, whenever it was asked for.',
    },
    () => (endedMs + (isOnline() ? clock.nowMs() - cameAtMs : 0)) / 1000,
  );
  metrics.level(
    {
      name: `${prefix}_tunnel_rtt_seconds`,
      help: 'Round trip to the gateway, as the last heartbeat measured it.',
    },
    () => {
      const { rttMs } = uplink.status.gateway;
      return rttMs === null ? null : rttMs / 1000;
    },
  );
  const countLoss = metrics.countsBy<ErrorCode | 'none'>(
    {
      name: `${prefix}_tunnel_losses_total`,
      help: 'Tunnels that ended, by the error code that says why ("none": nobody said).',
      label: 'code',
    },
    TUNNEL_END_CODES,
  );
  const observeReconnect = metrics.histogram(
    { name: `${prefix}_reconnect_seconds`, help: 'From the loss of a tunnel until one was online again.' },
    RECONNECT_BUCKETS,
  );

  bus.on('tunnel.changed', ({ state, code }) => {
    const nowMs = clock.nowMs();
    if (state === 'online') {
      if (lostAtMs !== null) observeReconnect((nowMs - lostAtMs) / 1000);
      cameAtMs = nowMs;
    } else {
      countLoss(code ?? 'none');
      endedMs += nowMs - cameAtMs;
      lostAtMs = nowMs;
    }
  });
}
