// A browser's own EventSource through a tunnel: each event at once, and a new connection where the last one ended.

import { createServer, type ServerResponse } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { startBrowser } from '../../support/browser.ts';
import { close, listen } from '../../support/httpOrigin.ts';
import { testWith } from '../../support/programs.ts';
import { startRig, until, type Rig } from '../../support/rig.ts';

const NAME = 'events.localhost';
const test = testWith('chromium');

const PAGE = `<!doctype html><ol></ol><script>
  new EventSource('/events').onmessage = ({ lastEventId, data }) => {
    const item = document.createElement('li');
    item.textContent = lastEventId + ' ' + data;
    document.querySelector('ol').append(item);
  };
</script>`;

/** The stream that is open, and what each one asked to continue after. */
let stream: ServerResponse | undefined;
const continuedAfter: (string | undefined)[] = [];

const origin = createServer((asked, response) => {
  if (asked.url !== '/events') {
    response.setHeader('content-type', 'text/html').end(PAGE);
    return;
  }
  continuedAfter.push(asked.headers['last-event-id']?.toString());
  response.setHeader('content-type', 'text/event-stream');
  // The browser's own pause before it comes again is seconds long.
  response.write('retry: 10\n\n');
  stream = response;
  response.on('close', () => {
    if (stream === response) stream = undefined;
  });
});
let rig: Rig;
let browser: Browser;

beforeAll(async () => {
  const map = `${NAME}=http://127.0.0.1:${await listen(origin)}`;
  [rig, browser] = await Promise.all([startRig({ maps: [map] }), startBrowser()]);
});

afterAll(async () => {
  await browser.close();
  await close(origin);
  await rig.stop();
});

test('every event is in the page before the next is sent, over streams that end and streams that break', async () => {
  const page = await browser.newPage();
  await page.goto(`http://${NAME}:${rig.gatewayPort}/`);
  await send(page, 1);
  await send(page, 2);
  await send(page, 3);

  stream?.end();
  await until('the browser is back', () => continuedAfter.length === 2);
  await send(page, 4);
  await send(page, 5);

  stream?.destroy();
  await until('the browser is back', () => continuedAfter.length === 3);
  await send(page, 6);

  expect(continuedAfter).toEqual([undefined, '3', '5']);
  await page.close();
  await until('the origin knows that nobody reads', () => stream === undefined);
});

/** Sends the nth event and waits until the page shows this many, the nth last. */
async function send(page: Page, n: number): Promise<void> {
  await until('a stream is open', () => stream !== undefined);
  stream?.write(`id: ${n}\ndata: event ${n}\n\n`);
  await page
    .locator('li')
    .nth(n - 1)
    .waitFor();
  const wanted = Array.from({ length: n }, (_, index) => `${index + 1} event ${index + 1}`);
  expect(await page.locator('li').allTextContents()).toEqual(wanted);
}
