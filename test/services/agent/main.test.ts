// Owns the tests of an agent that cannot go on.

import { expect, test } from 'vitest';
import { run, tempDir } from '../spawned.ts';

test('an agent whose tunnel fails by a fault of ours logs it whole, once, and its process ends with 1', async () => {
  const { code, stdout, stderr } = await run('test/services/agent/failing.fixture.ts', [], {
    OCTOPORTY_AUTH_SECRET: 'a'.repeat(32),
    OCTOPORTY_GATEWAY_URL: 'ws://127.0.0.1:1',
    OCTOPORTY_UI_PASSWORD: 'correct horse',
    OCTOPORTY_UI_PORT: '0',
    OCTOPORTY_DATA_DIR: tempDir(),
  }).ended;
  expect([code, stderr]).toEqual([1, 'Unexpected error: The actor "connection" failed.\n']);
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"stack":"Error: The actor .*caused by: SyntaxError: Invalid URL: no URL/);
});
