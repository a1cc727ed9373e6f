// Owns the tests of a service that starts: the configuration file it has read, or refuses, and a variable that is misspelt.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AGENT, SECRET } from './configStage.ts';
import { run, tempDir } from './spawned.ts';

describe('a service', () => {
  it('says at debug level which file it has read, and starts as that says', async () => {
    const dir = tempDir();
    writeFileSync(
      join(dir, 'octoporty.json'),
      '{"listenHost": "127.0.0.1", "listenPort": 0, "logLevel": "debug"}',
    );
    const gateway = run('services/cli.ts', ['gateway'], { OCTOPORTY_AUTH_SECRET: SECRET }, dir);
    await gateway.printed(/"file":"octoporty\.json","msg":"The configuration file was read\."/);
    await gateway.printed(/"host":"127\.0\.0\.1","port":\d+/);
    gateway.kill('SIGTERM');
    expect((await gateway.ended).code).toBe(0);
  });

  it.each(['gateway', 'agent'])('warns of a variable that is probably misspelt: %s', async (service) => {
    const environment = {
      ...AGENT,
      OCTOPORTY_GATEWAY_URL: 'ws://127.0.0.1:1',
      OCTOPORTY_LISTEN_PORT: '0',
      OCTOPORTY_UI_PORT: '0',
      OCTOPORTY_DATA_DIR: tempDir(),
      OCTOPORTY_LOG_LEVL: 'debug',
    };
    const started = run('services/cli.ts', [service], environment);
    await started.printed(
      /"level":"warn",[^\n]*"variable":"OCTOPORTY_LOG_LEVL","meant":"OCTOPORTY_LOG_LEVEL","msg":"OCTOPORTY_LOG_LEVL is none/,
    );
    await started.printed(/"port":\d+/);
    started.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
  });

  it('starts with no file that is wrong, and says where', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'octoporty.yaml'), '\nlistenPorts: 1');
    const { code, stderr } = await run('services/cli.ts', ['gateway'], { OCTOPORTY_AUTH_SECRET: SECRET }, dir)
      .ended;
    expect([code, stderr]).toEqual([
      1,
      'octoporty.yaml:2: there is no setting "listenPorts": did you mean "listenPort"?\n',
    ]);
  });
});
