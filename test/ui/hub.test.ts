// The hub's other end, on a simulated clock and sockets of the test: what it makes of messages, and how it comes back.

import { expect, test } from 'vitest';
import { createHub, type HubState, type SocketEvents } from '../../ui/live/hub.ts';
import type { HubLevels } from '../../ui/live/hubLevels.ts';
import { HUB_BEAT_MS } from '../../protocol/api/hub.ts';
import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import { NOW, endedRequest, liveStatus, snapshotOf } from '../support/hubTells.ts';

const ID = '6e1d4d1a-5b0c-4bb4-9d62-9f6f3f3f0001';
const OTHER_ID = '6e1d4d1a-5b0c-4bb4-9d62-9f6f3f3f0002';

const STATUS = liveStatus();
const SNAPSHOT = snapshotOf({ routes: { [ID]: { state: 'active' }, [OTHER_ID]: { state: 'pending' } } });

interface PlayedSocket extends SocketEvents {
  isClosed: boolean;
  say(message: unknown): void;
}

/** One hub, and everything around it in the hands of the test. */
function openStage() {
  const timers = new Set<{ dueMs: number; callback: () => void }>();
  let nowMs = 0;
  const sockets: PlayedSocket[] = [];
  const levels: HubLevels[] = [];
  const requests: [readonly RequestLogEntry[], number][] = [];
  const states: HubState[] = [];
  const times: number[] = [];
  const stage = { turnedAway: 0 };
  const hub = createHub({
    clock: {
      setTimer(delayMs, callback) {
        const timer = { dueMs: nowMs + delayMs, callback };
        timers.add(timer);
        return () => timers.delete(timer);
      },
      // The longest pause that may be drawn, nearly.
      chance: () => 1,
    },
    connect(events) {
      const socket: PlayedSocket = {
        ...events,
        isClosed: false,
        say: (message) => events.onMessage(JSON.stringify(message)),
      };
      sockets.push(socket);
      return { close: () => (socket.isClosed = true) };
    },
    onTime: (agentMs) => times.push(agentMs),
    onLevels: (told) => levels.push(told),
    onRequests: (items, left) => requests.push([items, left]),
    onState: (state) => states.push(state),
    onTurnedAway: () => (stage.turnedAway += 1),
  });
  return Object.assign(stage, {
    hub,
    sockets,
    levels,
    requests,
    states,
    times,
    timers,
    newest(): PlayedSocket {
      const socket = sockets.at(-1);
      if (socket === undefined) throw new Error('no socket');
      return socket;
    },
    /** Whatever is due on the way runs, and what it promised is settled. */
    async pass(ms: number): Promise<void> {
      const endMs = nowMs + ms;
      for (;;) {
        const due = [...timers].sort((a, b) => a.dueMs - b.dueMs)[0];
        if (due === undefined || due.dueMs > endMs) break;
        nowMs = due.dueMs;
        timers.delete(due);
        due.callback();
        await Promise.resolve();
      }
      nowMs = endMs;
      await Promise.resolve();
    },
  });
}

test('a snapshot is told whole, and makes it live', () => {
  const stage = openStage();
  expect(stage.states).toEqual([]);
  stage.newest().say(SNAPSHOT);
  expect(stage.states).toEqual(['live']);
  expect(stage.levels).toEqual([
    {
      status: STATUS,
      machines: [],
      edition: 1,
      routes: new Map([
        [ID, { state: 'active' }],
        [OTHER_ID, { state: 'pending' }],
      ]),
    },
  ]);
});

test('a change replaces what it names and leaves the rest; a route that is null is gone', () => {
  const stage = openStage();
  stage.newest().say(SNAPSHOT);
  stage.newest().say({ type: 'change', routes: { [ID]: null, [OTHER_ID]: { state: 'active' } }, edition: 2 });
  const [before, after] = stage.levels;
  expect(after?.status).toBe(before?.status);
  expect(after?.edition).toBe(2);
  expect([...(after?.routes ?? [])]).toEqual([[OTHER_ID, { state: 'active' }]]);
  // Nobody who holds the former levels sees them change.
  expect(before?.routes.size).toBe(2);
});

test('a change before any snapshot, and what is not known, are left alone', () => {
  const stage = openStage();
  stage.newest().say({ type: 'change', edition: 2 });
  stage.newest().say({ type: 'something newer' });
  stage.newest().onMessage('not JSON');
  stage.newest().onMessage(new ArrayBuffer(4));
  expect([stage.levels, stage.states]).toEqual([[], []]);
  stage.newest().say(SNAPSHOT);
  expect(stage.states).toEqual(['live']);
});

test('requests are told as they come, with how many were left out', () => {
  const stage = openStage();
  const request = endedRequest(1);
  stage.newest().say({ type: 'requests', items: [request], left: 7 });
  expect(stage.requests).toEqual([[[request], 7]]);
});

