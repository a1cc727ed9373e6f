// What both ends count of requests: how they ended, how long they took, how much they moved. A request costs a few additions.

import type { Bus } from './bus.ts';
import type { Fact } from './facts.ts';
import type { Count, Metrics } from './metrics.ts';
import type { RelayOutcome } from '../machines/relay.ts';
import { errorCodes, visitorErrorOf, type ErrorCode } from '../protocol/errors.ts';

export interface RequestMetricsOptions {
  readonly metrics: Metrics;
  readonly bus: Pick<Bus, 'on'>;
  /** `octoporty_gateway` or `octoporty_agent`. */
  readonly prefix: string;
}

/**
 * Upper bounds in seconds. 0.05 is what a request may take longer for passing through a tunnel. More of them: more series
 * for each service, and nothing else.
 */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Switching protocols: what follows lasts as long as people like, and says nothing of anybody's speed. */
const UPGRADED = 101;

const HEADS = ['1xx', '2xx', '3xx', '4xx', '5xx'];

/** By the hundreds of a status; what an origin makes up beyond them is one more. */
const STATUS_CLASSES = ['other', ...HEADS];

/** What a request can end with: what its visitor may hear, and what ends a stream early. */
const CODES: readonly ErrorCode[] = [
  ...errorCodes().filter((code) => visitorErrorOf(code) === code),
  'cancelled',
  'mapping_gone',
];

/** The classes that go with each outcome; what an origin makes up is told once it has. */
const ENDINGS: Readonly<Record<RelayOutcome['kind'], readonly string[]>> = {
  complete: HEADS,
  // At the agent a failure has no status yet.
  failed: ['4xx', '5xx', 'none'],
  cut: HEADS,
  left: ['none', ...HEADS],
};

/** Counts until the returned function is called. */
export function countRequests({ metrics, bus, prefix }: RequestMetricsOptions): () => void {
  const countOf = endings(metrics, prefix);
  const countError = metrics.countsBy(
    {
      name: `${prefix}_request_errors_total`,
      help: 'Requests that did not end whole, by the error code of what went wrong.',
      label: 'code',
    },
    CODES,
  );
  const observeDuration = metrics.histogram(
    {
      name: `${prefix}_request_duration_seconds`,
      help: 'From the arrival of a request to its end; without upgraded ones.',
    },
    DURATION_BUCKETS,
  );
  const observeFirstByte = metrics.histogram(
    {
      name: `${prefix}_first_byte_seconds`,
      help: 'From the arrival of a request to the head of its answer, where the origin has answered.',
    },
    DURATION_BUCKETS,
  );
  const bytesOf = metrics.counts({
    name: `${prefix}_body_bytes_total`,
    help: 'Body bytes of requests that have ended: from visitors ("in") and to them ("out").',
    labels: ['direction'],
  });
  const [received, sent] = [bytesOf({ direction: 'in' }), bytesOf({ direction: 'out' })];

  return bus.on('relay.finished', ({ outcome, status, durationMs, firstByteMs, bytesIn, bytesOut }) => {
    countOf(outcome.kind, statusClassOf(status)).value += 1;
    if (outcome.code !== null) countError(outcome.code);
    if (status !== UPGRADED) observeDuration(durationMs / 1000);
    if (firstByteMs !== null) observeFirstByte(firstByteMs / 1000);
    received.value += bytesIn;
    sent.value += bytesOut;
  });
}

function endings(metrics: Metrics, prefix: string): (outcome: string, status: string) => Count {
  const open = metrics.counts({
    name: `${prefix}_requests_total`,
    help: 'Requests that have ended: how, and the class of their status ("none": nothing was answered).',
    labels: ['outcome', 'status'],
  });
  const known = new Map<string, Count>();
  function countOf(outcome: string, status: string): Count {
    const key = `${outcome} ${status}`;
    const count = known.get(key) ?? open({ outcome, status });
    known.set(key, count);
    return count;
  }
  for (const [outcome, classes] of Object.entries(ENDINGS))
    for (const each of classes) countOf(outcome, each);
  return countOf;
}

function statusClassOf(status: Fact<'relay.finished'>['status']): string {
  return status === null ? 'none' : (STATUS_CLASSES[Math.floor(status / 100)] ?? 'other');
}
