// Owns the tests of the agent's connection once it is online: which wire it keeps, and what it does when one is silent.

import { expect, test } from 'vitest';
import { connectionMachine } from '../../machines/connection.ts';
import { arrived } from './arrived.ts';
import * as stages from './connectionStage.ts';
import { TransitionCoverage } from './coverage.ts';
import type { LinkCall } from './recordingLink.ts';

const coverage = new TransitionCoverage(connectionMachine);
const online = () => stages.online(coverage.inspect);
const closed: LinkCall[] = [{ do: 'close', code: 'replaced', detail: '' }];

test('three seconds of silence dial in parallel, at most three beside the silent wire', () => {
  const { clock, gateway, isIn, context } = online();
  clock.runUntil(2_999);
  expect(isIn({ online: 'lively' })).toBe(true);
  clock.runUntil(11_249);
  expect(isIn({ online: 'doubtful' })).toBe(true);
  expect([gateway.dialledMs, context().dialling]).toEqual([
    [0, 3_000, 5_750, 8_500],
    [2, 3, 4],
  ]);
});

test('beside a silent wire too, a fourth dial takes the place of the oldest: no error to show', () => {
  const { clock, gateway, isIn, context, attempts } = online();
  clock.runUntil(11_249);
  expect(gateway.wire(1).calls()).toEqual([]);
  clock.runUntil(11_250);
  expect(gateway.wire(1).calls()).toEqual([{ do: 'close', code: 'dial_timeout', detail: '' }]);
  expect(gateway.dialledMs).toEqual([0, 3_000, 5_750, 8_500, 11_250]);
  expect(context()).toMatchObject({ current: 1, dialling: [3, 4, 5], lastError: null });
  expect([isIn({ online: 'doubtful' }), attempts()]).toEqual([
    true,
    ['attempt.1', 'attempt.3', 'attempt.4', 'attempt.5'],
  ]);
});

test('a wire on which bytes arrive but no answer is silent as well, and its answer ends that', () => {
  const { live, gateway, isIn, context } = online();
  gateway.wire(0).arrives(arrived({ type: 'heartbeat', timestamp: 1 }));
  live(2_999, 0);
  expect(isIn({ online: 'lively' })).toBe(true);
  live(1_001, 0);
  expect([isIn({ online: 'doubtful' }), gateway.wires.length]).toEqual([true, 2]);
  gateway.wire(0).arrives(arrived({ type: 'heartbeat_ack', timestamp: 0 }));
  live(500, 0);
  expect(isIn({ online: 'lively' })).toBe(true);
  expect(context()).toMatchObject({ current: 1, alive: [1], lastError: null });
});

test('a silent wire that speaks again is kept and the other dials are dropped', () => {
  const { live, gateway, isIn, context } = online();
  live(5_999);
  gateway.wire(0).arrives(arrived({ type: 'heartbeat_ack', timestamp: 4_000 }));
  live(501);
  expect(isIn({ online: 'lively' })).toBe(true);
  expect(context()).toMatchObject({ current: 1, alive: [1], lastError: null });
  expect([1, 2].map((at) => gateway.wire(at).calls().at(-1))).toEqual([...closed, ...closed]);
  live(20_000, 0);
  expect(gateway.wires).toHaveLength(3);
});

test('a second silence is answered like the first', () => {
  const { live, gateway } = online();
  live(3_000);
  gateway.wire(0).arrives(arrived({ type: 'heartbeat_ack', timestamp: 2_000 }));
  live(1_000, 0);
  live(2_999);
  expect(gateway.wires).toHaveLength(2);
  live(1);
  expect(gateway.wires).toHaveLength(3);
});

test('a parallel dial that gets online takes over; the old wire stays until it dies, unheard', () => {
  const { clock, live, gateway, isIn, context, attempts } = online();
  clock.runUntil(3_000);
  gateway.wire(1).welcome();
  expect(context()).toMatchObject({ current: 2, alive: [1, 2], dialling: [] });
  gateway.wire(0).received += 1;
  gateway.wire(0).arrives(arrived({ type: 'heartbeat_ack', timestamp: 0 }));
  gateway.wire(0).leave('replaced');
  live(3_500, 1);
  expect([isIn({ online: 'lively' }), context().gateway.rttMs, gateway.wires.length]).toEqual([
    true,
    null,
    2,
  ]);
  live(12_000, 1);
  expect(context()).toMatchObject({ current: 2, alive: [2], lastError: null });
  expect(attempts()).toEqual(['attempt.2']);
});

