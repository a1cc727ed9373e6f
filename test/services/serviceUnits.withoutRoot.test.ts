// Owns the tests of `octoporty service` as a user without the rights of root runs it: it says what it may not read.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Stage } from './serviceStage.ts';
import { run, tempDir, type Ended } from './spawned.ts';

describe.skipIf(process.getuid?.() !== 0)('without the rights of root', () => {
  test('a service that nobody can ask is not called well', async () => {
    const stage = new Stage(false);
    await stage.install('gateway');
    chmodSync(stage.root, 0o755);
    const bin = tempDir();
    chmodSync(bin, 0o755);
    writeFileSync(join(bin, 'systemctl'), '#!/bin/sh\necho active\n');
    chmodSync(join(bin, 'systemctl'), 0o755);
    const { code, stdout, stderr } = await asNobody(
      [stage.root],
      bin,
      'test/services/serviceStatus.fixture.ts',
    );
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toBe(
      'gateway  active, active. Its port is for root to read: with "sudo" it is asked how it is.\n',
    );
  });

  test.each([['install'], ['uninstall']])('a dry run of %s says what it may not read', async (verb) => {
    const stage = new Stage(false);
    await stage.install('gateway');
    chmodSync(stage.root, 0o755);
    const dry = ['service', verb, 'gateway', '--dry-run', '--root', stage.root];
    const { code, stdout, stderr } = await asNobody(dry);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`Only root may read ${stage.root}/etc/octoporty: run the same with "sudo".\n`);
    chmodSync(join(stage.root, 'etc/octoporty'), 0o755);
    if (verb === 'install')
      expect((await asNobody(dry)).stderr).toMatch(/^Only root may read \S+: run the same with "sudo".\n$/);
  });
});

/** The command line as a user without rights runs it, who may read the repository. */
function asNobody(args: readonly string[], bin = '/bin', script = 'services/cli.ts'): Promise<Ended> {
  const env = { PATH: `${bin}:${process.env.PATH ?? ''}` };
  const drop = 'data:text/javascript,process.setgroups([]);process.setgid(65534);process.setuid(65534);';
  return run(script, args, { ...env, NODE_OPTIONS: `--import=${drop}` }, '/').ended;
}
