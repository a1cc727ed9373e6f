// Owns the tests of what a gateway tells an agent of the routes of its mappings: in time, in order, and never in a flood.

import { describe, expect, test } from 'vitest';
import type { ControlOf } from '../../../protocol/control.ts';
import { encodeControl, parseControl } from '../../../protocol/control.ts';
import {
  MAX_CONTROL_BYTES,
  MAX_TOLD_REASON_CHARS,
  MAX_TOLD_ROUTES,
  STATUS_GAP_MS,
} from '../../../protocol/limits.ts';
import { RouteBook, type DesiredRoute, type RouteStanding } from '../../../services/gateway/routeBook.ts';
import { RouteTeller } from '../../../services/gateway/routeTeller.ts';
import { POST } from '../../protocol/frames.ts';
import { Recorder } from '../../protocol/wirePair.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { AGENT_IDS, mappingsOf, SECRET, tunnelsStage, type AgentName } from './tunnelsStage.ts';

const APPLIED: RouteStanding = { state: 'applied', reason: '' };
const TAKEN: RouteStanding = { state: 'conflict', reason: 'Another route has it.' };
const PENDING: RouteStanding = { state: 'pending', reason: '' };

describe('an agent behind a Caddy', () => {
  test('hears before the first confirmation how its routes stand, though nothing is applied yet', () => {
    const { agent, clock } = behindCaddy();
    agent.sync(1, mappingsOf(['a']));
    clock.settle();
    expect(agent.types().slice(-2)).toEqual(['route_status', 'config_ack']);
    expect(agent.last('route_status')?.routes).toEqual([]);
  });

  test('hears at once of what is applied already', () => {
    const { agent, clock, note } = behindCaddy();
    note('a', ['a', 'b'], APPLIED, TAKEN);
    agent.sync(1, mappingsOf(['a', 'b']));
    clock.settle();
    expect(agent.all('route_status').map(({ routes }) => statesOf(routes))).toEqual([
      ['applied', 'conflict'],
    ]);
  });

  test('hears of a route that moves, and of no other agent’s', () => {
    const { agent, clock, note } = behindCaddy();
    agent.sync(1, mappingsOf(['a', 'b']));
    clock.runFor(1_000);
    note('b', ['a', 'b'], APPLIED, TAKEN);
    clock.runFor(1_000);
    note('a', ['a', 'b'], APPLIED);
    clock.settle();
    expect(agent.all('route_status').map(({ routes }) => routes)).toEqual([[], [first(APPLIED)]]);
  });

  test.each([
    ['is renamed', ['renamed']],
    ['is left out', []],
  ])('hears that a route is pending again before the revision is confirmed in which it %s', (_, names) => {
    const { agent, clock, note } = behindCaddy();
    note('a', ['a'], APPLIED);
    agent.sync(1, mappingsOf(['a']));
    clock.settle();
    agent.sync(2, mappingsOf(names));
    clock.settle();
    expect(agent.types().slice(-2)).toEqual(['route_status', 'config_ack']);
    expect(agent.last('route_status')?.routes).toEqual([first(PENDING)]);
  });

  test('hears nothing of routes once it leaves, and without a Caddy never', () => {
    const { agent, clock, note, tunnels } = behindCaddy();
    note('a', ['a'], APPLIED);
    agent.sync(1, mappingsOf(['a']));
    clock.runFor(1_000);
    // A stream that runs keeps the wire.
    tunnels.open(1, POST, () => new Recorder());
    agent.say({ type: 'goaway', reason: 'going_away', lastStreamId: 1, retryAfterMs: 0 });
    note('a', ['a'], TAKEN);
    clock.runFor(1_000);
    expect([agent.closed, agent.all('route_status').length]).toEqual([undefined, 1]);
    const direct = tunnelsStage();
    const other = direct.played('192.0.2.9');
    other.auth();
    direct.clock.runFor(10);
    other.sync(1, mappingsOf(['a']));
    direct.clock.runFor(1_000);
    expect([other.last('config_ack')?.revision, other.all('route_status')]).toEqual([1, []]);
  });

  test('hears nothing of routes with a revision that moves none', () => {
    const { agent, clock, note } = behindCaddy();
    note('a', ['a'], APPLIED);
    agent.sync(1, mappingsOf(['a']));
    clock.runFor(1_000);
    agent.sync(2, mappingsOf(['a', 'b']));
    clock.runFor(1_000);
    expect([agent.last('config_ack')?.revision, agent.all('route_status').length]).toEqual([2, 1]);
  });

  test('that vanishes leaves no timer behind', () => {
    const { agent, clock, note } = behindCaddy();
    agent.sync(1, mappingsOf(['a']));
    clock.settle();
    note('a', ['a'], APPLIED);
    clock.settle();
    agent.terminate();
    clock.settle();
    expect(clock.pending).toBe(0);
  });

  test('that runs on the real machines shows what it was told, from the moment it is online', () => {
    const { online, clock, note } = behindCaddy();
    note('b', ['b'], TAKEN);
    const agent = online('b', { names: ['b'] });
    clock.runFor(100);
    expect([...(agent.context().routes ?? [])].map(([, { state }]) => state)).toEqual(['conflict']);
    note('b', ['b'], APPLIED);
    clock.runFor(STATUS_GAP_MS + 100);
    expect([...(agent.context().routes ?? [])].map(([, { state }]) => state)).toEqual(['applied']);
  });
});

