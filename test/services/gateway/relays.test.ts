// Owns the tests of relays over tunnels played by hand: who may wait, and what becomes of an answer that cannot be said.

import { expect, test } from 'vitest';
import { createBus, type Bus } from '../../../services/bus.ts';
import { systemClock } from '../../../services/clock.ts';
import type { Clock } from '../../../machines/clock.ts';
import type { Fact } from '../../../services/facts.ts';
import type { Found } from '../../../services/gateway/directory.ts';
import { createRelays, type Relays } from '../../../services/gateway/relays.ts';
import type { Tunnels } from '../../../services/gateway/tunnels.ts';
import type { Visitor, VisitorRequest } from '../../../services/gateway/visitor.ts';
import { TunnelError } from '../../../protocol/errors.ts';
import { GET, OK, data, type Frame } from '../../protocol/frames.ts';
import { LoneChannel } from '../../protocol/wirePair.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';

test.each<Found>([
  // A gateway that has just started knows no name yet.
  { kind: 'unknown' },
  { kind: 'lost', atMs: systemClock.nowMs() },
])(
  'one request too many for a name that may come back hears 503, and not that it is unknown (%o)',
  (found) => {
    const relays = relaysOver({ find: () => found });
    const failures: string[] = [];
    const visit = () => relays.serve(visitor((code) => failures.push(code)));
    for (let n = 0; n < 100; n += 1) visit();
    expect(failures).toEqual([]);
    visit();
    expect([failures, relays.count]).toEqual([['tunnel_offline'], 100]);
    relays.endAll('draining');
    expect([relays.list(), relays.count]).toEqual([[], 0]);
  },
);

test('a request asks for its own port, and those who wait for another port of the name take no place of its', () => {
  const asked: (number | null)[] = [];
  const relays = relaysOver({
    find: (_, port) => {
      asked.push(port);
      return { kind: 'lost', atMs: systemClock.nowMs() };
    },
  });
  const failures: string[] = [];
  const visit = (port: number | null) => relays.serve(visitor((code) => failures.push(code), { port }));
  for (let n = 0; n < 100; n += 1) visit(443);
  visit(8_443);
  visit(null);
  expect([failures, [...new Set(asked)]]).toEqual([[], [443, 8_443, null]]);
  visit(443);
  expect(failures).toEqual(['tunnel_offline']);
  relays.endAll('draining');
});

test('a request that meets a wire which has just died waits for the next one', () => {
  let sessionId = 1;
  let tellChange = () => {};
  const sent: number[] = [];
  const relays = relaysOver({
    find: () => ({ kind: 'live', sessionId, mappingId: 'm', revision: 1 }),
    open(session) {
      sent.push(session);
      // Session 1 is dead and not withdrawn yet; the next opens no stream either, which is another matter.
      throw new TunnelError(session === 1 ? 'tunnel_lost' : 'overloaded');
    },
    onChange: (listener) => (tellChange = listener),
  });
  const failures: string[] = [];
  relays.serve(visitor((code) => failures.push(code)));
  expect([sent, failures]).toEqual([[1], []]);
  sessionId = 2;
  tellChange();
  expect([sent, failures]).toEqual([[1, 2], ['overloaded']]);
  expect(relays.list()).toEqual([]);
});

test('a head that cannot be said is the origin’s fault: 502, told as such, and the origin is stopped', () => {
  const tunnel = new LoneChannel('gateway');
  const facts: Fact<'relay.finished'>[] = [];
  const bus = strictBus();
  bus.on('relay.finished', (fact) => facts.push(fact));
  const relays = relaysOver(
    {
      find: () => ({ kind: 'live', sessionId: 1, mappingId: GET.mappingId, revision: 1 }),
      open: (_, head, makeHandler) => tunnel.channel.open(head, makeHandler),
    },
    bus,
  );
  const failures: string[] = [];
  relays.serve({ ...visitor((code) => failures.push(code)), writeHead: () => false });
  tunnel.drain();
  tunnel.receive({ type: 'response', id: 1, hasBody: true, head: OK });
  expect(failures).toEqual(['origin_invalid']);
  expect(facts).toMatchObject([{ status: 502, outcome: { kind: 'failed', code: 'origin_invalid' } }]);
  expect(tunnel.drain()).toEqual([{ type: 'reset', id: 1, code: 'origin_invalid' }]);
});

test('the end of a request tells when the head of its answer came', () => {
  const clock = new SimulatedClock();
  const tunnel = new LoneChannel('gateway');
  const told: (number | null)[] = [];
  const bus = strictBus();
  bus.on('relay.finished', ({ firstByteMs }) => told.push(firstByteMs));
  const relays = relaysOver(
    {
      find: () => ({ kind: 'live', sessionId: 1, mappingId: GET.mappingId, revision: 1 }),
      open: (_, head, makeHandler) => tunnel.channel.open(head, makeHandler),
    },
    bus,
    clock,
  );
  relays.serve(visitor(() => {}));
  tunnel.drain();
  clock.runUntil(30);
  tunnel.receive({ type: 'response', id: 1, hasBody: false, head: OK });
  expect(told).toEqual([30]);
});

test('a name that nobody publishes is waited for until the gateway is five seconds old, then unknown at once', () => {
  const clock = new SimulatedClock();
  const relays = relaysOver({ find: () => ({ kind: 'unknown' }) }, strictBus(), clock);
  const failures: string[] = [];
  const visit = () => relays.serve(visitor((code) => failures.push(code)));
  visit();
  clock.runUntil(4_000);
  visit();
  clock.runUntil(4_900);
  expect(failures).toEqual([]);
  clock.runUntil(5_000 + TICK_MS);
  expect(failures).toEqual(['unknown_host', 'unknown_host']);
  visit();
  expect(failures).toHaveLength(3);
});

