// Owns the tests of the agent's machines: both ends of the tunnel listed, and each of them found by its id.

import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { machineDetailSchema, machineListSchema } from '../../../../protocol/api/machines.ts';
import type { ToldMachine } from '../../../../protocol/control.ts';
import { createActors } from '../../../../services/actors.ts';
import { machineRoutes } from '../../../../services/agent/api/machines.ts';
import { chartNamed } from '../../../../services/charts.ts';
import { SimulatedClock } from '../../../simulation/simulatedClock.ts';
import { openApi } from './apiStage.ts';

const inner = setup({ delays: { rest: 1_000 } }).createMachine({
  id: 'inner',
  initial: 'resting',
  context: { dials: 3, token: 'nobody may see' },
  states: { resting: { after: { rest: 'rested' } }, rested: {} },
});
const outer = setup({ actors: { inner } }).createMachine({
  id: 'outer',
  invoke: { src: 'inner', id: 'attempt.1' },
});

const SESSION: ToldMachine = {
  id: 'session.3/heartbeat',
  machine: 'heartbeat',
  state: 'lively',
  sinceMs: 253_402_300_799_999,
  transitions: [{ event: 'after tick', from: 'quiet.waiting', to: 'lively', atMs: 1.5 }],
};

test('both ends are listed, the agent’s own machines first', async () => {
  const { ask } = await open();
  const { status, json } = await ask('GET', '/api/v1/machines');
  expect(status).toBe(200);
  const { items } = machineListSchema.parse(json);
  expect(items.map(({ id, place, machine, state }) => [id, place, machine, state])).toEqual([
    ['connection', 'agent', 'outer', ''],
    ['connection/attempt.1', 'agent', 'inner', 'rested'],
    ['session.3/heartbeat', 'gateway', 'heartbeat', 'lively'],
  ]);
  expect(items[1]).toMatchObject({
    since: '2026-01-01T00:00:01.000Z',
    transitions: [{ event: 'after rest', from: 'resting', to: 'rested', at: '2026-01-01T00:00:01.000Z' }],
  });
  expect(items[2]).toMatchObject({ since: '9999-12-31T23:59:59.999Z' });
});

test.each(['connection/attempt.1', 'connection%2Fattempt.1', 'connection%2fattempt%2E1'])(
  'a machine of the agent is found as %s, with its chart and what it holds',
  async (id) => {
    const { ask } = await open();
    const { status, json, text } = await ask('GET', `/api/v1/machines/${id}`);
    expect(status).toBe(200);
    expect(machineDetailSchema.parse(json)).toMatchObject({
      id: 'connection/attempt.1',
      place: 'agent',
      definition: { name: 'inner', states: [{ name: 'resting' }, { name: 'rested' }] },
      context: { dials: 3 },
    });
    expect(text).not.toContain('nobody may see');
  },
);

test('a machine of the gateway is found with our own chart of that name, and without what it holds', async () => {
  const { ask } = await open();
  const { json } = await ask('GET', '/api/v1/machines/session.3%2Fheartbeat');
  expect(machineDetailSchema.parse(json)).toMatchObject({
    place: 'gateway',
    definition: chartNamed('heartbeat'),
    context: {},
  });
});

test('a machine of a newer gateway has no chart here', async () => {
  const { ask } = await open([{ ...SESSION, id: 'planner', machine: 'planner' }]);
  const { json } = await ask('GET', '/api/v1/machines/planner');
  expect(machineDetailSchema.parse(json)).toMatchObject({ machine: 'planner', definition: null });
});

test('what a gateway calls like a machine of ours does not hide it', async () => {
  const { ask } = await open([{ ...SESSION, id: 'connection' }]);
  const { json } = await ask('GET', '/api/v1/machines/connection');
  expect(machineDetailSchema.parse(json)).toMatchObject({ place: 'agent' });
});

test.each(['nobody', 'connection/', 'connection/attempt.2', '%zz', 'session.3', '__proto__'])(
  'there is nothing at %s',
  async (id) => {
    const { ask } = await open();
    const { status, json } = await ask('GET', `/api/v1/machines/${id}`);
    expect([status, json]).toMatchObject([404, { code: 'not_found' }]);
  },
);

async function open(told: readonly ToldMachine[] = [SESSION]) {
  const clock = new SimulatedClock();
  const actors = createActors(clock, (_, error) => {
    throw error;
  });
  actors.start('connection', outer, undefined);
  clock.runFor(1_000);
  return openApi({ guarded: [machineRoutes({ actors, gatewayMachines: () => told })] });
}
