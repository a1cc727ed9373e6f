// Owns the tests of the unit that systemd reads: its command line, and which program it may start.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isSeenByServices, mayBeRun, unitTextOf } from '../../services/serviceUnits/unitText.ts';
import { PROGRAM } from './serviceStage.ts';
import { tempDir } from './spawned.ts';

describe('the unit', () => {
  test('names paths as systemd reads them', () => {
    const program = { node: '/opt/my node/node', options: [], script: '/opt/100%/$x/"a"/cli.js' };
    const line = /^ExecStart=.*$/m.exec(unitTextOf('agent', program))?.[0];
    expect(line).toBe(String.raw`ExecStart="/opt/my node/node" "/opt/100%%/$$x/\"a\"/cli.js" agent`);
  });

  test('is one of deploy/systemd, all but its command line', () => {
    for (const service of ['gateway', 'agent'] as const) {
      const kept = readFileSync(
        new URL(`../../deploy/systemd/octoporty-${service}.service`, import.meta.url),
        'utf8',
      ).split('\n');
      const written = unitTextOf(service, PROGRAM).split('\n');
      expect(kept.filter((line) => !written.includes(line))).toEqual([
        `ExecStart=/usr/bin/env octoporty ${service}`,
      ]);
    }
  });

  test('is refused for a program that a service may not read', () => {
    const folder = tempDir();
    const script = join(folder, 'cli.js');
    writeFileSync(script, '');
    expect(() => mayBeRun({ ...PROGRAM, node: '/bin/sh', script })).toThrow(
      /^A service may not read \S+cli\.js: install with "npm install --prefix \/opt\/octoporty octoporty"/,
    );
    expect(() => mayBeRun({ ...PROGRAM, node: script, script: '/bin/sh' })).toThrow(
      /install Node for everybody/,
    );
    expect(isSeenByServices('/bin/sh')).toBe(true);
  });
});
