// The dashboard of `octoporty up`: the addresses that it shows are those at which visitors are answered.

import { readFileSync } from 'node:fs';
import { get as getPlain } from 'node:http';
import { get as getByTls } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { buildDashboard } from '../../../services/buildDashboard.mjs';
import { run, tempDir } from '../../services/spawned.ts';
import { startBrowser } from '../../support/browser.ts';
import { caddies, testWithCaddy } from '../../support/caddy.ts';
import { PASSWORD } from '../../support/dashboard.ts';
import { testWith } from '../../support/programs.ts';

const test = testWith('chromium');

const CLI = 'services/cli.ts';

/** The dashboard may have to be built first. */
const UP_MS = 120_000;

test(
  'with nothing in front of the gateway, the address of the demo opens and is copied',
  { timeout: UP_MS },
  async () => {
    const { page, printed } = await openUp([]);
    await page.goto('/mappings');
    const link = page.getByRole('link', { name: /^demo\.localhost:\d+/ });
    await link.waitFor();
    const url = await link.getAttribute('href');
    expect(url).toBe(printed);
    expect(await bodyAt(url ?? '')).toMatch(/^Hello from the demo origin/);
    await page.getByRole('button', { name: /^Copy the address/ }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(printed);
  },
);

testWithCaddy(
  'behind Caddy it is the one by TLS, at the port where Caddy stands',
  { timeout: UP_MS },
  async () => {
    const { page, printed, dataDir } = await openUp(['--caddy']);
    await page.goto('/mappings');
    const link = page.getByRole('link', { name: /^demo\.localhost:\d+/ });
    await link.waitFor();
    const url = await link.getAttribute('href');
    expect(url).toBe(printed);
    expect(url).toMatch(/^https:/);
    const root = readFileSync(join(dataDir, 'caddy', 'pki', 'authorities', 'local', 'root.crt'));
    expect(await bodyAt(url ?? '', root)).toMatch(/^Hello from the demo origin/);
  },
);

/** A page that is logged in to what `octoporty up` has started, and the address that it has printed. */
async function openUp(args: readonly string[]) {
  await buildDashboard(fileURLToPath(new URL('../../..', import.meta.url)));
  const dataDir = tempDir();
  const up = run(CLI, ['up', '--data-dir', dataDir, ...args], {
    OCTOPORTY_LISTEN_PORT: '0',
    OCTOPORTY_UI_PORT: '0',
    OCTOPORTY_UI_PASSWORD: PASSWORD,
    OCTOPORTY_CADDY_PORT: '0',
    ...(caddies[0] === undefined ? {} : { OCTOPORTY_CADDY: caddies[0].path }),
  });
  onTestFinished(async () => {
    up.kill('SIGINT');
    await up.ended;
  });
  const [, url = ''] = await up.printed(/Dashboard +(\S+)\//);
  const [, printed = ''] = await up.printed(/Published +(\S+)/);
  const browser = await startBrowser();
  onTestFinished(() => browser.close());
  const context = await browser.newContext({
    baseURL: url,
    permissions: ['clipboard-read', 'clipboard-write'],
    storageState: {
      cookies: [],
      origins: [{ origin: url, localStorage: [{ name: 'octoporty.login', value: 'yes' }] }],
    },
  });
  const login = { username: 'admin', password: PASSWORD };
  const answer = await context.request.post('/api/v1/auth/login', { data: login });
  expect(answer.status()).toBe(200);
  return { page: await context.newPage(), printed, dataDir };
}

/** Names below localhost lead to this machine, whatever its resolver knows of them. */
function bodyAt(url: string, ca?: Buffer): Promise<string> {
  const { protocol, hostname, host, port } = new URL(url);
  const get = protocol === 'https:' ? getByTls : getPlain;
  return new Promise((resolve, reject) => {
    const asked = get(
      {
        host: '127.0.0.1',
        port,
        servername: hostname,
        headers: { host },
        agent: false,
        ...(ca === undefined ? {} : { ca }),
      },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (text: string) => (body += text));
        answer.on('error', reject);
        answer.on('end', () => resolve(body));
      },
    );
    asked.on('error', reject);
  });
}
