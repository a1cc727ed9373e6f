// Owns the tests of the agent's id: kept, never lost, and a folder that cannot be used is told in one line.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadAgentId } from '../../../services/agent/agentId.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'octoporty-id-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('an id is drawn once, for its owner only, in a folder that need not be there', () => {
  const dataDir = join(folder(), 'data');
  const id = loadAgentId(dataDir);
  expect(loadAgentId(dataDir)).toBe(id);
  expect(readFileSync(join(dataDir, 'agent-id'), 'utf8')).toBe(`${id}\n`);
  expect(statSync(join(dataDir, 'agent-id')).mode & 0o777).toBe(0o600);
});

test('a file that a crash has left empty is filled', () => {
  const dataDir = folder();
  writeFileSync(join(dataDir, 'agent-id'), '');
  const id = loadAgentId(dataDir);
  expect(loadAgentId(dataDir)).toBe(id);
});

test('what is no id is left as it is, and told', () => {
  const dataDir = folder();
  writeFileSync(join(dataDir, 'agent-id'), 'mine\n');
  expect(() => loadAgentId(dataDir)).toThrow(/agent-id holds no agent id: restore it/);
  expect(readFileSync(join(dataDir, 'agent-id'), 'utf8')).toBe('mine\n');
});

test('a data folder that is a file is told by the name of its variable', () => {
  const path = join(folder(), 'file');
  writeFileSync(path, '');
  expect(() => loadAgentId(path)).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      message: expect.stringMatching(/^The data folder .* cannot be used \(.*\): make room/),
    }),
  );
});
