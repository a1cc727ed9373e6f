// The live hub on a server of its own, with levels and a clock of the test's, and who watches it.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { BehaviorSubject } from 'rxjs';
import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { hubMessageSchema, type HubMessage } from '../../../protocol/api/hub.ts';
import { refuseForeignOrigin } from '../../../services/agent/api/sameOrigin.ts';
import { createHub, type HubOptions } from '../../../services/agent/hub.ts';
import { MESSAGE_GAP_MS } from '../../../services/agent/hubClient.ts';
import type { HubLevels } from '../../../services/agent/hubLevels.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { endedRequest, liveStatus } from '../../support/hubTells.ts';
import { until } from '../../support/rig.ts';

export const ID = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f001';

export const STATUS = liveStatus();
export const ROW = endedRequest(1);

export async function openHub(options: Partial<HubOptions> = {}) {
  const clock = new SimulatedClock();
  const levels = {
    status: new BehaviorSubject<HubLevels['status']>(STATUS),
    machines: new BehaviorSubject<HubLevels['machines']>([]),
    routes: new BehaviorSubject<HubLevels['routes']>({ [ID]: { state: 'pending' } }),
    edition: new BehaviorSubject<HubLevels['edition']>(1),
  };
  const listeners = new Set<(row: RequestLogEntry) => void>();
  const errors: object[] = [];
  const hub = createHub({
    levels,
    onRequest: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    allowedHosts: [],
    authenticate: refuseForeignOrigin,
    isStillLoggedIn: () => true,
    clock,
    log: { debug: () => {}, error: (fields) => errors.push(fields) },
    ...options,
  });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => hub.upgrade(request, socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const { port } = address;
  onTestFinished(async () => {
    const closed = hub.close();
    clock.runFor(1_000);
    await closed;
    server.close();
  });
  return {
    hub,
    port,
    clock,
    levels,
    errors,
    listeners,
    finish: (change: Partial<RequestLogEntry> = {}) => {
      for (const tell of listeners) tell({ ...ROW, ...change });
    },
    watch: (socketOptions: ClientOptions = {}) => watch(port, socketOptions),
    /** The next message may go. */
    passGap: () => clock.runFor(MESSAGE_GAP_MS),
  };
}

/** A client that has its connection. */
export async function watch(port: number, options: ClientOptions = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/hub/status`, options);
  const messages: HubMessage[] = [];
  let code = 0;
  socket.on('message', (data: Buffer) => messages.push(hubMessageSchema.parse(JSON.parse(data.toString()))));
  socket.on('close', (closeCode) => (code = closeCode));
  socket.on('error', () => {});
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return {
    socket,
    messages,
    code: () => code,
    has: (count: number) => until(`there are ${count} messages`, () => messages.length >= count),
    isGone: () => until('the client is gone', () => socket.readyState === WebSocket.CLOSED),
    /** Everything that the hub has sent is here. */
    settle: async () => {
      const answered = once(socket, 'pong');
      socket.ping();
      await answered;
    },
  };
}
