// Owns the tests of the list of requests under way.

import { expect, test } from 'vitest';
import { MAX_LISTED_RELAYS, relayListSchema } from '../../../../protocol/api/relays.ts';
import { relayRoutes } from '../../../../services/agent/api/relays.ts';
import type { RelayDetail } from '../../../../services/relayActors.ts';
import { SimulatedClock } from '../../../simulation/simulatedClock.ts';
import { openApi } from './apiStage.ts';

const RELAY: RelayDetail = {
  requestId: 'r1',
  mappingId: '10000000-0000-4000-8000-000000000001',
  phase: 'awaiting',
  ageMs: 1_500,
  method: 'GET',
  path: '/slow',
  visitorAddress: '203.0.113.7',
};

async function listOf(oldest: readonly RelayDetail[], total: number) {
  const clock = new SimulatedClock();
  clock.runFor(2_000);
  const asked: number[] = [];
  const underWay = (limit: number) => {
    asked.push(limit);
    return { oldest, total };
  };
  const { ask } = await openApi({ guarded: [relayRoutes({ forwarder: { underWay }, clock })] });
  const { status, json } = await ask('GET', '/api/v1/relays');
  expect(status).toBe(200);
  return { asked, ...relayListSchema.parse(json) };
}

test('a request under way is listed with its state and since when', async () => {
  const { items, total } = await listOf([RELAY], 1);
  expect(total).toBe(1);
  expect(items).toEqual([
    {
      id: 'r1',
      portMappingId: RELAY.mappingId,
      state: 'awaiting',
      since: '2026-01-01T00:00:00.500Z',
      method: 'GET',
      path: '/slow',
      visitorAddress: '203.0.113.7',
    },
  ]);
});

test('of very many the oldest are asked for, and all are counted', async () => {
  const { asked, total } = await listOf([RELAY], 5_000);
  expect(asked).toEqual([MAX_LISTED_RELAYS]);
  expect(total).toBe(5_000);
});

test('one that ends while it is listed is left out', async () => {
  const { items } = await listOf([{ ...RELAY, phase: 'ended' }, RELAY], 2);
  expect(items).toHaveLength(1);
});
