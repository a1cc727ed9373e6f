// The mappings' routes in tests: over real HTTP, on a store in memory, a database and a clock that the test decides.

import { expect } from 'vitest';
import { bulkRoutes } from '../../../../services/agent/api/bulk.ts';
import { createMappingEdits } from '../../../../services/agent/mappingEdits.ts';
import { createMappings } from '../../../../services/agent/mappings.ts';
import { mappingRoutes } from '../../../../services/agent/api/mappings.ts';
import { createMemoryStore } from '../../../../services/agent/store/memoryStore.ts';
import type { DatabaseState } from '../../../../services/agent/database.ts';
import { createRequestTally } from '../../../../services/agent/requestTally.ts';
import type { Store } from '../../../../services/agent/store/store.ts';
import { createBus } from '../../../../services/bus.ts';
import type { Mapping } from '../../../../protocol/mapping.ts';
import type { Route } from '../../../../protocol/api/mappings.ts';
import { mappingListSchema, mappingViewSchema } from '../../../../protocol/api/mappings.ts';
import { problemSchema } from '../../../../protocol/api/problem.ts';
import { SimulatedClock } from '../../../simulation/simulatedClock.ts';
import { draft } from '../../store/drafts.ts';
import { openApi, type ApiAnswer, type ApiStageOptions, type Ask } from './apiStage.ts';

export const PATH = '/api/v1/mappings';

/** A valid draft as a program would send it: only what has no default. */
export const DRAFT = {
  name: 'App',
  externalDomain: 'app.example.com',
  internalHost: 'localhost',
  internalPort: 3000,
  internalProtocol: 'http',
};

export type MappingStage = Awaited<ReturnType<typeof openMappings>>;

/** Opens the routes. Calls of `trouble` take the place of the store's own. */
export async function openMappings(trouble: Partial<Store> = {}, options: ApiStageOptions = {}) {
  const clock = new SimulatedClock();
  const memory = createMemoryStore({ wallMs: () => clock.wallMs(), newId: createIds() });
  await memory.open();
  const mappings = createMappings();
  mappings.load(memory.snapshot());
  let state: DatabaseState = 'ok';
  let reserved: string | null = null;
  const database = {
    get state() {
      return state;
    },
    noteFailure: () => {},
  };
  const edits = createMappingEdits({
    store: { ...memory, ...trouble },
    mappings,
    database,
    bus: createBus(() => {}),
    clock,
    reservedDomain: () => reserved,
  });
  const tally = createRequestTally(clock);
  const isKnown = () => state !== 'starting';
  const guarded = [
    bulkRoutes({ mappings, edits, reservedDomain: () => reserved, isKnown }),
    mappingRoutes({ mappings, edits, routes: { routeOf }, tally, isKnown }),
  ];
  const api = await openApi({ guarded, ...options });
  return {
    api,
    clock,
    memory,
    tally,
    /** Every answer is harmless, besides being as the API's document says. */
    ask: async (method: string, path: string, ask: Ask = {}): Promise<ApiAnswer> => {
      const answer = await api.ask(method, path, ask);
      expectHarmless(answer);
      return answer;
    },
    stand: (next: DatabaseState) => (state = next),
    reserve: (domain: string) => (reserved = domain),
    /** Stored beforehand: the test is about something else. */
    has: async (fields: Record<string, unknown> = {}): Promise<Mapping> => {
      const write = await memory.create(draft(fields));
      mappings.apply(write);
      return write.mapping;
    },
  };
}

/** Somewhere else it is tested what a route's state is. */
function routeOf({ enabled }: Mapping): Route {
  return { state: enabled ? 'pending' : 'disabled' };
}

function createIds(): () => string {
  let last = 0;
  return () => `abcdef00-0000-4000-8000-${String((last += 1)).padStart(12, '0')}`;
}

/** What no answer of the API may lack. */
export function expectHarmless({ headers }: ApiAnswer): void {
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  expect(headers['x-powered-by']).toBeUndefined();
}

export function mappingIn({ json }: ApiAnswer) {
  return mappingViewSchema.parse(json);
}

export function listIn({ json }: ApiAnswer) {
  return mappingListSchema.parse(json);
}

/** Status and code of a problem, and its errors as `field: message`. */
export function problemIn({ status, json }: ApiAnswer) {
  const problem = problemSchema.parse(json);
  expect(problem.status).toBe(status);
  const errors = (problem.errors ?? []).map(({ field, message }) => `${field}: ${message}`);
  return { status, code: problem.code, errors };
}
