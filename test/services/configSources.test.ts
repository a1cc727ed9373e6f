// Owns the tests of where values come from: flags, environment and defaults, and the files of secrets.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { variableOf } from '../../services/config/names.ts';
import type { Variables } from '../../services/config/variables.ts';
import { loadGatewayConfig } from '../../services/config.ts';
import { agent, fileWith, gateway, OTHER_SECRET, SECRET } from './configStage.ts';
import { refusal } from './refusal.ts';

describe('where values come from', () => {
  it('lets flags win over the environment, and that over defaults', () => {
    const defaults = {
      OCTOPORTY_AUTH_SECRET: SECRET,
      OCTOPORTY_LISTEN_PORT: '1',
      OCTOPORTY_HEAD_TIMEOUT: '1s',
    };
    const environment = { OCTOPORTY_LISTEN_PORT: '2', OCTOPORTY_HEAD_TIMEOUT: '2s' };
    const flags = { OCTOPORTY_LISTEN_PORT: '3' };
    expect(loadGatewayConfig({ flags, environment, defaults })).toMatchObject({
      listenPort: 3,
      headTimeoutMs: 2000,
      authSecrets: [SECRET],
    });
  });

  it('names the flag when the flag is wrong', () => {
    const sources = {
      environment: { OCTOPORTY_AUTH_SECRET: SECRET },
      flags: { [variableOf('listenPort')]: 'x' },
    };
    expect(refusal(() => loadGatewayConfig(sources))).toMatch(/^--listen-port must be a port/);
  });

  it('takes an empty variable as one that is not set', () => {
    expect(gateway({ OCTOPORTY_LISTEN_PORT: '', OCTOPORTY_STATUS_TOKEN: '' })).toMatchObject({
      listenPort: 5000,
      statusToken: null,
    });
  });

  it('reads a secret from a file, without the line end that editors leave', () => {
    const path = fileWith(`${OTHER_SECRET}\n`);
    const environment = { OCTOPORTY_AUTH_SECRET_FILE: path };
    expect(loadGatewayConfig({ environment }).authSecrets).toEqual([OTHER_SECRET]);
  });

  it('says which file is missing, empty, too short, or one too many', () => {
    const load = (environment: Variables) => refusal(() => loadGatewayConfig({ environment }));
    expect(load({ OCTOPORTY_AUTH_SECRET_FILE: '/nonexistent/secret' })).toBe(
      'OCTOPORTY_AUTH_SECRET_FILE: cannot read /nonexistent/secret (ENOENT).',
    );
    expect(load({ OCTOPORTY_AUTH_SECRET_FILE: fileWith('\n') })).toMatch(
      /^OCTOPORTY_AUTH_SECRET_FILE: .*secret is empty: write the value into it\.$/,
    );
    expect(load({ OCTOPORTY_AUTH_SECRET_FILE: fileWith('short') })).toMatch(
      /^OCTOPORTY_AUTH_SECRET_FILE has 5 bytes/,
    );
    expect(load({ OCTOPORTY_AUTH_SECRET_FILE: fileWith(SECRET), OCTOPORTY_AUTH_SECRET: SECRET })).toBe(
      'Set OCTOPORTY_AUTH_SECRET or OCTOPORTY_AUTH_SECRET_FILE, not both.',
    );
  });

  it.each([
    ['a NUL in it', 'hunter2\0', /is not plain text: save it as UTF-8, with the value alone in it\.$/],
    ['UTF-16', Buffer.from('\uFEFFhunter2', 'utf16le'), /is not plain text: save it as UTF-8/],
    ['bytes that are no text', Buffer.from([0xc3, 0x28]), /is not plain text: save it as UTF-8/],
    ['a byte order mark', '\uFEFFhunter2', /begins with a byte order mark: save it as UTF-8 without one\.$/],
    ['nothing in it', '', /is empty: write the value into it\.$/],
    [
      'too much in it',
      'hunter2'.repeat(10_000),
      /is larger than 64 KiB, which no secret is: name another file\.$/,
    ],
  ])('says in one line what is wrong with a file of a secret that has %s', (_, content, words) => {
    const path = fileWith(content);
    const line = refusal(() => loadGatewayConfig({ environment: { OCTOPORTY_AUTH_SECRET_FILE: path } }));
    expect(line.startsWith(`OCTOPORTY_AUTH_SECRET_FILE: ${path} `)).toBe(true);
    expect(line).toMatch(words);
    expect(line).not.toMatch(/hunter2|\n/);
  });

  it.each([
    ['two lines, as "openssl rand -base64 64" prints', `hunter2${SECRET}\n${SECRET}\n`],
    ['a blank line behind it', `${SECRET}\n\n`],
  ])('refuses a file of a secret that has %s, and says how to have one line', (_, content) => {
    const environment = { OCTOPORTY_AUTH_SECRET_FILE: fileWith(content) };
    expect(refusal(() => loadGatewayConfig({ environment }))).toBe(
      'OCTOPORTY_AUTH_SECRET_FILE must be one line, such as the output of "openssl rand -hex 32": there is a line end, or a NUL, in it.',
    );
  });

  it('takes a connection string over several lines, from a file as from a variable', () => {
    const text = 'Server=db;\nDatabase=x;\nUser Id=me;\nPassword=hunter2;';
    const read = agent({ OCTOPORTY_CONNECTION_STRING_FILE: fileWith(`${text}\n`) });
    expect(read.connectionString).toBe(text);
    expect(agent({ OCTOPORTY_CONNECTION_STRING: text }).connectionString).toBe(text);
  });

  it('says what is no file of a secret at all', () => {
    const load = (path: string) =>
      refusal(() => loadGatewayConfig({ environment: { OCTOPORTY_AUTH_SECRET_FILE: path } }));
    const file = fileWith(SECRET);
    expect(load(dirname(file))).toBe(
      `OCTOPORTY_AUTH_SECRET_FILE: ${dirname(file)} is a folder: name the file in it.`,
    );
    expect(load('/dev/zero')).toBe('OCTOPORTY_AUTH_SECRET_FILE: /dev/zero is no file.');
    expect(load(`${file}/below`)).toBe(`OCTOPORTY_AUTH_SECRET_FILE: cannot read ${file}/below (ENOTDIR).`);
  });

  it('drops the last line end of a file alone: blanks around a password belong to it', () => {
    for (const [content, password] of [
      [' a b \r\n', ' a b '],
      ['\tx', '\tx'],
    ] as const)
      expect(
        agent({ OCTOPORTY_UI_PASSWORD: undefined, OCTOPORTY_UI_PASSWORD_FILE: fileWith(content) }).uiPassword,
      ).toBe(password);
  });

  it('reads a secret from a pipe, as shells make one of what a program prints', async () => {
    const path = join(dirname(fileWith(SECRET)), 'pipe');
    execFileSync('mkfifo', [path]);
    // Another process: this one waits in the middle of its reading.
    const writer = spawn('sh', ['-c', `cat secret > pipe`], { cwd: dirname(path) });
    const environment = { OCTOPORTY_AUTH_SECRET_FILE: path };
    expect(loadGatewayConfig({ environment }).authSecrets).toEqual([SECRET]);
    await once(writer, 'exit');
  });

  it('keeps every refusal to one line without the secret in it', () => {
    const line = refusal(() => gateway({ OCTOPORTY_AUTH_SECRET: 'hunter2', OCTOPORTY_LISTEN_PORT: 'a\nb' }));
    expect(line).not.toContain('hunter2');
    expect(line).not.toContain('\n');
  });
});
