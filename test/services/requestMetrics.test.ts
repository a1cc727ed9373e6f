// Owns the tests of what both ends count of requests: each once, by how it ended, and never by what its visitor chose.

import { expect, test } from 'vitest';
import { createBus } from '../../services/bus.ts';
import type { Fact } from '../../services/facts.ts';
import { Metrics } from '../../services/metrics.ts';
import { countRequests } from '../../services/requestMetrics.ts';
import { parseExposition } from '../support/exposition.ts';

const FINISHED: Fact<'relay.finished'> = {
  type: 'relay.finished',
  requestId: 'a-request-id',
  mappingId: '00000000-0000-4000-8000-000000000001',
  method: 'BREW',
  path: '/a/path',
  visitorAddress: '203.0.113.9',
  status: 200,
  outcome: { kind: 'complete', code: null },
  durationMs: 40,
  firstByteMs: 30,
  bytesIn: 10,
  bytesOut: 2_000,
};

test('a request is counted by its outcome and the class of its status, with its durations and bytes', async () => {
  const { finish, values } = count();
  finish();
  finish({ status: 404, firstByteMs: 70, durationMs: 80 });
  const now = await values();
  expect(now).toMatchObject({
    'x_requests_total{outcome="complete",status="2xx"}': 1,
    'x_requests_total{outcome="complete",status="4xx"}': 1,
    'x_request_duration_seconds_bucket{le="0.05"}': 1,
    x_request_duration_seconds_count: 2,
    'x_first_byte_seconds_bucket{le="0.05"}': 1,
    x_first_byte_seconds_count: 2,
    'x_body_bytes_total{direction="in"}': 20,
    'x_body_bytes_total{direction="out"}': 4_000,
  });
  expect(now.x_request_duration_seconds_sum).toBeCloseTo(0.12);
  expect(now.x_first_byte_seconds_sum).toBeCloseTo(0.1);
});

test('one that failed, was cut or was left is counted by its error code too', async () => {
  const { finish, values } = count();
  finish({ outcome: { kind: 'failed', code: 'origin_refused' }, status: 502, firstByteMs: null });
  finish({ outcome: { kind: 'cut', code: 'origin_reset' } });
  finish({ outcome: { kind: 'left', code: 'cancelled' }, status: null, firstByteMs: null });
  expect(await values()).toMatchObject({
    'x_requests_total{outcome="failed",status="5xx"}': 1,
    'x_requests_total{outcome="cut",status="2xx"}': 1,
    'x_requests_total{outcome="left",status="none"}': 1,
    'x_request_errors_total{code="origin_refused"}': 1,
    'x_request_errors_total{code="origin_reset"}': 1,
    'x_request_errors_total{code="cancelled"}': 1,
    x_request_duration_seconds_count: 3,
    x_first_byte_seconds_count: 1,
  });
});

test('an error that has not happened yet is told as none, so that its first is seen', async () => {
  const { values } = count();
  expect(await values()).toMatchObject({
    'x_request_errors_total{code="tunnel_lost"}': 0,
    'x_request_errors_total{code="internal"}': 0,
    'x_request_errors_total{code="cancelled"}': 0,
    'x_requests_total{outcome="complete",status="2xx"}': 0,
    'x_requests_total{outcome="failed",status="5xx"}': 0,
  });
});

test('how long an upgraded connection was used is nobody’s speed, how soon it was answered is', async () => {
  const { finish, values } = count();
  finish({ status: 101, durationMs: 3_600_000 });
  expect(await values()).toMatchObject({
    'x_requests_total{outcome="complete",status="1xx"}': 1,
    x_request_duration_seconds_count: 0,
    x_first_byte_seconds_count: 1,
  });
});

test('whatever visitors and origins make up, there are no more series', async () => {
  const { finish, values } = count();
  finish({ status: 299 });
  finish({ status: 600 });
  const before = Object.keys(await values()).length;
  for (let number = 0; number < 500; number += 1)
    finish({
      path: `/${number}`,
      method: `M${number}`,
      visitorAddress: `198.51.100.${number}`,
      status: 600 + number,
    });
  expect(Object.keys(await values())).toHaveLength(before);
});

test('once nobody counts any more, nothing is told to anybody', async () => {
  const { finish, values, leave, described } = count();
  leave();
  finish();
  expect(described()).toBe(0);
  expect(await values()).toMatchObject({ x_request_duration_seconds_count: 0 });
});

/** Requests are counted under `x`. */
function count() {
  let described = 0;
  const metrics = new Metrics();
  const bus = createBus((error) => {
    throw error;
  });
  const leave = countRequests({ metrics, bus, prefix: 'x' });
  return {
    leave,
    described: () => described,
    finish: (change: Partial<Fact<'relay.finished'>> = {}) => {
      bus.publish(() => {
        described += 1;
        return { ...FINISHED, ...change };
      });
    },
    values: async () => Object.fromEntries(parseExposition(await metrics.read()).values),
  };
}
