// Owns the tests of the reconciler over a real Caddy: what is written, when, and what is said of it.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished } from 'vitest';
import { POLL_MS } from '../../../machines/reconciler.ts';
import { testEachCaddy, testWithCaddy } from '../../support/caddy.ts';
import { until } from '../../support/rig.ts';
import {
  caddyStage,
  DEADLINES,
  GATEWAY_HOST,
  hostsIn,
  HURRY,
  OWNER,
  routeOf,
  type Reconciling,
} from './reconcilerStage.ts';

const SERVER_PATH = '/config/apps/http/servers/web';
const FOREIGN_ROUTE = {
  match: [{ host: ['mine.test'] }],
  handle: [{ handler: 'static_response', body: 'mine' }],
};
/** Long enough for a poll, and for a slow machine. */
const A_POLL_MS = POLL_MS / HURRY + 2_000;

describe('the desired routes', () => {
  testEachCaddy('are written in one write, and count once they are seen', async (binary) => {
    const { caddy, reconciling } = await caddyStage({ binary });
    const { reconciler, writes, book, applied } = reconciling('a', 'b');
    expect(reconciler.status).toMatchObject({ state: 'starting', desired: 0, applied: 0 });
    await right(reconciler);
    expect(await hostsIn(caddy)).toEqual([GATEWAY_HOST, 'a.test', 'b.test']);
    expect(writes.count).toBe(1);
    expect(reconciler.status).toMatchObject({ desired: 2, applied: 2, conflicts: [], lastError: null });
    expect(book.standingOf(routeOf('a'))).toEqual({ state: 'applied', reason: '' });
    expect(applied).toEqual(['a.test', 'b.test']);
  });

  testWithCaddy('that change together are one write, and those that left are gone', async () => {
    const { caddy, reconciling } = await caddyStage();
    const { reconciler, writes, publish, book, applied } = reconciling('a', 'b');
    await right(reconciler);
    publish('a');
    for (let edit = 0; edit < 100; edit += 1) publish('a', `edit${edit}`);
    expect(book.standingOf(routeOf('edit99'))).toEqual({ state: 'pending', reason: '' });
    expect(reconciler.status).toMatchObject({ state: 'changing', desired: 2, applied: 1 });
    await right(reconciler);
    expect(await hostsIn(caddy)).toEqual([GATEWAY_HOST, 'a.test', 'edit99.test']);
    expect(writes.count).toBe(2);
    expect(applied).toEqual(['a.test', 'b.test', 'edit99.test']);
  });

  testEachCaddy(
    'on a port that another program has are left out with the reason, and the others are written',
    async (binary) => {
      const { caddy, reconciling } = await caddyStage({ binary });
      const squatter = createServer().listen(0);
      onTestFinished(() => void squatter.close());
      await once(squatter, 'listening');
      const address = squatter.address();
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      const { reconciler, book } = reconciling('a', `b:${port}`);
      await right(reconciler);
      expect(await hostsIn(caddy)).toEqual([GATEWAY_HOST, 'a.test']);
      expect(book.standingOf(routeOf('a')).state).toBe('applied');
      expect(book.standingOf(routeOf(`b:${port}`))).toEqual({
        state: 'conflict',
        reason: `Caddy cannot listen on port ${port}: another program has it, or Caddy may not. Mend that, or choose another port.`,
      });
    },
  );

  testWithCaddy('whose lease has ended are gone within a poll', async () => {
    const { caddy, reconciling } = await caddyStage();
    const { reconciler, leaseOnly } = reconciling('a', 'b');
    await right(reconciler);
    leaseOnly('b');
    await until('the route is gone', async () => (await hostsIn(caddy)).length === 2, A_POLL_MS);
    expect(await hostsIn(caddy)).toEqual([GATEWAY_HOST, 'b.test']);
    expect(reconciler.status.desired).toBe(1);
  });

  testWithCaddy('that Caddy has already are not written again, by this gateway or the next one', async () => {
    const { caddy, reconciling } = await caddyStage();
    const first = reconciling('a', 'b');
    await right(first.reconciler);
    const { etag } = await caddy.ask('GET', '/config/');
    await polled(first);
    first.publish('a', 'b');
    expect(first.reconciler.status.state).toBe('right');
    first.reconciler.stop();
    const second = reconciling('a', 'b');
    await right(second.reconciler);
    expect([first.writes.count, second.writes.count]).toEqual([1, 0]);
    expect((await caddy.ask('GET', '/config/')).etag).toBe(etag);
  });

  testWithCaddy('of somebody else stay as they are, and a name that they have is a conflict', async () => {
    const { caddy, reconciling } = await caddyStage({ foreignRoutes: [FOREIGN_ROUTE] });
    const { reconciler, book, logged, publish } = reconciling('mine', 'a');
    await right(reconciler);
    const reason = 'Caddy\'s server "web" has a route for mine.test that is not ours.';
    expect(book.standingOf(routeOf('mine'))).toEqual({ state: 'conflict', reason });
    expect(reconciler.status).toMatchObject({
      desired: 2,
      applied: 1,
      conflicts: [{ domain: 'mine.test', port: 443, reason }],
      lastError: null,
    });
    publish('mine', 'a', 'b');
    await right(reconciler);
    expect(logged.filter(({ domain }) => domain === 'mine.test')).toHaveLength(1);
    const { body } = await caddy.ask('GET', `${SERVER_PATH}/routes/0`);
    expect(JSON.parse(body)).toEqual(FOREIGN_ROUTE);
    expect(await hostsIn(caddy)).toEqual(['mine.test', GATEWAY_HOST, 'a.test', 'b.test']);
    // Once the person has taken it out, the name is ours.
    await caddy.ask('DELETE', `${SERVER_PATH}/routes/0`);
    await until('the conflict is over', () => reconciler.status.applied === 3, A_POLL_MS);
    expect(await hostsIn(caddy)).toEqual([GATEWAY_HOST, 'a.test', 'b.test', 'mine.test']);
  });

  testWithCaddy('do without the gateway’s own host where somebody else’s route has it', async () => {
    const foreign = { ...FOREIGN_ROUTE, match: [{ host: [GATEWAY_HOST] }] };
    const { reconciling } = await caddyStage({ foreignRoutes: [foreign] });
    const { reconciler, logged } = reconciling('a');
    await right(reconciler);
    expect(reconciler.status).toMatchObject({ applied: 1, conflicts: [{ domain: GATEWAY_HOST }] });
    expect(logged.map(({ domain }) => domain)).toContain(GATEWAY_HOST);
  });
});