describe('what moves', () => {
  test('several times in one tick is told once, as it is at the end', () => {
    const { messages, move, clock } = alone();
    move({ a: TAKEN });
    move({ a: APPLIED });
    expect(messages).toEqual([]);
    clock.settle();
    expect(messages.map(({ routes }) => statesOf(routes))).toEqual([['applied']]);
  });

  test('of a certificate alone is told with its route, and the same once more is not', () => {
    const { messages, move, clock } = alone();
    const issued = { state: 'issued', reason: '', expiresAtMs: 5 } as const;
    const steps: RouteStanding[] = [
      APPLIED,
      { ...APPLIED, certificate: { state: 'pending', reason: '', expiresAtMs: null } },
      { ...APPLIED, certificate: { state: 'failed', reason: 'No address.', expiresAtMs: null } },
      { ...APPLIED, certificate: issued },
      { ...APPLIED, certificate: { ...issued } },
      { ...APPLIED, certificate: { ...issued, expiresAtMs: 6 } },
      APPLIED,
    ];
    for (const standing of steps) {
      move({ a: standing });
      clock.runFor(1_000);
    }
    const expected = steps.filter((_, at) => at !== 4).map((standing) => [{ id: 'a', ...standing }]);
    expect(messages.map(({ routes }) => routes)).toEqual(expected);
  });

  test('fast is told no more often than the gap allows, and the last state always', () => {
    const { messages, move, clock } = alone();
    for (let ms = 0; ms < 1_000; ms += 10) {
      move({ a: { state: 'failed', reason: String(ms) } });
      clock.runFor(10);
      expect(clock.pending).toBeLessThan(2);
    }
    clock.runFor(STATUS_GAP_MS);
    expect(messages.at(-1)?.routes).toMatchObject([{ reason: '990' }]);
    const gaps = messages.slice(1).map(({ atMs }, at) => atMs - (messages[at]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBe(STATUS_GAP_MS);
    expect(clock.pending).toBe(0);
  });

  test('and moves back before it is told is not told', () => {
    const { messages, move, clock } = alone();
    move({ a: APPLIED });
    clock.settle();
    move({ a: TAKEN });
    clock.runFor(100);
    move({ a: APPLIED });
    clock.runFor(1_000);
    expect(messages).toHaveLength(1);
  });

  test('in thousands goes out by messages that each fit, one in every gap, whatever the reasons are', () => {
    const { messages, move, clock } = alone();
    const reason = '\u0001'.repeat(2 * MAX_TOLD_REASON_CHARS);
    const plain = Array.from({ length: 2_000 }, (_, n): [string, RouteStanding] => [idOf(n), APPLIED]);
    const wordy = Array.from({ length: 100 }, (_, n): [string, RouteStanding] => [
      idOf(5_000 + n),
      { state: 'failed', reason },
    ]);
    move(Object.fromEntries([...plain, ...wordy]));
    clock.runFor(60_000);
    expect(messages.flatMap(({ routes }) => routes).length).toBe(2_100);
    expect(messages[0]?.routes).toHaveLength(MAX_TOLD_ROUTES);
    for (const { atMs: _, ...message } of messages) {
      const text = encodeControl(message);
      expect(text.length).toBeLessThanOrEqual(MAX_CONTROL_BYTES);
      expect(parseControl(text)).toEqual(message);
    }
    expect(messages.length).toBeLessThan(8);
    expect(messages.map(({ atMs }) => atMs)).toEqual(messages.map((_, at) => at * STATUS_GAP_MS));
  });

  test('with certificates that have much to say fits too', () => {
    const { messages, move, clock } = alone();
    const certificate = { state: 'failed', reason: '\u0001'.repeat(1_000), expiresAtMs: null } as const;
    const wordy = Array.from({ length: 100 }, (_, n): [string, RouteStanding] => [
      idOf(n),
      { ...APPLIED, certificate },
    ]);
    move(Object.fromEntries(wordy));
    clock.runFor(10_000);
    expect(messages.flatMap(({ routes }) => routes)).toHaveLength(100);
    for (const { atMs: _, ...message } of messages) {
      const text = encodeControl(message);
      expect(text.length).toBeLessThanOrEqual(MAX_CONTROL_BYTES);
      expect(parseControl(text)).toEqual(message);
    }
  });

  test('with a revision is taken back at once, however much it is, and the rest keeps to the gap', () => {
    const { messages, move, teller, clock, be } = alone();
    const many = (standing: RouteStanding) =>
      Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [idOf(n), standing]));
    be(many(APPLIED));
    teller.onRevision();
    clock.runFor(5_000);
    expect(messages.flatMap(({ routes }) => routes)).toHaveLength(1_000);
    messages.length = 0;
    be({ ...many(PENDING), a: APPLIED });
    teller.onRevision();
    expect(messages.flatMap(({ routes }) => statesOf(routes))).toEqual(Array(1_000).fill('pending'));
    clock.settle();
    expect(messages).toHaveLength(2);
    clock.runFor(STATUS_GAP_MS);
    expect(messages.at(-1)?.routes).toEqual([{ id: 'a', ...APPLIED }]);
    move({});
    clock.runFor(1_000);
    expect(messages.at(-1)?.routes).toEqual([{ id: 'a', ...PENDING }]);
  });

  test('after the end is nobody’s business', () => {
    const { messages, move, teller, clock } = alone();
    move({ a: APPLIED });
    clock.settle();
    move({ a: TAKEN });
    clock.settle();
    move({ a: PENDING });
    teller.stop();
    move({ a: TAKEN });
    clock.runFor(1_000);
    expect([messages.length, clock.pending]).toEqual([1, 0]);
  });
});

