// Owns the tests of the chain: what each situation looks like, which link is broken, and what is to be done.

import { describe, expect, test } from 'vitest';
import type { MachineView } from '../../../protocol/api/machines.ts';
import type { Route } from '../../../protocol/api/mappings.ts';
import type { Status } from '../../../protocol/api/status.ts';
import { describeError, type ErrorCode } from '../../../protocol/errors.ts';
import { chainOf, type Link, type Recent } from '../../../ui/pages/overview/chain.ts';
import { stepsOf } from '../../../ui/pages/overview/checklist.ts';
import { idsIn, troublesIn, type Names } from '../../../ui/pages/overview/troubles.ts';
import { liveStatus } from '../../support/hubTells.ts';
import { unbroken } from '../support/unbroken.ts';

const ONE = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';

interface Scene {
  status: Status;
  machines: MachineView[];
  routes: Map<string, Route>;
  recent: Recent;
}

const NAMES: Names = new Map([
  [ONE, 'Photos'],
  [OTHER, null],
]);

function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 31, 12, 0, seconds)).toISOString();
}

function machine(
  name: string,
  state: string,
  moves: [event: string, from: string, to: string, seconds: number][],
) {
  const place: MachineView['place'] = name === 'reconciler' ? 'gateway' : 'agent';
  const transitions = moves.map(([event, from, to, seconds]) => ({ event, from, to, at: at(seconds) }));
  return { id: name, place, machine: name, state, since: transitions.at(-1)?.at ?? at(0), transitions };
}

/** All is well, with a Caddy in front. */
function well(): Scene {
  return {
    status: liveStatus({
      since: at(9),
      gateway: {
        url: 'wss://gateway.example.com/tunnel',
        version: '1.2.0',
        host: 'gateway.example.com',
        rttMs: 12,
      },
      config: { revision: 2, ackedRevision: 2, errors: [] },
      relays: 3,
      uptimeSeconds: 3600,
    }),
    machines: [
      machine('connection', 'online.lively', [['attempt.online', 'trying.syncing', 'online.lively', 9]]),
      machine('database', 'open.quiet', [['database.answered', 'starting.opening', 'open.quiet', 1]]),
      machine('reconciler', 'settled', [['look.right', 'looking', 'settled', 20]]),
    ],
    routes: new Map<string, Route>([
      [ONE, { state: 'active', appliedAt: at(10) }],
      [OTHER, { state: 'active', appliedAt: at(10) }],
    ]),
    recent: {
      perSecond: 2.5,
      count: 750,
      failed: 0,
      lastFailure: null,
      lastAt: at(59),
      lastOnlineAt: null,
      startedAt: at(0),
    },
  };
}

function look({ status, machines, routes, recent }: Scene): Record<Link['key'], Link> {
  const chain = chainOf(status, machines, routes, recent);
  expect(chain.map(({ name }) => name)).toEqual([
    'Visitors',
    'Caddy',
    'Gateway',
    'Tunnel',
    'Agent',
    'Origins',
  ]);
  const [visitors, caddy, gateway, tunnel, agent, origins] = chain;
  if (!visitors || !caddy || !gateway || !tunnel || !agent || !origins) throw new Error('a link is missing');
  return { visitors, caddy, gateway, tunnel, agent, origins };
}

function broken({ status, machines, routes, recent }: Scene): [string, string][] {
  const chain = chainOf(status, machines, routes, recent);
  return troublesIn(chain, NAMES).map(({ key, says }) => [key, says]);
}

/** The tunnel went at 30 s, and why. */
function offline(code: ErrorCode, state = 'waiting'): Scene {
  const scene = well();
  scene.status = {
    ...scene.status,
    state,
    since: at(50),
    attempt: 7,
    lastError: { code, message: describeError(code).says },
    tunnels: 0,
  };
  const moves: Parameters<typeof machine>[2] = [
    ['attempt.ended', 'online.lively', 'waiting', 30],
    ['dial.due', 'waiting', 'trying.dialing', 31],
    ['attempt.ended', 'trying.dialing', state, 50],
  ];
  // Without a tunnel the gateway tells of none of its machines.
  scene.machines = [machine('connection', state, moves)];
  scene.routes = new Map([[ONE, { state: 'offline' }]]);
  return scene;
}

test('when all is well every link says so, with its number and since when', () => {
  const chain = look(well());
  expect(Object.values(chain).map(({ tone }) => tone)).toEqual(Array.from({ length: 6 }, () => 'ok'));
  expect(Object.values(chain).map(({ figure }) => `${figure?.value} ${figure?.unit}`)).toEqual([
    '2.5 requests/s',
    '2/2 routes live',
    '1.2.0 version',
    unbroken('12 ms round trip'),
    '3 requests in flight',
    unbroken('0 % errors'),
  ]);
  expect(chain.tunnel.since).toBe(at(9));
  expect(broken(well())).toEqual([]);
});

test('without a Caddy its link is not used, and nothing is broken', () => {
  const scene = well();
  scene.machines = scene.machines.filter(({ machine: name }) => name !== 'reconciler');
  expect(look(scene).caddy).toMatchObject({ tone: 'off', label: 'Not used', figure: null });
  expect(broken(scene)).toEqual([]);
});

