// Owns the tests of the chain's ends: Caddy's routes, the origins, and what is said about a single mapping.

import { describe, expect, test } from 'vitest';
import type { Route } from '../../../protocol/api/mappings.ts';
import { describeError } from '../../../protocol/errors.ts';
import { chainOf } from '../../../ui/pages/overview/chain.ts';
import { stepsOf } from '../../../ui/pages/overview/checklist.ts';
import { idsIn, troublesIn } from '../../../ui/pages/overview/troubles.ts';
import { unbroken } from '../support/unbroken.ts';
import { ONE, OTHER, at, machine, well, look, broken } from './chainScenes.ts';

describe('behind a Caddy', () => {
  const refused: Route = {
    state: 'refused',
    error: { code: 'route_failed', message: 'connect ECONNREFUSED' },
  };

  test.each([
    ['resting', [['caddy.failed', 'looking', 'resting', 40]]],
    [
      'looking',
      [
        ['desired.changed', 'settled', 'gathering', 38],
        ['caddy.failed', 'looking', 'resting', 40],
        ['after rest', 'resting', 'looking', 41],
      ],
    ],
  ] satisfies [string, Parameters<typeof machine>[2]][])(
    'a reconciler that is %s after a failure fails',
    (state, moves) => {
      const scene = well();
      scene.machines = [scene.machines[0], machine('reconciler', state, moves)].filter(
        (each) => each !== undefined,
      );
      scene.routes = new Map([[ONE, refused]]);
      expect(look(scene).caddy).toMatchObject({
        tone: 'bad',
        label: 'Failing',
        since: at(40),
        figure: { value: '0/1', unit: 'routes live' },
      });
      expect(broken(scene)).toEqual([['caddy', 'connect ECONNREFUSED']]);
      expect(look(scene).caddy.trouble?.advice).toContain('OCTOPORTY_CADDY_ADMIN_URL');
    },
  );

  test('a look at a Caddy that was right is no failure', () => {
    const scene = well();
    scene.machines = scene.machines.map((each) =>
      each.machine === 'reconciler'
        ? machine('reconciler', 'looking', [['after poll', 'settled', 'looking', 40]])
        : each,
    );
    expect(look(scene).caddy).toMatchObject({ tone: 'ok', label: 'Serving' });
  });

  test('a name that somebody else has there is told with its mapping', () => {
    const scene = well();
    const error = { code: 'route_conflict', message: 'Another route has this name.' };
    scene.routes = new Map([...scene.routes, [ONE, { state: 'refused', error }]]);
    expect(look(scene).caddy).toMatchObject({ tone: 'warn', figure: { value: '1/2' } });
    expect(broken(scene)).toEqual([['caddy', '“Photos”: Another route has this name.']]);
  });

  test('a certificate that could not be issued is told with its reason', () => {
    const scene = well();
    const certificate = { state: 'failed', reason: 'app.example.com has no address in DNS.' } as const;
    scene.routes = new Map([...scene.routes, [ONE, { state: 'active', certificate }]]);
    expect(broken(scene)).toEqual([['caddy', '“Photos”: app.example.com has no address in DNS.']]);
  });

  test('a certificate that is not renewed is told while it is still good', () => {
    const scene = well();
    const certificate = { state: 'issued', reason: 'It is good for now, but not renewed.' } as const;
    scene.routes = new Map([...scene.routes, [ONE, { state: 'active', certificate }]]);
    expect(look(scene).caddy).toMatchObject({ tone: 'warn', label: 'Not renewed' });
    expect(broken(scene)).toEqual([['caddy', '“Photos”: It is good for now, but not renewed.']]);
  });

  test('routes on their way are counted', () => {
    const scene = well();
    scene.routes = new Map<string, Route>([
      [ONE, { state: 'pending' }],
      [OTHER, { state: 'active' }],
    ]);
    expect(look(scene).caddy).toMatchObject({ tone: 'busy', label: 'Changing', figure: { value: '1/2' } });
  });
});

