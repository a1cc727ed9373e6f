// The requests page in a browser, by role and name, and the requests that it lists.

import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { useDashboard, type PageOptions } from '../../support/dashboard.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { RawClient } from '../../support/rawClient.ts';
import { get } from '../../support/rig.ts';

/** Two cores, and a browser beside two services: steps of a page take their time. */
export const SLOW_MS = 60_000;

/** No two tests of a file ask for the same path. */
let lastPath = 0;

/** A stage with two mappings for all tests of a file: one is served, the service of the other is down. */
export function useRequests() {
  const origin = createServer((asked, response) => {
    const { searchParams } = new URL(asked.url ?? '/', 'http://origin');
    response.writeHead(Number(searchParams.get('status') ?? 200)).end('x'.repeat(1234));
  });
  const stage = useDashboard(async () => ({
    maps: [`app.localhost=http://127.0.0.1:${await listen(origin)}`, 'down.localhost=http://127.0.0.1:1'],
  }));

  afterAll(() => close(origin));

  /** One GET through the tunnel. */
  async function visit(path: string, host = 'app.localhost'): Promise<void> {
    await get(stage.rig.gatewayPort, host, path);
  }

  /** Any request line, of which a browser would not send every one. */
  async function send(method: string, target: string): Promise<void> {
    const client = await RawClient.connect(stage.rig.gatewayPort);
    client.send(
      `${method} ${target} HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
    await client.rest();
  }

  /** Open, with the log read, be it empty, and the pointer away from the list. */
  async function openRequests(address = '/requests', options: PageOptions = {}): Promise<Page> {
    const page = await stage.logIn(address, options);
    page.setDefaultTimeout(10_000);
    const read = page.getByText(/^[\d,]+ requests?/);
    await read
      .or(page.getByRole('heading', { name: 'No requests yet' }))
      .first()
      .waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    return page;
  }

  return { stage, visit, send, openRequests };
}

export function freshPath(): string {
  lastPath += 1;
  return `/of-test-${lastPath}/page`;
}

export function row(page: Page, path: string) {
  return page.getByRole('grid', { name: 'Requests' }).getByRole('row').filter({ hasText: path });
}

/** As many as came, and now and then some that were written to the log a moment before. */
export function newOnes(page: Page) {
  return page.getByRole('button', { name: /^[\d,]+ new$/ });
}
