// Owns the tests of how a target is tried on request: many at once, and by the API.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TargetTest } from '../../../protocol/api/targetTest.ts';
import { targetTestRoutes } from '../../../services/agent/api/targetTest.ts';
import { createAgentApp } from '../../../services/agent/api/app.ts';
import { createMappings } from '../../../services/agent/mappings.ts';
import {
  MAX_TARGET_TESTS,
  TargetTestsBusyError,
  createTargetTest,
} from '../../../services/agent/targetTest.ts';
import { ANSWER, draftOf, optionsOf, originThat } from './targetTestStage.ts';

describe('tests at once', () => {
  it('are few: one more is refused, and taken when one has ended', async () => {
    const origin = await originThat(() => {});
    const test = createTargetTest(optionsOf({}));
    const draft = draftOf({ internalPort: origin.port });
    const running = Array.from({ length: MAX_TARGET_TESTS }, () => test(draft));
    await expect(test(draft)).rejects.toThrow(TargetTestsBusyError);
    for (let n = 0; n < MAX_TARGET_TESTS; n += 1) (await origin.accept()).end();
    await Promise.all(running);
    const again = test(draft);
    (await origin.accept()).send(ANSWER);
    expect(await again).toMatchObject({ ok: true });
  });
});

describe('the API', () => {
  const ID = '11111111-1111-4111-8111-111111111111';
  const result: TargetTest = { ok: true, stage: 'http', status: 204, durationMs: 1, message: 'Fine.' };

  it('tests a stored mapping, enabled or not', async () => {
    const { post, tested } = await startApi(async () => result);
    expect(await post(`/api/v1/mappings/${ID}/test`)).toEqual({ status: 200, body: result });
    expect(tested).toMatchObject([{ internalHost: 'nas.local', externalDomain: 'app.example.com' }]);
  });

  it('tests a draft', async () => {
    const { post, tested } = await startApi(async () => result);
    const draft = { internalHost: 'NAS.local', internalPort: 80, internalProtocol: 'http' };
    expect(await post('/api/v1/mappings/test', draft)).toEqual({ status: 200, body: result });
    expect(tested).toMatchObject([{ internalHost: 'nas.local', hostHeader: 'preserve' }]);
  });

  it('names the field of a draft that is wrong', async () => {
    const { post, tested } = await startApi(async () => result);
    const draft = { internalHost: 'nas.local', internalPort: 0, internalProtocol: 'http' };
    expect(await post('/api/v1/mappings/test', draft)).toMatchObject({
      status: 400,
      body: { code: 'invalid', errors: [{ field: 'internalPort' }] },
    });
    expect(tested).toEqual([]);
  });

  it('knows no mapping of another id', async () => {
    const { post } = await startApi(async () => result);
    for (const id of ['22222222-2222-4222-8222-222222222222', 'nonsense'])
      expect(await post(`/api/v1/mappings/${id}/test`)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
  });

  it('answers 429 while as many tests run as may', async () => {
    const { post } = await startApi(() => Promise.reject(new TargetTestsBusyError()));
    expect(await post(`/api/v1/mappings/${ID}/test`)).toMatchObject({
      status: 429,
      body: { code: 'too_many' },
    });
  });

  it('cannot tell whether a mapping exists before the mappings were read', async () => {
    const { post } = await startApi(async () => result, false);
    expect(await post(`/api/v1/mappings/${ID}/test`)).toMatchObject({
      status: 503,
      body: { code: 'unavailable' },
    });
  });

  async function startApi(testTarget: (draft: object) => Promise<TargetTest>, isKnown = true) {
    const mappings = createMappings();
    const time = '2026-01-31T12:00:00.000Z';
    const stored = {
      ...draftOf({ internalHost: 'nas.local' }),
      id: ID,
      name: 'NAS',
      externalDomain: 'app.example.com',
      externalPort: 443,
      enabled: false,
      createdAt: time,
      updatedAt: time,
    };
    mappings.load({ revision: 1, mappings: [stored] });
    const tested: object[] = [];
    const routes = targetTestRoutes({
      mappings,
      isKnown: () => isKnown,
      testTarget: (draft) => {
        tested.push(draft);
        return testTarget(draft);
      },
    });
    const log = { debug: () => {}, error: () => {} };
    const app = createAgentApp({
      allowedHosts: [],
      log,
      authenticate: () => {},
      open: [],
      guarded: [routes],
    });
    const answer = app.callback();
    const server = createServer((request, response) => void answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const post = async (path: string, body: object = {}) => {
      const asked = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Connection: 'close' },
        body: JSON.stringify(body),
      });
      const told: unknown = await asked.json();
      return { status: asked.status, body: told };
    };
    return { post, tested };
  }
});
