// What the agent tells of single mappings to Prometheus: requests by public name, and edits. As many names as there is room for.

import type { Bus } from '../bus.ts';
import type { RelayOutcome } from '../../machines/relay.ts';
import type { Count, Metrics } from '../metrics.ts';
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
  const requestsOf = metrics.counts({
    name: `${prefix}_mapping_requests_total`,
    help: `Requests by public name, and how they ended; of the first ${MAX_COUNTED_DOMAINS} names, then "${OTHER}".`,
    labels: ['domain', 'outcome'],
  });
  const bytesOf = metrics.counts({
    name: `${prefix}_mapping_body_bytes_total`,
    help: 'Body bytes by public name: from visitors ("in") and to them ("out").',
    labels: ['domain', 'direction'],
  });
  const countEdit = metrics.countsBy(
    { name: `${prefix}_mapping_edits_total`, help: 'Mappings that were saved or removed.', label: 'change' },
    ['saved', 'removed'],
  );
  const counted = new Map<string, DomainCounts>();
  const others = countsOf(OTHER);

  function countsOf(domain: string): DomainCounts {
    return {
      domain,
      ended: {
        complete: requestsOf({ domain, outcome: 'complete' }),
        failed: requestsOf({ domain, outcome: 'failed' }),
        cut: requestsOf({ domain, outcome: 'cut' }),
        left: requestsOf({ domain, outcome: 'left' }),
      },
      received: bytesOf({ domain, direction: 'in' }),
      sent: bytesOf({ domain, direction: 'out' }),
    };
  }

  /** Of a mapping that is gone by now the name is not known any more. */
  function countsFor(mappingId: string): DomainCounts {
    const domain = mappings.view.mappings.get(mappingId)?.externalDomain;
    if (domain === undefined) return others;
    const known = counted.get(domain);
    if (known !== undefined) return known;
    if (counted.size >= MAX_COUNTED_DOMAINS) return others;
    const fresh = countsOf(domain);
    counted.set(domain, fresh);
    return fresh;
  }

  bus.on('relay.finished', ({ mappingId, outcome, bytesIn, bytesOut }) => {
    if (mappingId === null) return;
    const counts = countsFor(mappingId);
    counts.ended[outcome.kind].value += 1;
    counts.received.value += bytesIn;
    counts.sent.value += bytesOut;
  });
  bus.on('mapping.saved', ({ change }) => countEdit(change));
  bus.on('mappings.edited', ({ saved, removed }) => {
    countEdit('saved', saved);
    countEdit('removed', removed);
  });
}

/** Of one public name, or of all others together. */
interface DomainCounts {
  readonly domain: string;
  readonly ended: Readonly<Record<RelayOutcome['kind'], Count>>;
  readonly received: Count;
  readonly sent: Count;
}