test('a mapping that the gateway does not take is told at the gateway, and does not count for Caddy', () => {
  const scene = well();
  const error = { code: 'domain_taken', message: 'Another agent publishes this name already.' };
  scene.status = { ...scene.status, config: { ...scene.status.config, errors: [{ ...error, id: ONE }] } };
  scene.routes = new Map([...scene.routes, [ONE, { state: 'refused', error }]]);
  expect(look(scene).gateway).toMatchObject({ tone: 'warn', label: 'Refuses 1' });
  expect(look(scene).caddy.figure?.value).toBe('1/1');
  expect(broken(scene)).toEqual([['gateway', '“Photos”: Another agent publishes this name already.']]);
  expect(look(scene).gateway.trouble?.advice).toContain('another one');
});

describe('origins', () => {
  const lastFailure = { code: 'origin_refused', statusCode: 502, mappingId: ONE, at: at(58) };

  test('that refuse are told with the mapping and what to do', () => {
    const scene = well();
    scene.recent = { ...scene.recent, count: 10, failed: 10, lastFailure };
    expect(look(scene).origins).toMatchObject({
      tone: 'bad',
      label: 'Failing',
      figure: { value: unbroken('100 %') },
    });
    expect(broken(scene)).toEqual([['origins', `“Photos”: ${describeError('origin_refused').says}`]]);
    expect(look(scene).origins.trouble).toMatchObject({
      advice: expect.stringContaining('Start the service'),
      to: `/requests?mapping=${ONE}`,
    });
  });

  test('of which some fail are a warning', () => {
    const scene = well();
    scene.recent = { ...scene.recent, count: 100, failed: 4, lastFailure };
    expect(look(scene).origins).toMatchObject({
      tone: 'warn',
      label: 'Some fail',
      figure: { value: unbroken('4.0 %') },
    });
  });

  test('that answer with an error of their own are told by its status', () => {
    const scene = well();
    const own = { ...lastFailure, code: null, statusCode: 503, mappingId: OTHER };
    scene.recent = { ...scene.recent, count: 1, failed: 1, lastFailure: own };
    expect(broken(scene)).toEqual([['origins', 'The service answered with the status 503.']]);
  });

  test('that nobody asks are not judged', () => {
    const scene = well();
    scene.recent = { ...scene.recent, perSecond: 0, count: 0, lastAt: null };
    expect(look(scene).origins).toMatchObject({ tone: 'off', label: 'Not asked', figure: null });
    expect(look(scene).visitors).toMatchObject({ tone: 'off', label: 'Quiet' });
  });
});

describe('what is said about a mapping', () => {
  test('waits for its name, which is worth knowing, and goes without once there is none', () => {
    const { status, machines, routes, recent } = well();
    const lastFailure = { code: null, statusCode: 500, mappingId: ONE, at: at(1) };
    const chain = chainOf(status, machines, routes, { ...recent, failed: 1, lastFailure });
    expect(idsIn(chain)).toEqual([ONE]);
    expect(troublesIn(chain, new Map())).toEqual([]);
    expect(troublesIn(chain, new Map([[ONE, null]]))[0]?.says).toBe(
      'The service answered with the status 500.',
    );
  });

  test('names the one that stands for several', () => {
    const scene = well();
    const error = { code: 'route_conflict', message: 'Another route has this name.' };
    const refused: Route = { state: 'refused', error };
    scene.routes = new Map([
      [ONE, refused],
      [OTHER, refused],
    ]);
    expect(broken(scene)).toEqual([
      ['caddy', '2 names have no route. “Photos”: Another route has this name.'],
    ]);
  });

  test('is nothing when all is well', () => {
    const { status, machines, routes, recent } = well();
    expect(idsIn(chainOf(status, machines, routes, recent))).toEqual([]);
  });
});

test('thousands of routes are gone through when they change, not with every request', () => {
  const scene = well();
  let walks = 0;
  class Walked extends Map<string, Route> {
    override [Symbol.iterator]() {
      walks += 1;
      return super[Symbol.iterator]();
    }
    override values() {
      walks += 1;
      return super.values();
    }
  }
  const routes = new Walked(scene.routes);
  for (let count = 0; count < 10; count += 1) {
    chainOf(scene.status, scene.machines, routes, { ...scene.recent, count });
    stepsOf(scene.status, routes, false);
  }
  expect(walks).toBe(2);
});
