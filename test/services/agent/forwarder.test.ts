// Owns the tests of the agent's end of a relay, with a stream and an origin played by hand.

import { expect, test } from 'vitest';
import type { RequestHead } from '../../../protocol/head.ts';
import type { OriginHandler, OriginRequest } from '../../../services/agent/originDispatcher.ts';
import { INITIAL_WINDOW_BYTES } from '../../../protocol/limits.ts';
import { newMappingSchema, type Mapping } from '../../../protocol/mapping.ts';
import { Channel } from '../../../protocol/channel.ts';
import { createForwarder } from '../../../services/agent/forwarder.ts';
import { createBus } from '../../../services/bus.ts';
import { Recorder } from '../../protocol/wirePair.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';

const MAPPING: Mapping = {
  ...newMappingSchema.parse({
    name: 'app',
    externalDomain: 'app.test',
    internalHost: 'localhost',
    internalPort: 3000,
    internalProtocol: 'http',
  }),
  id: '10000000-0000-4000-8000-000000000001',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

const UPLOAD: RequestHead = {
  mappingId: MAPPING.id,
  revision: 1,
  visitorAddress: '',
  requestId: 'r1',
  method: 'POST',
  target: '/',
  headers: ['Host', 'app.test'],
  hasBody: true,
  isUpgrade: false,
  isResent: false,
  expectsContinue: true,
};

const ASKED: RequestHead = { ...UPLOAD, method: 'GET', hasBody: false, expectsContinue: false };

function ignore(): void {}

/** Two channels over wires that deliver with the next task, the agent's with a forwarder behind it. */
function tunnel(findMapping: () => Mapping | undefined = () => MAPPING) {
  const clock = new SimulatedClock();
  const bus = createBus(ignore);
  const origins: OriginHandler[] = [];
  const requests: OriginRequest[] = [];
  const aborted: OriginRequest[] = [];
  const pace = { isSlow: false, writtenBytes: 0 };
  /** Told whenever a relay moves. */
  const moves: number[] = [];
  const forwarder = createForwarder({
    clock,
    bus,
    onRelayMoved: () => moves.push(forwarder.count),
    connectTimeoutMs: 1_000,
    findMapping,
    origins: {
      dispatch(request, handler) {
        origins.push(handler);
        requests.push(request);
        const abort = () => void aborted.push(request);
        const write = ({ length }: Buffer) => {
          pace.writtenBytes += length;
          return !pace.isSlow;
        };
        return { write, end: ignore, pause: ignore, resume: ignore, abort };
      },
    },
  });
  const schedule = (flush: () => void) => {
    clock.post(flush);
  };
  const wireTo = (peer: () => Channel) => ({
    sendBinary(message: Buffer, onTaken: () => void) {
      const sent = Buffer.from(message);
      clock.post(onTaken);
      clock.post(() => {
        peer().receive(sent);
      });
    },
    sendText: ignore,
    bufferedBytes: () => 0,
    receivedBytes: () => 0,
    close: ignore,
    terminate: ignore,
  });
  const nowMs = () => clock.nowMs();
  const gateway: Channel = new Channel({ wire: wireTo(() => agent), nowMs, schedule });
  const agent: Channel = new Channel({
    wire: wireTo(() => gateway),
    nowMs,
    schedule,
    accept: (stream, head) => forwarder.accept(stream, head),
  });
  /** A request of the gateway, as far as the origin. */
  const ask = (head: Partial<RequestHead> = {}) => {
    const recorder = new Recorder();
    const stream = gateway.open({ ...ASKED, ...head }, () => recorder);
    clock.settle();
    return { stream, recorder };
  };
  return { clock, bus, forwarder, gateway, agent, origins, requests, aborted, pace, ask, moves };
}

test('the end of a request tells when the head of its answer came, and nothing when there was none', () => {
  const { clock, bus, origins, ask } = tunnel();
  const told: (number | null)[] = [];
  bus.on('relay.finished', ({ firstByteMs }) => told.push(firstByteMs));
  ask();
  ask();
  origins[0]?.onConnected();
  clock.runFor(25);
  origins[0]?.onHead({ status: 200, reason: '', headers: [] }, true);
  clock.runFor(75);
  origins[0]?.onEnd([]);
  origins[1]?.onFailed('origin_refused', '', false);
  clock.settle();
  expect(told).toEqual([25, null]);
});

test('requests under way are listed as they came, with what was asked, and without the query', () => {
  const { clock, forwarder, origins, ask } = tunnel();
  ask({ requestId: 'r1', target: '/first?token=secret', visitorAddress: '203.0.113.7' });
  clock.runFor(400);
  ask({ requestId: 'r2', target: '/second' });
  origins[0]?.onConnected();
  clock.runFor(100);
  expect(forwarder.underWay(10)).toEqual({
    oldest: [
      {
        requestId: 'r1',
        mappingId: MAPPING.id,
        phase: 'awaiting',
        ageMs: 500,
        method: 'GET',
        path: '/first',
        visitorAddress: '203.0.113.7',
      },
      expect.objectContaining({ requestId: 'r2', phase: 'opening', ageMs: 100 }),
    ],
    total: 2,
  });
  expect(forwarder.underWay(1)).toMatchObject({ oldest: [{ requestId: 'r1' }], total: 2 });
});

test('whoever watches is told when a request begins, comes further and ends, and of nothing in between', () => {
  const { clock, origins, moves, ask } = tunnel();
  ask();
  expect(moves).toEqual([1]);
  origins[0]?.onConnected();
  origins[0]?.onHead({ status: 200, reason: '', headers: [] }, true);
  expect(moves).toEqual([1, 1, 1]);
  origins[0]?.onData(Buffer.from('part'));
  clock.settle();
  expect(moves).toEqual([1, 1, 1]);
  origins[0]?.onEnd([]);
  clock.settle();
  expect(moves).toEqual([1, 1, 1, 0]);
});

test('an answer that is whole before its request leaves no stream behind, though nobody asked for the body', () => {
  const { clock, gateway, agent, origins, ask } = tunnel();
  const { stream } = ask(UPLOAD);
  // The visitor waits no longer: its body is complete, and waits for credit.
  stream.write(Buffer.alloc(5_000));
  stream.end();
  origins[0]?.onConnected();
  origins[0]?.onHead({ status: 404, reason: '', headers: [] }, false);
  origins[0]?.onEnd([]);
  clock.settle();
  expect([gateway.streamCount, agent.streamCount]).toEqual([0, 0]);
});

test('an origin that does not take its upload holds it back: credit returns when it has taken what was written', () => {
  const { clock, origins, pace, ask } = tunnel();
  pace.isSlow = true;
  const { stream } = ask({ ...UPLOAD, expectsContinue: false });
  origins[0]?.onConnected();
  stream.write(Buffer.alloc(200_000));
  clock.settle();
  expect(pace.writtenBytes).toBe(INITIAL_WINDOW_BYTES);
  origins[0]?.onDrain();
  clock.settle();
  expect(pace.writtenBytes).toBeGreaterThan(INITIAL_WINDOW_BYTES);
});

test.each([
  ['preserve', 'App.test:8443', 'App.test:8443', 'app.test'],
  ['target', 'app.test', 'localhost:3000', 'localhost'],
  ['inner.example', 'app.test', 'inner.example', 'inner.example'],
])(
  'a mapping with the Host header %s: the visitor’s %s reaches the origin as %s',
  (hostHeader, sent, heard, name) => {
    const { requests, ask } = tunnel(() => ({ ...MAPPING, hostHeader }));
    ask({ headers: ['X-A', '1', 'hOST', sent, 'X-Host', sent] });
    expect(requests).toMatchObject([
      {
        headers: ['X-A', '1', 'hOST', heard, 'X-Host', sent],
        target: { protocol: 'http', host: 'localhost', port: 3000, serverName: name },
      },
    ]);
  },
);

test('an origin on the usual port of its protocol is named without it', () => {
  const usual = { ...MAPPING, hostHeader: 'target', internalHost: '::1', internalPort: 443 } as const;
  const { requests, ask } = tunnel(() => ({ ...usual, internalProtocol: 'https' }));
  ask();
  expect(requests[0]?.headers).toEqual(['Host', '[::1]']);
});

test.each([
  ['a GET', {}, false],
  ['a GET that was sent before', { isResent: true }, true],
  ['a GET with a body', { hasBody: true }, true],
  ['a POST without a body', { method: 'POST' }, true],
  ['a DELETE', { method: 'DELETE' }, true],
  ['an upgrade', { hasBody: true, isUpgrade: true }, true],
])('%s takes a fresh connection: whatever may not be sent twice does', (_, head, isFresh) => {
  const { requests, ask } = tunnel();
  ask(head);
  expect(requests).toMatchObject([{ isFreshConnection: isFresh }]);
});

test('a request that met a stale connection is asked again on a fresh one, once, and nobody hears of it', () => {
  const { clock, origins, requests, ask } = tunnel();
  const { recorder } = ask();
  origins[0]?.onConnected();
  origins[0]?.onFailed('origin_reset', 'stale', true);
  clock.settle();
  expect(requests.map(({ isFreshConnection }) => isFreshConnection)).toEqual([false, true]);
  expect(recorder.calls).toEqual([]);
  origins[1]?.onConnected();
  origins[1]?.onFailed('origin_reset', 'gone', true);
  clock.settle();
  expect(requests).toHaveLength(2);
  expect(recorder.calls).toEqual(['reset origin_reset']);
});

test('an origin that accepts no connection in time is given up', () => {
  const { clock, aborted, ask } = tunnel();
  const { recorder } = ask();
  clock.runFor(999);
  expect(recorder.calls).toEqual([]);
  // The clock of all deadlines ticks four times a second.
  clock.runFor(251);
  expect([recorder.calls, aborted.length]).toEqual([['reset connect_timeout'], 1]);
});

test.each<[string, Mapping | undefined]>([
  ['disabled or deleted', undefined],
  ['pointed at another port', { ...MAPPING, internalPort: 3001 }],
  ['pointed at another host', { ...MAPPING, internalHost: 'elsewhere' }],
  ['pointed at another protocol', { ...MAPPING, internalProtocol: 'https' }],
  ['given another name', { ...MAPPING, externalDomain: 'other.test' }],
])('the streams of a mapping that is %s end at once, answered or not', (_, now) => {
  let mapping: Mapping | undefined = MAPPING;
  const { clock, forwarder, origins, aborted, ask } = tunnel(() => mapping);
  const waiting = ask();
  const running = ask();
  origins[1]?.onConnected();
  origins[1]?.onHead({ status: 200, reason: '', headers: [] }, true);
  forwarder.onMappingsChanged();
  clock.settle();
  expect(aborted).toEqual([]);
  mapping = now;
  forwarder.onMappingsChanged();
  clock.settle();
  expect(waiting.recorder.calls).toEqual(['reset mapping_gone']);
  expect(running.recorder.calls).toEqual(['response 200 with body', 'reset mapping_gone']);
  expect([aborted.length, forwarder.list()]).toEqual([2, []]);
});

test('a request for a mapping that is gone, or for another name than its own, reaches no origin', () => {
  const mappings: Mapping[] = [];
  const { requests, ask } = tunnel(() => mappings[0]);
  expect(ask().recorder.calls).toEqual(['reset mapping_gone']);
  mappings.push(MAPPING);
  expect(ask({ headers: ['Host', 'other.test'] }).recorder.calls).toEqual(['reset mapping_gone']);
  expect(requests).toEqual([]);
});
