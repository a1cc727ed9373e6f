// Owns the tests of how the gateway and an agent leave a tunnel: no new streams, time for what runs, then the end.

import { describe, expect, test } from 'vitest';
import { sessionMachine } from '../../machines/session.ts';
import { arrived } from './arrived.ts';
import { TransitionCoverage } from './coverage.ts';
import * as stages from './sessionStage.ts';
import { DRAIN_MS, OF_LEAVING, SESSION_ID, expectEnd, goaway } from './sessionStage.ts';

const coverage = new TransitionCoverage(sessionMachine);
const online = () => stages.online(coverage.inspect);

describe('leaving', () => {
  test.each([
    ['retire', 'going_away'],
    ['replace', 'replaced'],
  ] as const)('%s stops new streams, lets the running ones finish, then closes', (type, code) => {
    const made = online();
    made.actor.send({ type });
    expect(made.link.calls()).toEqual([{ do: 'drain', reason: code, retryAfterMs: 0 }, { do: 'finish' }]);
    expect(made.directory.calls()).toEqual([{ do: 'withdraw', sessionId: SESSION_ID, code }]);
    made.clock.runFor(1_000);
    expect(made.isIn({ online: 'draining' })).toBe(true);
    made.actor.send({ type: 'link.idle' });
    expectEnd(made, code);
  });

  test.each([{ type: 'retire' }, { type: 'replace' }, goaway] as const)(
    'draining is not begun anew by $type, and ends after its time',
    (event) => {
      const made = online();
      made.actor.send({ type: 'replace' });
      made.directory.calls();
      made.link.calls();
      made.clock.runFor(DRAIN_MS - 1);
      made.actor.send(event);
      expect([made.directory.calls(), made.isIn({ online: 'draining' })]).toEqual([[], true]);
      made.clock.runFor(1);
      expectEnd(made, 'replaced');
    },
  );

  test('when both ends leave at once, it still closes once no stream is left', () => {
    const made = online();
    made.actor.send({ type: 'retire' });
    made.actor.send(goaway);
    made.directory.calls();
    made.actor.send({ type: 'link.idle' });
    expectEnd(made, 'going_away');
  });

  test('an agent that leaves gets no new streams, and the wire is closed once those that run are done', () => {
    const made = online();
    made.actor.send(goaway);
    expect(made.link.calls()).toEqual([{ do: 'finish' }]);
    made.directory.calls();
    made.actor.send({ type: 'link.idle' });
    expect(made.link.calls()).toEqual([{ do: 'close', code: 'going_away', detail: '' }]);
    expect([made.actor.getSnapshot().status, made.clock.pending]).toEqual(['done', 0]);
  });

  test.each([
    ['draining', { type: 'replace' }],
    ['left', goaway],
  ] as const)('a revision that crossed the goodbye is not put in force: %s', (state, event) => {
    const made = online();
    made.actor.send(event);
    made.directory.calls();
    made.sync(9);
    expect([made.directory.calls(), made.isIn({ online: state })]).toEqual([[], true]);
  });

  test('an agent that leaves has its time to finish what runs', () => {
    const made = online();
    made.actor.send(goaway);
    expect(made.directory.calls()).toEqual([{ do: 'withdraw', sessionId: SESSION_ID, code: 'going_away' }]);
    made.actor.send(arrived({ type: 'heartbeat', timestamp: 1 }));
    expect(made.link.sent()).toEqual([
      { type: 'heartbeat_ack', timestamp: 1 },
      { type: 'heartbeat', timestamp: 0 },
    ]);
    made.clock.runFor(DRAIN_MS - 1);
    expect(made.isIn({ online: 'left' })).toBe(true);
    made.clock.runFor(1);
    expectEnd(made, 'going_away');
  });
});

test('every transition of leaving was taken', () => {
  expect(coverage.missingOf(OF_LEAVING)).toEqual([]);
});
