// A request log on a bus, with a journal and a clock of the test's own.

import { onTestFinished } from 'vitest';
import type { AnyFact, Fact } from '../../../services/facts.ts';
import type { Journal, LogBatch } from '../../../services/agent/store/journal.ts';
import { createActors } from '../../../services/actors.ts';
import { createBus } from '../../../services/bus.ts';
import { createRequestLog, type RequestLogOptions } from '../../../services/agent/requestLog.ts';
import { createMemoryJournal } from '../../../services/agent/store/memoryJournal.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { noteLog } from './api/apiStage.ts';

export const MAPPING = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f001';
export const RETENTION = { maxAgeMs: 7 * 86_400_000, maxRows: 100_000 };

const FINISHED: Fact<'relay.finished'> = {
  type: 'relay.finished',
  requestId: 'a',
  mappingId: MAPPING,
  method: 'GET',
  path: '/index.html',
  visitorAddress: '198.51.100.7',
  status: 200,
  outcome: { kind: 'complete', code: null },
  durationMs: 12.345,
  firstByteMs: 4.567,
  bytesIn: 1,
  bytesOut: 2,
};

export const ONLINE: Fact<'tunnel.changed'> = {
  type: 'tunnel.changed',
  tunnel: 'connection',
  state: 'online',
  code: null,
  detail: '',
};
export const OFFLINE: Fact<'tunnel.changed'> = { ...ONLINE, state: 'offline', code: 'wire_closed' };

/** A journal that is open, unless a test breaks it. */
export function logging(options: Partial<RequestLogOptions> = {}) {
  const clock = new SimulatedClock();
  const busErrors: unknown[] = [];
  const bus = createBus((error) => busErrors.push(error));
  const actors = createActors(clock, (_id, error) => {
    throw error;
  });
  onTestFinished(() => actors.stop('journal'));
  const store = { isOpen: true };
  const journal = createMemoryJournal(store);
  const { log, logged } = noteLog();
  const requestLog = createRequestLog({
    actors,
    bus,
    clock,
    journal,
    retention: RETENTION,
    isOn: true,
    agentVersion: '1.2.3',
    gatewayVersion: () => '4.5.6',
    log,
    ...options,
  });
  const tell = (fact: AnyFact) => bus.publish(() => fact);
  return {
    clock,
    bus,
    busErrors,
    actors,
    store,
    journal,
    requestLog,
    logged,
    tell,
    finish: (change: Partial<Fact<'relay.finished'>> = {}) => tell({ ...FINISHED, ...change }),
    /** Lets what was promised happen, and then time pass. */
    pass: async (ms: number) => {
      await settled();
      clock.runFor(ms);
      await settled();
    },
    requests: () => journal.readRequests({ limit: 500 }),
    connections: () => journal.readConnections({ limit: 500 }),
  };
}

/** A journal whose writing ends when the test says so, and how. */
export function heldJournal() {
  const memory = createMemoryJournal({ isOpen: true });
  let under: { batch: LogBatch; end: PromiseWithResolvers<void> } | null = null;
  const journal: Journal = {
    ...memory,
    append: (batch) => {
      under = { batch, end: Promise.withResolvers() };
      return under.end.promise;
    },
  };
  return {
    journal,
    release: () => {
      if (under !== null) under.end.resolve(memory.append(under.batch));
    },
    fail: (error: Error) => under?.end.reject(error),
  };
}

/** Every promise that is kept already has been heard. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