describe('a gateway that starts anew', () => {
  testWithCaddy('adopts what it finds before it writes anything', async () => {
    const { caddy, reconciling } = await caddyStage();
    const first = reconciling('a', 'b');
    await right(first.reconciler);
    first.reconciler.stop();
    const second = reconciling('c');
    const hostsAtFirstWrite: string[][] = [];
    second.writes.before = async () => void hostsAtFirstWrite.push(await hostsIn(caddy));
    await right(second.reconciler);
    expect(first.adopted).toEqual([[]]);
    expect(second.adopted).toEqual([
      ['a.test', 'b.test'].map((domain) => ({ owner: OWNER, id: `${domain}:443`, domain, port: 443 })),
    ]);
    expect(hostsAtFirstWrite).toEqual([[GATEWAY_HOST, 'a.test', 'b.test']]);
  });

  testWithCaddy('touches nothing any more once it is stopped', async () => {
    const { caddy, reconciling } = await caddyStage();
    const { reconciler, publish, actors, writes } = reconciling('a');
    await right(reconciler);
    reconciler.stop();
    publish('b');
    expect([actors.list(), reconciler.status]).toMatchObject([[], { desired: 1, applied: 1 }]);
    expect([await hostsIn(caddy), writes.count]).toEqual([[GATEWAY_HOST, 'a.test'], 1]);
  });
});

describe('what somebody else does to Caddy', () => {
  testWithCaddy('is mended within a poll where it was ours', async () => {
    const { caddy, reconciling } = await caddyStage();
    const { reconciler, writes } = reconciling('a');
    await right(reconciler);
    await caddy.ask('DELETE', `${SERVER_PATH}/routes`);
    await until('the routes are back', async () => (await hostsIn(caddy)).length === 2, A_POLL_MS);
    expect(writes.count).toBe(2);
  });

  testWithCaddy('between our look and our write is not lost', async () => {
    const { caddy, reconciling } = await caddyStage();
    const { reconciler, writes, logged } = reconciling('a');
    let tries = 0;
    writes.before = async () => {
      tries += 1;
      if (tries === 1) await caddy.ask('PUT', `${SERVER_PATH}/routes`, [FOREIGN_ROUTE]);
    };
    await right(reconciler);
    expect([tries, writes.count]).toEqual([2, 1]);
    expect(logged.map(({ line }) => line)).toEqual(["Caddy's routes were written."]);
    expect(await hostsIn(caddy)).toEqual(['mine.test', GATEWAY_HOST, 'a.test']);
  });
});