test('a name whose tunnel was lost less than ten seconds ago is waited for, five seconds at most', () => {
  const clock = new SimulatedClock();
  const relays = relaysOver({ find: () => ({ kind: 'lost', atMs: 60_000 }) }, strictBus(), clock);
  const failures: string[] = [];
  const visit = () => relays.serve(visitor((code) => failures.push(code)));
  clock.runUntil(69_999);
  visit();
  clock.runUntil(70_000);
  expect(failures).toEqual([]);
  visit();
  expect(failures).toEqual(['tunnel_offline']);
  clock.runUntil(74_900);
  expect(failures).toHaveLength(1);
  clock.runUntil(75_000 + TICK_MS);
  expect(failures).toEqual(['tunnel_offline', 'tunnel_offline']);
});

test.each([
  ['a GET', {}, ['GET', 'GET again'], []],
  ['a GET with a body', { hasBody: true }, ['GET'], ['tunnel_lost']],
  ['a POST', { method: 'POST' }, ['POST'], ['tunnel_lost']],
  ['an upgrade', { isUpgrade: true }, ['GET'], ['tunnel_lost']],
])(
  'a tunnel that dies under %s: only what is safe to repeat is sent over the next one',
  (_, request, sent, failed) => {
    let sessionId = 1;
    let tellChange = () => {};
    const [first, next] = [new LoneChannel('gateway'), new LoneChannel('gateway')];
    const relays = relaysOver({
      find: () =>
        sessionId === 0
          ? { kind: 'lost', atMs: systemClock.nowMs() }
          : { kind: 'live', sessionId, mappingId: GET.mappingId, revision: 1 },
      open: (session, head, makeHandler) => (session === 1 ? first : next).channel.open(head, makeHandler),
      onChange: (listener) => (tellChange = listener),
    });
    const failures: string[] = [];
    relays.serve(visitor((code) => failures.push(code), request));
    const heard = first.drain();
    sessionId = 0;
    first.channel.close('tunnel_lost');
    expect(failures).toEqual(failed);
    sessionId = 2;
    tellChange();
    expect([...heard, ...next.drain()].flatMap(said)).toEqual(sent);
    // Nothing is sent a third time.
    next.channel.close('tunnel_lost');
    expect(failures).toEqual(['tunnel_lost']);
  },
);

test('a visitor who expects 100-continue is invited by the first credit, never while the request waits', () => {
  let tellChange = () => {};
  let found: Found = { kind: 'lost', atMs: systemClock.nowMs() };
  const tunnel = new LoneChannel('gateway');
  const relays = relaysOver({
    find: () => found,
    open: (_, head, makeHandler) => tunnel.channel.open(head, makeHandler),
    onChange: (listener) => (tellChange = listener),
  });
  let invitations = 0;
  const expecting = { method: 'PUT', hasBody: true, expectsContinue: true };
  relays.serve({ ...visitor(() => {}, expecting), invite: () => (invitations += 1) });
  found = { kind: 'live', sessionId: 1, mappingId: GET.mappingId, revision: 1 };
  tellChange();
  expect(tunnel.drain()).toMatchObject([{ type: 'request', head: { expectsContinue: true } }]);
  expect(invitations).toBe(0);
  tunnel.receive({ type: 'credit', id: 1, bytes: 1_000 });
  tunnel.receive({ type: 'credit', id: 1, bytes: 1_000 });
  expect(invitations).toBe(1);
  relays.endAll('draining');
});

test('a visitor who does not read holds his own origin back: credit returns when he has taken what was written', () => {
  const tunnel = new LoneChannel('gateway');
  const relays = relaysOver({
    find: () => ({ kind: 'live', sessionId: 1, mappingId: GET.mappingId, revision: 1 }),
    open: (_, head, makeHandler) => tunnel.channel.open(head, makeHandler),
  });
  const handler = relays.serve({ ...visitor(() => {}), write: () => false });
  tunnel.drain();
  tunnel.receive({ type: 'response', id: 1, hasBody: true, head: OK }, data(1, 60_000));
  const creditOf = () => tunnel.drain().filter(({ type }) => type === 'credit').length;
  expect(creditOf()).toBe(0);
  handler.onDrain();
  expect(creditOf()).toBe(1);
  relays.endAll('draining');
});

/** All deadlines are looked at so often. */
const TICK_MS = 250;

function said(frame: Frame): string[] {
  if (frame.type !== 'request') return [];
  return [frame.head.isResent ? `${frame.head.method} again` : frame.head.method];
}

function strictBus(): Bus {
  return createBus((error) => {
    throw error;
  });
}

function relaysOver(tunnels: Partial<Tunnels>, bus = strictBus(), clock: Clock = systemClock): Relays {
  return createRelays({
    clock,
    bus,
    headTimeoutMs: 60_000,
    tunnels: {
      find: () => ({ kind: 'unknown' }),
      open() {
        throw new TunnelError('tunnel_lost');
      },
      onChange() {},
      ...tunnels,
    },
  });
}

function visitor(onFailed: (code: string) => void, request: Partial<VisitorRequest> = {}): Visitor {
  return {
    request: {
      requestId: 'r',
      host: 'app.example',
      port: null,
      method: 'GET',
      target: '/',
      headers: [],
      hasBody: false,
      isUpgrade: false,
      expectsContinue: false,
      address: '192.0.2.1',
      ...request,
    },
    pause() {},
    resume() {},
    inform() {},
    invite() {},
    writeHead: () => true,
    write: () => true,
    end() {},
    fail: onFailed,
    destroy() {},
  };
}
