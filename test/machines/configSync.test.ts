// Owns the tests of how the agent tells its mappings: one revision at a time, the newest next.

import { expect, test } from 'vitest';
import { configSyncMachine, type ConfigSnapshot } from '../../machines/configSync.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import { RecordingLink } from './recordingLink.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(configSyncMachine);
const mapping = {
  id: '0b4e0f0a-7d0f-4c59-9d3a-3f1a5f1d2c01',
  externalDomain: 'app.example.com',
  externalPort: 443,
};

function config(revision: number): ConfigSnapshot {
  return { revision, mappings: [{ ...mapping, externalPort: 1_000 + revision }] };
}

function syncing(revision: number) {
  const link = new RecordingLink();
  const { actor, clock, reports } = stage(
    configSyncMachine,
    { link, config: config(revision) },
    coverage.inspect,
  );
  return {
    link,
    clock,
    reports,
    actor,
    start: () => actor.send({ type: 'config.start' }),
    change: (to: number) => actor.send({ type: 'config.changed', config: config(to) }),
    ack: (of: number, refused: { id: string; code: ErrorCode }[] = []) =>
      actor.send(arrived({ type: 'config_ack', revision: of, refused })),
    sent: () => link.sent().map((message) => (message.type === 'config_sync' ? message : undefined)),
  };
}

test('nothing is told before the start; then the whole revision is', () => {
  const sync = syncing(3);
  sync.ack(3);
  expect([sync.sent(), sync.reports(), sync.clock.pending]).toEqual([[], [], 0]);
  sync.start();
  expect(sync.sent()).toEqual([{ type: 'config_sync', ...config(3) }]);
});

test('a revision zero is told like any other', () => {
  const sync = syncing(0);
  sync.start();
  expect(sync.sent()).toHaveLength(1);
  sync.ack(0);
  expect(sync.reports()).toEqual([{ type: 'config.acked', revision: 0, refused: [] }]);
});

test('the confirmation is reported with what the gateway refused', () => {
  const sync = syncing(3);
  sync.start();
  const refused = [{ id: mapping.id, code: 'domain_taken' as const }];
  sync.ack(3, refused);
  expect(sync.reports()).toEqual([{ type: 'config.acked', revision: 3, refused }]);
  expect(sync.clock.pending).toBe(0);
});

test('a config of the revision that is known already is no change, whatever it holds', () => {
  const sync = syncing(3);
  sync.actor.send({ type: 'config.changed', config: { revision: 3, mappings: [] } });
  sync.start();
  expect(sync.sent()).toEqual([{ type: 'config_sync', ...config(3) }]);
});

test('changes before the start are not told one by one: the newest is', () => {
  const sync = syncing(3);
  sync.change(4);
  sync.change(5);
  sync.start();
  expect(sync.sent()).toEqual([{ type: 'config_sync', ...config(5) }]);
});

test('changes while a revision is under way supersede each other: the newest follows the confirmation', () => {
  const sync = syncing(3);
  sync.start();
  sync.sent();
  sync.change(4);
  sync.change(6);
  sync.change(5);
  expect(sync.sent()).toEqual([]);
  sync.ack(3);
  expect(sync.sent()).toEqual([{ type: 'config_sync', ...config(6) }]);
  sync.ack(6);
  expect(sync.reports()).toMatchObject([{ revision: 3 }, { revision: 6 }]);
  expect(sync.sent()).toEqual([]);
});

test('a change after the confirmation is told at once, an older or equal one never', () => {
  const sync = syncing(3);
  sync.start();
  sync.ack(3);
  sync.sent();
  sync.change(2);
  sync.change(3);
  expect(sync.sent()).toEqual([]);
  sync.change(4);
  expect(sync.sent()).toEqual([{ type: 'config_sync', ...config(4) }]);
});

test('a confirmation of another revision confirms nothing', () => {
  const sync = syncing(3);
  sync.start();
  sync.ack(2);
  sync.ack(4);
  expect(sync.reports()).toEqual([]);
  expect(sync.actor.getSnapshot().value).toBe('awaitingAck');
});

test('a confirmation said again is reported again: what was refused may be ours by now', () => {
  const sync = syncing(3);
  sync.start();
  const refused = [{ id: mapping.id, code: 'domain_taken' as const }];
  sync.ack(3, refused);
  sync.ack(3);
  sync.ack(2, refused);
  expect(sync.reports()).toEqual([
    { type: 'config.acked', revision: 3, refused },
    { type: 'config.acked', revision: 3, refused: [] },
  ]);
  expect([sync.sent().length, sync.clock.pending]).toEqual([1, 0]);
});

test('a confirmation said again while a newer revision is under way confirms nothing', () => {
  const sync = syncing(3);
  sync.start();
  sync.ack(3);
  sync.change(4);
  sync.reports();
  sync.ack(3);
  expect([sync.reports(), sync.actor.getSnapshot().value]).toEqual([[], 'awaitingAck']);
});

test('a gateway that does not confirm within ten seconds is given up', () => {
  const sync = syncing(3);
  sync.start();
  sync.clock.runUntil(9_999);
  expect(sync.reports()).toEqual([]);
  sync.clock.runUntil(10_000);
  expect(sync.reports()).toEqual([{ type: 'config.timedOut' }]);
  expect([sync.actor.getSnapshot().status, sync.clock.pending]).toEqual(['done', 0]);
});

test('the ten seconds count anew for each revision', () => {
  const sync = syncing(3);
  sync.start();
  sync.change(4);
  sync.clock.runUntil(9_000);
  sync.ack(3);
  sync.reports();
  sync.clock.runUntil(18_999);
  expect(sync.reports()).toEqual([]);
  sync.clock.runUntil(19_000);
  expect(sync.reports()).toEqual([{ type: 'config.timedOut' }]);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