test('what the gateway said about an older wire does not count any more', () => {
  const { clock, actor, gateway, context } = online();
  const refused = [{ id: '0b4e0f0a-7d0f-4c59-9d3a-3f1a5f1d2c01', code: 'domain_taken' as const }];
  clock.runUntil(3_000);
  gateway.wire(1).welcome();
  actor.send({ type: 'config.changed', config: { revision: 2, mappings: [] } });
  gateway.wire(1).confirm(2);
  gateway.wire(0).confirm(2, refused);
  expect(context()).toMatchObject({ current: 2, ackedRevision: 2, refused: [] });
  gateway.wire(1).confirm(2, refused);
  expect(context()).toMatchObject({ refused });
});

test('the gateway shown is the one that answered last', () => {
  const { clock, gateway, context } = online();
  clock.runUntil(3_000);
  gateway.wire(1).gatewayVersion = '9.10';
  gateway.wire(1).welcome();
  expect(context().gateway).toMatchObject({ version: '9.10', host: 'gw.example.com' });
});

test('an old wire that speaks again does not hide the silence of the current one', () => {
  const { clock, gateway, isIn, context } = online();
  clock.runUntil(3_000);
  gateway.wire(1).welcome();
  clock.runUntil(7_000);
  expect(isIn({ online: 'doubtful' })).toBe(true);
  gateway.wire(0).arrives(arrived({ type: 'heartbeat_ack', timestamp: 6_000 }));
  clock.runUntil(7_500);
  expect([isIn({ online: 'doubtful' }), context().current]).toEqual([true, 2]);
});

test('a wire that dies in silence leaves its parallel dials: never more than three are in flight', () => {
  const { clock, gateway, isIn, context } = online();
  clock.runUntil(12_999);
  expect(gateway.wire(0).calls().at(-1)).toEqual({ do: 'terminate', code: 'peer_silent' });
  expect([isIn('trying'), context().current, context().dialling]).toEqual([true, null, [3, 4, 5]]);
  expect(context().lastError?.code).toBe('peer_silent');
  clock.runUntil(16_000);
  expect(gateway.dialledMs).toEqual([0, 3_000, 5_750, 8_500, 11_250, 14_000]);
  expect([context().dialling, context().lastError?.code]).toEqual([[4, 5, 6], 'peer_silent']);
});

test('a wire that ends beside a parallel dial does not put off the next one', () => {
  const { clock, gateway, isIn } = online();
  clock.runUntil(5_700);
  gateway.wire(0).break();
  clock.runUntil(5_750);
  expect([isIn('trying'), gateway.dialledMs]).toEqual([true, [0, 3_000, 5_750]]);
});

test('a wire that leaves beside a parallel dial leaves it the field', () => {
  const { clock, gateway, isIn, context } = online();
  clock.runUntil(3_100);
  gateway.wire(0).leave();
  expect([isIn('trying'), context().dialling, context().current]).toEqual([true, [2], null]);
  gateway.wire(1).welcome();
  expect(context()).toMatchObject({ current: 2, alive: [1, 2], lastError: null });
});

test('a parallel dial that fails changes nothing but its own place', () => {
  const { clock, gateway, isIn, context, attempts } = online();
  clock.runUntil(3_000);
  gateway.wire(1).break('dial_failed');
  expect([isIn({ online: 'doubtful' }), context().current, attempts()]).toEqual([true, 1, ['attempt.1']]);
});

test('a wire that ends is replaced after a short rest', () => {
  const { clock, gateway, isIn, context } = online();
  gateway.wire().break('wire_closed', 'reset');
  expect([isIn('waiting'), context().current]).toEqual([true, null]);
  expect(context().lastError).toEqual({ code: 'wire_closed', detail: 'reset' });
  clock.runUntil(250);
  expect(gateway.wires).toHaveLength(2);
});

test('a gateway that leaves is dialled again at once, while the old wire drains', () => {
  const { clock, gateway, isIn, context } = online();
  gateway.wire().leave();
  expect([isIn('waiting'), context().lastError?.code]).toEqual([true, 'going_away']);
  clock.settle();
  expect([gateway.dialledMs, isIn('trying')]).toEqual([[0, 0], true]);
  gateway.wire(0).break();
  expect([isIn('trying'), context().alive, context().lastError?.code]).toEqual([true, [2], 'going_away']);
});

test('every transition of online, and the end of an old wire while trying, was taken', () => {
  expect(coverage.missingOf(/^connection\.(online|trying attempt\.ended \[0\])/)).toEqual([]);
});
