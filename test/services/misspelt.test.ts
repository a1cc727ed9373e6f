// Owns the tests of variables that nobody reads: which of them are told, and what was meant.

import { describe, expect, it } from 'vitest';
import { misspelt, wordsOfMisspelt } from '../../services/config/misspelt.ts';
import { fileVariables } from '../../services/config/settings.ts';
import type { Variables } from '../../services/config/variables.ts';

describe('a variable that nobody reads', () => {
  const meant = (environment: Variables) => misspelt(environment).map((found) => found.meant);

  it.each([
    ['OCTOPORTY_LISTEN_PRT', 'OCTOPORTY_LISTEN_PORT'],
    ['OCTOPORTY_LISTEN_PROT', 'OCTOPORTY_LISTEN_PORT'],
    ['OCTOPORTY_UIPORT', 'OCTOPORTY_UI_PORT'],
    ['OCTOPORTY_UI_PROT', 'OCTOPORTY_UI_PORT'],
    ['octoporty_ui_port', 'OCTOPORTY_UI_PORT'],
    ['OCTOPORTY_GATWAY_URL', 'OCTOPORTY_GATEWAY_URL'],
    ['OCTOPORTY_AUTH_SECRT_FILE', 'OCTOPORTY_AUTH_SECRET_FILE'],
    ['OCTOPORTY_CONFIG_FIEL', 'OCTOPORTY_CONFIG_FILE'],
  ])('is told with the one that was meant: %s', (variable, own) => {
    expect(meant({ [variable]: 'hunter2' })).toEqual([own]);
    expect(wordsOfMisspelt({ variable, meant: own })).toBe(
      `${variable} is none of our variables and has no effect: did you mean ${own}?`,
    );
  });

  it('is not told where it is known, empty, of another program or version, or of Kubernetes', () => {
    for (const name of [...fileVariables(), 'OCTOPORTY_CONFIG_FILE', 'OCTOPORTY_LAUNCHER'])
      expect(meant({ [name]: 'x' })).toEqual([]);
    for (const name of [
      'TEST_CADDY',
      'TEST_CADDY_OLDEST',
      'TEST_PEBBLE',
      'TEST_MSSQL',
      'TEST_BULK_MB',
      'VERSION',
      'X',
    ])
      expect(meant({ [`OCTOPORTY_${name}`]: 'x' })).toEqual([]);
    expect(meant({ OCTOPORTY_LISTEN_PRT: '', LISTEN_PRT: 'x' })).toEqual([]);
    expect(meant({ OCTOPORTY_GATEWAY_PORT: 'tcp://10.0.0.1:5000' })).toEqual([]);
  });
});
