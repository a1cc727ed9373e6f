// Owns the test of which parts of a configuration are secrets.

import { describe, expect, it } from 'vitest';
import { secretsOf } from '../../services/config.ts';
import { agent, gateway, OTHER_SECRET, SECRET } from './configStage.ts';

describe('the secrets of a configuration', () => {
  it('are all that the log must never show', () => {
    const config = agent({
      OCTOPORTY_AUTH_SECRET_PREVIOUS: OTHER_SECRET,
      OCTOPORTY_CONNECTION_STRING: 'Server=db;User Id=sa;Password="p;w";Encrypt=true',
    });
    expect(secretsOf(config)).toEqual(expect.arrayContaining([SECRET, OTHER_SECRET, 'correct horse', 'p;w']));
    expect(secretsOf(agent({ OCTOPORTY_CONNECTION_STRING: 'mssql://sa:p%40w@db/x' }))).toEqual(
      expect.arrayContaining(['p%40w', 'p@w']),
    );
    expect(secretsOf(gateway({ OCTOPORTY_STATUS_TOKEN: 'status' }))).toEqual([SECRET, 'status']);
    expect(secretsOf(agent({ OCTOPORTY_STATUS_TOKEN: 'status' }))).toContain('status');
  });
});
