// What the agent tells of itself to Prometheus: facts counted as they come, levels read when it is asked.

import type { Bus } from '../bus.ts';
import type { ChannelLoad } from '../channelLoad.ts';
import type { Clock } from '../../machines/clock.ts';
import { Metrics } from '../metrics.ts';
import { describeProcess } from '../processMetrics.ts';
import { countRequests } from '../requestMetrics.ts';
import type { DatabaseState } from './database.ts';
import { countMappings } from './mappingMetrics.ts';
import type { Mappings } from './mappings.ts';
import { followTunnel } from './tunnelMetrics.ts';
import type { Uplink } from './uplink.ts';

export interface AgentMetricsOptions {
  readonly bus: Pick<Bus, 'on'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly version: string;
  readonly uplink: Pick<Uplink, 'status'>;
  readonly load: () => ChannelLoad;
  readonly mappings: Pick<Mappings, 'view'>;
  readonly databaseState: () => DatabaseState;
  readonly droppedLogRows: () => number;
  /** Requests under way. */
  readonly relays: () => number;
  readonly hubClients: () => number;
}

const PREFIX = 'octoporty_agent';

export function createAgentMetrics(options: AgentMetricsOptions): Metrics {
  const { bus, version, uplink, mappings, databaseState, droppedLogRows, relays, hubClients } = options;
  const metrics = new Metrics();
  const load = metrics.once(options.load);
  metrics.levels(
    { name: `${PREFIX}_info`, help: 'Always 1; its label tells the version.', label: 'version' },
    () => ({ [version]: 1 }),
  );
  countRequests({ metrics, bus, prefix: PREFIX });
  metrics.level({ name: `${PREFIX}_requests_in_flight`, help: 'Requests under way.' }, relays);
  metrics.levels(
    {
      name: `${PREFIX}_buffered_bytes`,
      help: 'Bytes in our memory or on their way: from the gateway, not taken by origins ("in"); to the gateway, not known to have arrived ("out").',
      label: 'direction',
    },
    () => ({ in: load().receivedBytes, out: load().sentBytes }),
  );
  followTunnel({ ...options, metrics, prefix: PREFIX });
  metrics.level(
    { name: `${PREFIX}_config_revision`, help: 'The newest revision of the mappings.' },
    () => uplink.status.config.revision,
  );
  metrics.level(
    {
      name: `${PREFIX}_config_acked_revision`,
      help: 'The revision that the gateway has confirmed last; behind the newest one, an edit is not published.',
    },
    () => uplink.status.config.ackedRevision,
  );
  metrics.levels(
    {
      name: `${PREFIX}_mappings`,
      help: 'Mappings, by what they are: enabled, disabled; and how many of the enabled ones the gateway refused.',
      label: 'state',
    },
    () => ({ ...enabledAndNot(mappings.view), refused: uplink.status.config.errors.length }),
  );
  countMappings({ metrics, bus, mappings, prefix: PREFIX });
  metrics.level(
    { name: `${PREFIX}_database_up`, help: '1: the database can be used; 0: not yet, or not any more.' },
    () => (databaseState() === 'ok' ? 1 : 0),
  );
  metrics.total(
    {
      name: `${PREFIX}_log_rows_dropped_total`,
      help: 'Rows of the logs that found no room in memory or could not be stored.',
    },
    droppedLogRows,
  );
  metrics.level({ name: `${PREFIX}_hub_clients`, help: 'Dashboards that are open and follow.' }, hubClients);
  describeProcess(metrics);
  return metrics;
}

function enabledAndNot({ mappings }: Mappings['view']): { enabled: number; disabled: number } {
  let enabled = 0;
  for (const mapping of mappings.values()) if (mapping.enabled) enabled += 1;
  return { enabled, disabled: mappings.size - enabled };
}