function statesOf(routes: readonly { state: string }[]): string[] {
  return routes.map(({ state }) => state);
}

/** A UUID of its own for each number. */
function idOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** The mapping that is first in its revision. */
function first(standing: RouteStanding) {
  return { id: mappingsOf(['any'])[0]?.id, ...standing };
}

/** A gateway behind a Caddy, and an agent played by hand that has just been let in. */
function behindCaddy() {
  const book = new RouteBook();
  const staged = tunnelsStage([SECRET], book);
  const agent = staged.played('192.0.2.9');
  agent.auth();
  staged.clock.runFor(10);
  return {
    ...staged,
    agent,
    /** How the routes of an agent with these names stand, in their order. */
    note: (owner: AgentName, names: string[], ...standings: RouteStanding[]) => {
      const routes = mappingsOf(names).map((mapping, at): [DesiredRoute, RouteStanding] => [
        {
          owner: AGENT_IDS[owner],
          id: mapping.id,
          domain: mapping.externalDomain,
          port: mapping.externalPort,
        },
        standings[at] ?? PENDING,
      ]);
      book.note(routes);
    },
  };
}

/** A teller whose routes exist in what the test says of them alone. */
function alone() {
  const clock = new SimulatedClock();
  const messages: (ControlOf<'route_status'> & { atMs: number })[] = [];
  let standings = new Map<string, RouteStanding>();
  const teller = new RouteTeller({
    clock,
    schedule: (flush) => clock.post(flush),
    standings: () => standings,
    isServing: () => true,
    send: (message) => messages.push({ ...message, atMs: clock.nowMs() }),
  });
  const be = (now: Record<string, RouteStanding>) => {
    standings = new Map(Object.entries(now));
  };
  return {
    clock,
    messages,
    teller,
    be,
    move: (now: Record<string, RouteStanding>) => {
      be(now);
      teller.onMoved();
    },
  };
}