test('a socket that ends is dialled again, each time after a longer pause, up to 15 s', async () => {
  const stage = openStage();
  const pausesMs: number[] = [];
  for (let n = 0; n < 7; n += 1) {
    stage.newest().onClose(1006);
    const dials = stage.sockets.length;
    let waitedMs = 0;
    while (stage.sockets.length === dials) {
      await stage.pass(100);
      waitedMs += 100;
    }
    pausesMs.push(waitedMs);
  }
  expect(pausesMs).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
});

test('once it was live, it comes back as fast as at first', async () => {
  const stage = openStage();
  stage.newest().onClose(1006);
  await stage.pass(500);
  stage.newest().onClose(1006);
  await stage.pass(1000);
  stage.newest().say(SNAPSHOT);
  stage.newest().onClose(1001);
  expect(stage.states).toEqual(['live', 'away']);
  await stage.pass(500);
  expect(stage.sockets.length).toBe(4);
});

test('a network that is back is no reason to wait on, and one dial is enough', () => {
  const stage = openStage();
  stage.newest().onClose(1006);
  stage.hub.hurry();
  stage.hub.hurry();
  expect(stage.sockets.length).toBe(2);
});

test('a network that goes makes it not live at once; what the old socket says later counts for nothing', async () => {
  const stage = openStage();
  const first = stage.newest();
  first.say(SNAPSHOT);
  stage.hub.drop();
  expect([stage.states, first.isClosed]).toEqual([['live', 'away'], true]);
  first.say(SNAPSHOT);
  first.onClose(1006);
  expect(stage.states).toEqual(['live', 'away']);
  await stage.pass(500);
  expect(stage.sockets.length).toBe(2);
});

test('a socket that never says anything is given up', async () => {
  const stage = openStage();
  await stage.pass(8_000);
  expect(stage.newest().isClosed).toBe(true);
  await stage.pass(500);
  expect(stage.sockets.length).toBe(2);
});

test('a hub that is silent for two of its beats is dead, whatever else the agent answers', async () => {
  const stage = openStage();
  stage.newest().say(SNAPSHOT);
  for (let beats = 0; beats < 10; beats += 1) {
    await stage.pass(HUB_BEAT_MS);
    stage.newest().say({ type: 'time', now: NOW });
  }
  expect([stage.sockets.length, stage.states]).toEqual([1, ['live']]);
  await stage.pass(2.5 * HUB_BEAT_MS);
  expect([stage.states, stage.sockets[0]?.isClosed]).toEqual([['live', 'away'], true]);
  await stage.pass(500);
  stage.newest().say(SNAPSHOT);
  expect([stage.sockets.length, stage.states]).toEqual([2, ['live', 'away', 'live']]);
});

test('the agent’s time is told with a snapshot and with each beat, before anything is made of it', () => {
  const stage = openStage();
  stage.newest().say({ type: 'time', now: '2026-01-31T12:00:10.000Z' });
  expect([stage.times, stage.states]).toEqual([[Date.parse(NOW) + 10_000], []]);
  stage.newest().say(SNAPSHOT);
  expect(stage.times.at(-1)).toBe(Date.parse(NOW));
});

test.each([
  ['a snapshot', { ...SNAPSHOT, status: { ...STATUS, database: 'a newer word' } }],
  ['a change', { type: 'change', routes: { [ID]: { state: 'a newer word' } } }],
  ['a message of requests', { type: 'requests', items: [{}], left: 0 }],
])(
  '%s in words that this page does not know makes it outdated, until one comes that it knows',
  async (_what, message) => {
    const stage = openStage();
    stage.newest().say(SNAPSHOT);
    stage.newest().say(message);
    expect(stage.states).toEqual(['live', 'outdated']);
    // What builds on what was not understood is not shown.
    stage.newest().say({ type: 'change', edition: 2 });
    expect([stage.states.length, stage.levels.length]).toEqual([2, 1]);
    // The agent goes back to the version of this page.
    stage.newest().onClose(1001);
    await stage.pass(500);
    stage.newest().say(SNAPSHOT);
    expect([stage.states, stage.turnedAway]).toEqual([['live', 'outdated', 'away', 'live'], 0]);
  },
);

test('whoever is not let in, told nothing, or sent away, may have to log in: that is said once for each time', async () => {
  const stage = openStage();
  stage.newest().onClose(1006);
  expect(stage.turnedAway).toBe(1);
  await stage.pass(500);
  stage.newest().say(SNAPSHOT);
  stage.newest().onClose(1008);
  expect(stage.turnedAway).toBe(2);
  await stage.pass(500);
  stage.newest().say(SNAPSHOT);
  stage.newest().onClose(1006);
  expect(stage.turnedAway).toBe(2);
  await stage.pass(500);
  await stage.pass(8_000);
  expect(stage.turnedAway).toBe(3);
});

test('when it is stopped, its socket is closed and no timer is left', async () => {
  const stage = openStage();
  stage.newest().say(SNAPSHOT);
  stage.hub.stop();
  stage.newest().onClose(1006);
  stage.hub.hurry();
  await stage.pass(60_000);
  expect([stage.sockets.length, stage.newest().isClosed, stage.timers.size, stage.states]).toEqual([
    1,
    true,
    0,
    ['live', 'away'],
  ]);
});
