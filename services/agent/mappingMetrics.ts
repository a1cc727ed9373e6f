// What the agent tells of single mappings to Prometheus: requests by public name, and edits. As many names as there is room for.

import type { Bus } from '../bus.ts';
import type { Metrics } from '../metrics.ts';
import type { Mappings } from './mappings.ts';

export interface MappingMetricsOptions {
  readonly metrics: Metrics;
  readonly prefix: string;
  readonly bus: Pick<Bus, 'on'>;
  readonly mappings: Pick<Mappings, 'view'>;
}

/**
 * Public names that are counted one by one: the first that were asked for since the start. All others together are "other".
 * Raised: six series more for each name, in our memory and in that of Prometheus.
 */
export const MAX_COUNTED_DOMAINS = 100;

const OTHER = 'other';

export function countMappings({ metrics, prefix, bus, mappings }: MappingMetricsOptions): void {
  const countRequest = metrics.counter({
    name: `${prefix}_mapping_requests_total`,
    help: `Requests by public name, and how they ended; of the first ${MAX_COUNTED_DOMAINS} names, then "${OTHER}".`,
    labels: ['domain', 'outcome'],
  });
  const countBytes = metrics.counter({
    name: `${prefix}_mapping_body_bytes_total`,
    help: 'Body bytes by public name: from visitors ("in") and to them ("out").',
    labels: ['domain', 'direction'],
  });
  const countEdit = metrics.counter({
    name: `${prefix}_mapping_edits_total`,
    help: 'Mappings that were saved or removed.',
    labels: ['change'],
  });
  const counted = new Set<string>();

  /** Of a mapping that is gone by now the name is not known any more. */
  function domainOf(mappingId: string): string {
    const domain = mappings.view.mappings.get(mappingId)?.externalDomain;
    if (domain === undefined) return OTHER;
    if (counted.has(domain)) return domain;
    if (counted.size >= MAX_COUNTED_DOMAINS) return OTHER;
    counted.add(domain);
    return domain;
  }

  bus.on('relay.finished', ({ mappingId, outcome, bytesIn, bytesOut }) => {
    if (mappingId === null) return;
    const domain = domainOf(mappingId);
    countRequest({ domain, outcome: outcome.kind });
    if (bytesIn > 0) countBytes({ domain, direction: 'in' }, bytesIn);
    if (bytesOut > 0) countBytes({ domain, direction: 'out' }, bytesOut);
  });
  bus.on('mapping.saved', ({ change }) => countEdit({ change }));
  bus.on('mappings.edited', ({ saved, removed }) => {
    countEdit({ change: 'saved' }, saved);
    countEdit({ change: 'removed' }, removed);
  });
}
