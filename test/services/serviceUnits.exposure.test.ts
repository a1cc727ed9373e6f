// Owns the test of what the units leave open: no more than docs/service.md says, by systemd's own reckoning.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { isExecutable, onPath } from '../support/programs.ts';

const analyze = onPath('systemd-analyze').find(isExecutable);

test.skipIf(analyze === undefined).each(['gateway', 'agent'])(
  'the unit of the %s is exposed no more than its document says',
  async (service) => {
    const docs = readFileSync(new URL('../../docs/service.md', import.meta.url), 'utf8');
    const [, figure = ''] = new RegExp(`\\| ${service} \\| (\\d\\.\\d) \\|`).exec(docs) ?? [];
    expect(figure).toMatch(/^\d\.\d$/);
    const unit = fileURLToPath(new URL(`../../deploy/systemd/octoporty-${service}.service`, import.meta.url));
    const args = ['security', '--offline=true', `--threshold=${figure.replace('.', '')}`, '--no-pager', unit];
    const { stdout } = await promisify(execFile)(analyze ?? '', args);
    expect(stdout).toContain(`Overall exposure level for octoporty-${service}.service`);
  },
);
