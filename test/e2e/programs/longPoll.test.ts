// Long polling through a tunnel: an origin that answers only when something has happened, and many who wait for it.

import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { close, listen } from '../../support/httpOrigin.ts';
import { RawClient } from '../../support/rawClient.ts';
import { get, startRig, until, type Rig } from '../../support/rig.ts';

const NAME = 'poll.localhost';
const CLIENTS = 200;
const EVENTS = 5;

/** All that has happened, and who waits for what comes next. */
let happened: string[] = [];
const waiting = new Set<ServerResponse>();

/** `/N` answers with what happened Nth, as soon as it has. */
const origin = createServer((asked, response) => {
  const event = happened[Number(asked.url?.slice(1))];
  if (event !== undefined) {
    response.end(event);
    return;
  }
  waiting.add(response);
  response.on('close', () => waiting.delete(response));
});
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ maps: [`${NAME}=http://127.0.0.1:${await listen(origin)}`] });
});

afterAll(async () => {
  await close(origin);
  await rig.stop();
});

beforeEach(() => {
  happened = [];
});

test('many who wait all learn of every event, in order, and wait again', async () => {
  const clients = Array.from({ length: CLIENTS }, () => follow(EVENTS));
  for (let n = 0; n < EVENTS; n += 1) {
    await until('everyone waits', () => waiting.size === CLIENTS);
    // Those who wait hold nobody else up, and nothing is told before it has happened.
    if (n > 0) expect((await get(rig.gatewayPort, NAME, `/${n - 1}`)).body).toBe(`event ${n - 1}`);
    expect(waiting.size).toBe(CLIENTS);
    happen(`event ${n}`);
  }
  const heard = await Promise.all(clients);
  expect(heard.filter((events) => events.join() !== happened.join())).toEqual([]);
});

test('who leaves while waiting is gone at the origin, and the others still get their answer', async () => {
  const others = Array.from({ length: 10 }, () => follow(1));
  const leaver = await RawClient.connect(rig.gatewayPort);
  leaver.send(`GET /0 HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`);
  await until('all wait', () => waiting.size === 11);
  leaver.close();
  await until('one has left', () => waiting.size === 10);
  happen('event');
  expect((await Promise.all(others)).flat()).toEqual(Array.from({ length: 10 }, () => 'event'));
});

/** Asks for one event after the other. */
async function follow(count: number): Promise<string[]> {
  const events: string[] = [];
  while (events.length < count) {
    const { status, body } = await get(rig.gatewayPort, NAME, `/${events.length}`);
    expect(status).toBe(200);
    events.push(body);
  }
  return events;
}

function happen(event: string): void {
  happened.push(event);
  for (const response of waiting) response.end(event);
  waiting.clear();
}
