// What the agent tells of its tunnel to Prometheus: whether it is online, for how long, what ended it, and how soon it was back.

import { distinctUntilChanged, map } from 'rxjs';
import type { Clock } from '../../machines/clock.ts';
import type { Metrics } from '../metrics.ts';
import { isOnlineState, type Uplink } from './uplink.ts';

export interface TunnelMetricsOptions {
  readonly metrics: Metrics;
  readonly prefix: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly uplink: Pick<Uplink, 'status' | 'status$'>;
}

/** Upper bounds in seconds; a tunnel is back within 5 of the network's return. */
const RECONNECT_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 30, 60, 300, 3600];

/** Follows until the tunnel's status completes: at the agent's end. */
export function followTunnel({ metrics, prefix, clock, uplink }: TunnelMetricsOptions): void {
  let onlineMs = 0;
  /** By the monotonic clock; null while it is offline, or was never online. */
  let onlineSinceMs: number | null = null;
  let lostAtMs: number | null = null;

  metrics.level(
    { name: `${prefix}_tunnel_online`, help: '1: new requests reach this agent; 0: none does.' },
    () => (onlineSinceMs === null ? 0 : 1),
  );
  metrics.total(
    {
      name: `${prefix}_tunnel_online_seconds_total`,
      help: 'Time with a tunnel; its rate is the share of the time, whenever it was asked for.',
    },
    () => (onlineMs + (onlineSinceMs === null ? 0 : clock.nowMs() - onlineSinceMs)) / 1000,
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
  const countLoss = metrics.counter({
    name: `${prefix}_tunnel_losses_total`,
    help: 'Tunnels that ended, by the error code that says why.',
    labels: ['code'],
  });
  const observeReconnect = metrics.histogram(
    { name: `${prefix}_reconnect_seconds`, help: 'From the loss of a tunnel until one was online again.' },
    RECONNECT_BUCKETS,
  );

  const isOnline$ = uplink.status$.pipe(
    map(({ state }) => isOnlineState(state)),
    distinctUntilChanged(),
  );
  isOnline$.subscribe((isOnline) => {
    const nowMs = clock.nowMs();
    if (isOnline) {
      if (lostAtMs !== null) observeReconnect((nowMs - lostAtMs) / 1000);
      onlineSinceMs = nowMs;
    } else if (onlineSinceMs !== null) {
      countLoss({ code: uplink.status.lastError?.code ?? 'stopped' });
      onlineMs += nowMs - onlineSinceMs;
      onlineSinceMs = null;
      lostAtMs = nowMs;
    }
  });
}
