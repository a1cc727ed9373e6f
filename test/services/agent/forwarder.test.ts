// Owns the tests of the agent's end of a relay, with a stream and an origin played by hand.

import { expect, test } from 'vitest';
import type { RequestHead } from '../../../protocol/head.ts';
import type { OriginHandler } from '../../../services/agent/originDispatcher.ts';
import { newMappingSchema, type Mapping } from '../../../protocol/mapping.ts';
import { Channel } from '../../../protocol/channel.ts';
import { createForwarder } from '../../../services/agent/forwarder.ts';
import { createBus } from '../../../services/bus.ts';
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

function ignore(): void {}

/** Two channels over wires that deliver with the next task, the agent's with a forwarder behind it. */
function tunnel() {
  const clock = new SimulatedClock();
  const origins: OriginHandler[] = [];
  const forwarder = createForwarder({
    clock,
    bus: createBus(ignore),
    connectTimeoutMs: 1_000,
    findMapping: () => MAPPING,
    origins: {
      dispatch(_request, handler) {
        origins.push(handler);
        return { write: () => true, end: ignore, pause: ignore, resume: ignore, abort: ignore };
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
  return { clock, gateway, agent, origins };
}

test('an answer that is whole before its request leaves no stream behind, though nobody asked for the body', () => {
  const { clock, gateway, agent, origins } = tunnel();
  const stream = gateway.open(UPLOAD, () => ({
    onInform: ignore,
    onResponse: ignore,
    onData: ignore,
    onEnd: ignore,
    onStop: ignore,
    onWanted: ignore,
    onDrained: ignore,
    onReset: ignore,
  }));
  clock.settle();
  // The visitor waits no longer: its body is complete, and waits for credit.
  stream.write(Buffer.alloc(5_000));
  stream.end();
  origins[0]?.onConnected();
  origins[0]?.onHead({ status: 404, reason: '', headers: [] }, false);
  origins[0]?.onEnd([]);
  clock.settle();
  expect([gateway.streamCount, agent.streamCount]).toEqual([0, 0]);
});
