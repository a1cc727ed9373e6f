// Owns the tests of relays over tunnels played by hand: who may wait, and what becomes of an answer that cannot be said.

import { expect, test } from 'vitest';
import { createBus, type Bus } from '../../../services/bus.ts';
import { systemClock } from '../../../services/clock.ts';
import type { Fact } from '../../../services/facts.ts';
import type { Found } from '../../../services/gateway/directory.ts';
import { createRelays, type Relays } from '../../../services/gateway/relays.ts';
import { MAX_HELD } from '../../../services/gateway/waitingRoom.ts';
import type { Tunnels } from '../../../services/gateway/tunnels.ts';
import type { Visitor } from '../../../services/gateway/visitor.ts';
import { TunnelError } from '../../../protocol/errors.ts';
import { GET, OK } from '../../protocol/frames.ts';
import { LoneChannel } from '../../protocol/wirePair.ts';

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
    for (let n = 0; n < MAX_HELD; n += 1) visit();
    expect(failures).toEqual([]);
    visit();
    expect(failures).toEqual(['tunnel_offline']);
    relays.endAll('draining');
    expect(relays.list()).toEqual([]);
  },
);

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

function strictBus(): Bus {
  return createBus((error) => {
    throw error;
  });
}

function relaysOver(tunnels: Partial<Tunnels>, bus = strictBus()): Relays {
  return createRelays({
    clock: systemClock,
    bus,
    headTimeoutMs: 60_000,
    tunnels: {
      accept() {},
      find: () => ({ kind: 'unknown' }),
      open() {
        throw new TunnelError('tunnel_lost');
      },
      onChange() {},
      drain() {},
      count: 0,
      ...tunnels,
    },
  });
}

function visitor(onFailed: (code: string) => void): Visitor {
  return {
    request: {
      requestId: 'r',
      host: 'app.example',
      method: 'GET',
      target: '/',
      headers: [],
      hasBody: false,
      isUpgrade: false,
      expectsContinue: false,
      address: '192.0.2.1',
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