testEachCaddy('two hands that write all the time undo nothing of each other', async (binary) => {
  const { caddy, reconciling } = await caddyStage({ binary });
  const { reconciler, publish } = reconciling('a');
  await right(reconciler);
  const taken: string[] = [];
  for (let n = 0; n < 50; n += 1) {
    publish('a', `edit${n}`);
    const host = `mine${n}.test`;
    const route = { ...FOREIGN_ROUTE, match: [{ host: [host] }] };
    // What Caddy cuts may have come through or not: only what it has taken counts.
    const isTaken = await caddy.ask('PUT', `${SERVER_PATH}/routes/0`, route).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isTaken) taken.push(host);
  }
  await right(reconciler);
  const hosts = await hostsIn(caddy);
  expect(taken.length).toBeGreaterThan(10);
  expect(taken.filter((host) => !hosts.includes(host))).toEqual([]);
  expect(hosts.filter((host) => !host.startsWith('mine'))).toEqual([GATEWAY_HOST, 'a.test', 'edit49.test']);
});

describe('a Caddy', () => {
  testEachCaddy('that restarts without our routes has them again soon after', async (binary) => {
    const { caddy, reconciling } = await caddyStage({ binary });
    const { reconciler, book, logged, adopted } = reconciling('a');
    await right(reconciler);
    await caddy.kill('SIGKILL');
    await until('it is missed', () => reconciler.status.state === 'failing', A_POLL_MS);
    // Once may be the admin API alone.
    expect(book.standingOf(routeOf('a')).state).toBe('applied');
    await until(
      'its routes are believed gone',
      () => book.standingOf(routeOf('a')).state === 'failed',
      A_POLL_MS,
    );
    expect(reconciler.status).toMatchObject({ applied: 0, lastError: expect.stringContaining('reached') });
    await caddy.start();
    await until('its routes are back', async () => (await hostsIn(caddy)).length === 2, A_POLL_MS);
    await right(reconciler);
    expect(reconciler.status).toMatchObject({ applied: 1, lastError: null });
    // While it starts its socket may be gone for a moment, which is another reason: each is told once.
    const told = logged.filter(({ line }) => line.includes('trying again')).map(({ reason }) => reason);
    expect(told[0]).toContain('reached');
    expect(new Set(told).size).toBe(told.length);
    expect(logged.at(-1)?.line).toBe('Caddy serves the routes again.');
    // What is missing now is no reason to forget who owns it.
    expect(adopted).toHaveLength(1);
  });

  testWithCaddy('that is not there yet is waited for', async () => {
    const { caddy, reconciling } = await caddyStage();
    await caddy.kill('SIGKILL');
    const { reconciler } = reconciling('a');
    await until('it is missed', () => reconciler.status.state === 'failing');
    await caddy.start();
    await right(reconciler);
    expect(await hostsIn(caddy)).toEqual([GATEWAY_HOST, 'a.test']);
  });

  testWithCaddy('that hangs is given up in time, and served once it wakes', async () => {
    const { caddy, reconciling } = await caddyStage();
    const { reconciler, publish } = reconciling('a');
    await right(reconciler);
    process.kill(caddy.pid, 'SIGSTOP');
    onTestFinished(() => void process.kill(caddy.pid, 'SIGCONT'));
    publish('a', 'b');
    await until('it is missed', () => reconciler.status.state === 'failing', A_POLL_MS);
    expect(reconciler.status.lastError).toBe(
      `Caddy cannot be reached: it did not answer within ${DEADLINES.readMs / 1000} s.`,
    );
    process.kill(caddy.pid, 'SIGCONT');
    await right(reconciler);
    expect(await hostsIn(caddy)).toEqual([GATEWAY_HOST, 'a.test', 'b.test']);
  });
});

function right(reconciler: Reconciling['reconciler']): Promise<void> {
  return until('Caddy is right', () => reconciler.status.state === 'right', A_POLL_MS);
}

/** Caddy has been looked at twice more, and nothing came of it. */
function polled({ actors }: Reconciling): Promise<void> {
  const looks = () =>
    actors.list()[0]?.transitions.filter(({ to, from }) => from === 'settled' && to === 'looking').length ??
    0;
  const before = looks();
  return until('it was looked at again', () => looks() >= before + 2, 2 * A_POLL_MS);
}