describe('without a tunnel', () => {
  test.each<[ErrorCode, keyof ReturnType<typeof look>, string, string]>([
    ['dial_failed', 'gateway', 'Unreachable', 'wss://gateway.example.com/tunnel'],
    ['dial_timeout', 'gateway', 'Unreachable', 'firewall'],
    ['not_a_gateway', 'gateway', 'Not a gateway', 'tries again by itself'],
    ['gateway_untrusted', 'gateway', 'Not trusted', 'tries again by itself'],
    ['version_mismatch', 'gateway', 'Other version', 'Update the older one'],
    ['proxy_unreachable', 'tunnel', 'Waiting', 'tries again by itself'],
    ['proxy_login_failed', 'tunnel', 'Refused', 'Restart the agent'],
    ['going_away', 'gateway', 'Restarting', 'tries again by itself'],
    ['auth_failed', 'tunnel', 'Refused', 'Restart the side that you change'],
    ['duplicate_agent', 'tunnel', 'Refused', 'tries again by itself'],
    ['peer_silent', 'tunnel', 'Waiting', 'tries again by itself'],
    ['wire_closed', 'tunnel', 'Waiting', 'tries again by itself'],
  ])('%s is to blame on the %s alone, with what to do', (code, blamed, label, advice) => {
    const scene = offline(code, describeError(code).retryable ? 'waiting' : 'rejected');
    expect(broken(scene)).toEqual([[blamed, describeError(code).says]]);
    const link = look(scene)[blamed];
    expect(link.label).toBe(label);
    expect(link.trouble?.advice).toContain(advice);
  });

  test('it is told since when, however often it was dialled since, and how often that was', () => {
    const { tunnel, gateway, visitors, caddy } = look(offline('dial_failed'));
    expect(tunnel).toMatchObject({ since: at(30), figure: { value: '7', unit: 'attempts' } });
    expect(gateway.since).toBe(at(30));
    expect(visitors).toMatchObject({ tone: 'warn', label: 'Turned away', trouble: null });
    expect(caddy).toMatchObject({ tone: 'off', label: 'Not known' });
  });

  test('what its machine has forgotten is taken from the connection log', () => {
    const scene = offline('dial_failed');
    scene.machines = [machine('connection', 'waiting', [['attempt.ended', 'trying.dialing', 'waiting', 50]])];
    scene.recent = { ...scene.recent, lastOnlineAt: at(5) };
    expect(look(scene).tunnel.since).toBe(at(5));
  });

  test('an agent that was never online says so from its start', () => {
    const scene = offline('dial_failed');
    scene.machines = [
      machine('connection', 'waiting', [
        ['start', 'offline', 'waiting', 2],
        ['dial.due', 'waiting', 'trying.dialing', 3],
        ['attempt.ended', 'trying.dialing', 'waiting', 4],
      ]),
    ];
    expect(look(scene).tunnel.since).toBe(at(2));
  });

  test('a wrong secret says which variable is to be set, and that the gateway answers', () => {
    const { gateway, tunnel } = look(offline('auth_failed', 'rejected'));
    expect(gateway).toMatchObject({ tone: 'ok', label: 'Answers' });
    expect(tunnel.trouble?.says).toContain('OCTOPORTY_AUTH_SECRET on both sides');
    expect(tunnel).toMatchObject({ tone: 'bad', label: 'Refused' });
  });
});

test('a silent gateway is told while the tunnel still stands', () => {
  const scene = well();
  scene.status = { ...scene.status, state: 'online.doubtful' };
  expect(look(scene).tunnel).toMatchObject({ tone: 'warn', label: 'Silent' });
  expect(broken(scene)).toEqual([['tunnel', expect.stringContaining('gone silent')]]);
});

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
});

test('a lost database says what still works', () => {
  const scene = well();
  scene.status = { ...scene.status, database: 'lost' };
  scene.machines = scene.machines.map((each) =>
    each.machine === 'database'
      ? machine('database', 'lost.resting', [
          ['database.failed', 'open.quiet', 'lost.resting', 33],
          ['after rest', 'lost.resting', 'lost.recovering', 34],
          ['database.failed', 'lost.recovering', 'lost.resting', 35],
        ])
      : each,
  );
  expect(look(scene).agent).toMatchObject({ tone: 'bad', label: 'Database lost', since: at(33) });
  expect(broken(scene)).toEqual([['agent', expect.stringContaining('served on')]]);
});

test('a database that opens slowly at the start is told after a moment', () => {
  const scene = offline('stopped', 'offline');
  const starting = { ...scene.status, lastError: null, database: 'starting' } as const;
  expect(broken({ ...scene, status: { ...starting, uptimeSeconds: 1 } })).toEqual([]);
  expect(broken({ ...scene, status: { ...starting, uptimeSeconds: 9 } })).toEqual([
    ['agent', expect.stringContaining('does not open')],
  ]);
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

test('the agent is up since it was started, whenever its status was told', () => {
  const { agent } = look(well());
  expect([agent.label, agent.since]).toEqual(['Up', at(0)]);
});

test('a gateway that refuses answers, and since when is not claimed', () => {
  const scene = well();
  const lastError = { code: 'auth_failed', message: 'The secrets differ.' };
  const { gateway } = look({ ...scene, status: { ...scene.status, state: 'rejected', lastError } });
  expect([gateway.label, gateway.since]).toEqual(['Answers', null]);
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
