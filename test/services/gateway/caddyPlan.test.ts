// The rules by which Caddy's servers are planned, one by one.

import { describe, expect, test } from 'vitest';
import { planServers, routesIn } from '../../../services/gateway/caddyPlan.ts';
import { ANNA, BERT, configOf, hostsOf, idsIn, inputOf, routesOf, wish } from './caddyPlanStage.ts';

const REFUSE_ALL = { handle: [{ handler: 'static_response', status_code: 403 }] };

describe('a Caddy that knows nothing yet', () => {
  test.each([
    ['no configuration', null, 'PUT'],
    ['no apps', { admin: { listen: 'unix//run/caddy.sock' } }, 'PUT'],
    ['no HTTP app', { apps: { tls: {} } }, 'PUT'],
    ['an HTTP app that is null', { apps: { http: null } }, 'PUT'],
    ['no servers', { apps: { http: { https_port: 443 } } }, 'PUT'],
    ['servers that are null', { apps: { http: { servers: null } } }, 'PATCH'],
    ['servers that are empty', { apps: { http: { servers: {} } } }, 'PATCH'],
  ])('with %s gets a server of ours in one write', (_, config, method) => {
    const plan = planServers(inputOf({ config, routes: [wish('app.test')] }));
    expect(plan).toMatchObject({ isRight: false, method, conflicts: [] });
    expect(plan.servers).toEqual({
      octoporty_443: { listen: [':443'], routes: [ourRoute(ANNA, 443, 'app.test')] },
    });
  });

  test('is right when nothing is desired', () => {
    expect(planServers(inputOf({ config: null }))).toMatchObject({ isRight: true, servers: {} });
  });

  test('gets the gateway’s own host before everything else', () => {
    const { servers } = planServers(inputOf({ gatewayHost: 'tunnel.test', routes: [wish('app.test')] }));
    expect(idsIn(servers.octoporty_443)).toEqual(['octoporty:gateway', `octoporty:${ANNA}:443`]);
    expect(hostsOf(servers.octoporty_443)).toEqual([['tunnel.test'], ['app.test']]);
  });
});

describe('the names', () => {
  test('of an agent on a port are one route, in an order of their own', () => {
    const { servers } = planServers(
      inputOf({ routes: [wish('b.test'), wish('c.test', { owner: BERT }), wish('a.test')] }),
    );
    expect(idsIn(servers.octoporty_443)).toEqual([`octoporty:${ANNA}:443`, `octoporty:${BERT}:443`]);
    expect(hostsOf(servers.octoporty_443)).toEqual([['a.test', 'b.test'], ['c.test']]);
  });

  test('are found again with their owner and port, but not the gateway’s', () => {
    const routes = [wish('a.test'), wish('a.test', { port: 80 }), wish('b.test', { owner: BERT })];
    const { servers } = planServers(inputOf({ gatewayHost: 'tunnel.test', routes }));
    const found = routesIn(configOf(servers)).map(({ owner, domain, port }) => [owner, domain, port]);
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining(routes.map((route) => [route.owner, route.domain, route.port])),
    );
  });

  test('that were found are as good as those that agents tell: nothing is written for them', () => {
    const { servers } = planServers(inputOf({ routes: [wish('a.test'), wish('b.test', { owner: BERT })] }));
    const config = configOf(servers);
    expect(planServers(inputOf({ config, routes: routesIn(config) })).isRight).toBe(true);
  });

  test('pass from one mapping to another of the same agent without a write', () => {
    const { servers } = planServers(inputOf({ routes: [wish('a.test')] }));
    const routes = [{ ...wish('a.test'), id: 'another mapping' }];
    expect(planServers(inputOf({ config: configOf(servers), routes })).isRight).toBe(true);
  });

  test('of which two are the same on one port are written once, for the gateway before an agent', () => {
    const taken = wish('tunnel.test');
    const plan = planServers(inputOf({ gatewayHost: 'tunnel.test', routes: [taken] }));
    expect(hostsOf(plan.servers.octoporty_443)).toEqual([['tunnel.test']]);
    expect(plan.conflicts).toEqual([
      { route: taken, reason: 'tunnel.test has a route on port 443 already.' },
    ]);
  });
});

describe('a port', () => {
  test.each([
    ['443 is where Caddy has HTTPS', 443, { https_port: 8443 }, [], ':8443'],
    ['80 is where Caddy has HTTP', 80, { http_port: 8080 }, [], ':8080'],
    ['443 is where we were told', 443, { https_port: 8443 }, [[443, 9443]], ':9443'],
    ['other than these is itself', 9000, { https_port: 8443, http_port: 8080 }, [], ':9000'],
  ] as const)('%s', (_, port, ports, portMap, listen) => {
    const config = { apps: { http: { ...ports, servers: {} } } };
    const routes = [wish('app.test', { port })];
    const { servers } = planServers(inputOf({ config, routes, portMap: new Map(portMap) }));
    expect(Object.values(servers)).toMatchObject([{ listen: [listen] }]);
    expect(JSON.stringify(servers)).toContain(`"X-Forwarded-Port":["${port}"]`);
  });

  test('has routes of its own: one name goes to two mappings', () => {
    const routes = [wish('app.test', { port: 80 }), wish('app.test')];
    const { servers, conflicts } = planServers(inputOf({ routes }));
    expect(Object.keys(servers).sort()).toEqual(['octoporty_443', 'octoporty_80']);
    expect(conflicts).toEqual([]);
  });

  test('for which Caddy listens where it does for another cannot have the same name: 443 comes first', () => {
    const routes = [
      wish('app.test', { port: 80 }),
      wish('app.test', { owner: BERT }),
      wish('web.test', { port: 80 }),
    ];
    const portMap = new Map([443, 80].map((port) => [port, 9000]));
    const plan = planServers(inputOf({ routes, portMap }));
    expect(hostsOf(plan.servers.octoporty_9000)).toEqual([['app.test'], ['web.test']]);
    expect(plan.conflicts).toEqual([
      {
        route: routes[0],
        reason: 'app.test has a route on port 443, and Caddy listens for both ports on the same one.',
      },
    ]);
  });
});

describe('a server of somebody else', () => {
  test.each([':443', '0.0.0.0:443', '[::]:443', 'tcp/:443', 'tcp6/[::]:443', ':440-449', '10.0.0.1:443'])(
    'that listens on %s gets our routes',
    (address) => {
      const { servers } = planServers(
        inputOf({ config: configOf({ theirs: { listen: [':1', address] } }), routes: [wish('app.test')] }),
      );
      expect(Object.keys(servers)).toEqual(['theirs']);
      expect(hostsOf(servers.theirs)).toEqual([['app.test']]);
    },
  );

  test.each([':4430', 'udp/:443', 'unix//run/443', 'fd/443', ':{env.PORT}', ':444-449', '443', 443, null])(
    'that listens on %j does not',
    (address) => {
      const theirs = { listen: [address] };
      const { servers } = planServers(inputOf({ config: configOf({ theirs }), routes: [wish('app.test')] }));
      expect(Object.keys(servers)).toEqual(['theirs', 'octoporty_443']);
      expect(servers.theirs).toBe(theirs);
    },
  );

  test('that listens on all addresses is taken before one that listens on some', () => {
    const config = configOf({ a: { listen: ['10.0.0.1:443'] }, b: { listen: [':443'] } });
    const { servers } = planServers(inputOf({ config, routes: [wish('app.test')] }));
    expect(hostsOf(servers.b)).toEqual([['app.test']]);
    expect(servers.a).toEqual({ listen: ['10.0.0.1:443'] });
  });

  test('that comes to a port takes over from ours, which goes', () => {
    const { servers } = planServers(inputOf({ routes: [wish('app.test')] }));
    const config = configOf({ ...servers, theirs: { listen: [':443'], routes: [] } });
    const plan = planServers(inputOf({ config, routes: [wish('app.test')] }));
    expect(Object.keys(plan.servers)).toEqual(['theirs']);
    expect(hostsOf(plan.servers.theirs)).toEqual([['app.test']]);
  });

  test('keeps its routes, those with ids too', () => {
    const routes = [{ '@id': 'theirs', match: [{ host: ['other.test'] }] }, { '@id': 7 }, REFUSE_ALL];
    const config = configOf({ theirs: { listen: [':443'], routes } });
    const { servers } = planServers(inputOf({ config, routes: [wish('app.test')] }));
    expect(routesOf(servers.theirs)).toEqual(expect.arrayContaining(routes));
  });

  test('loses our routes when its port is not the one any more', () => {
    const theirs = { listen: [':8443'], routes: [ourRoute(ANNA, 443, 'app.test'), REFUSE_ALL] };
    const { servers } = planServers(inputOf({ config: configOf({ theirs }), routes: [wish('app.test')] }));
    expect(servers.theirs).toEqual({ listen: [':8443'], routes: [REFUSE_ALL] });
    expect(hostsOf(servers.octoporty_443)).toEqual([['app.test']]);
  });
});

describe('a server of ours', () => {
  test('goes with its last route', () => {
    const config = configOf({
      octoporty_443: { listen: [':443'], routes: [ourRoute(ANNA, 443, 'app.test')] },
    });
    expect(planServers(inputOf({ config })).servers).toEqual({});
  });

  test('stays while somebody else has a route there', () => {
    const routes = [ourRoute(ANNA, 443, 'app.test'), REFUSE_ALL];
    const config = configOf({ octoporty_443: { listen: [':443'], routes } });
    expect(planServers(inputOf({ config })).servers).toEqual({
      octoporty_443: { listen: [':443'], routes: [REFUSE_ALL] },
    });
  });

  test('keeps what somebody else set there, and listens where it should', () => {
    const config = configOf({ octoporty_443: { listen: [':1'], logs: {}, routes: [] } });
    const { servers } = planServers(inputOf({ config, routes: [wish('app.test')] }));
    expect(servers.octoporty_443).toMatchObject({ listen: [':443'], logs: {} });
  });
});

describe('our routes stand', () => {
  const named = { match: [{ host: ['other.test'] }], handle: [] };

  test.each([
    ['no matcher', {}],
    ['no matcher in its list', { match: [] }],
    ['a matcher of paths', { match: [{ path: ['/x'] }] }],
    ['a second matcher without names', { match: [{ host: ['other.test'] }, { path: ['/x'] }] }],
    ['a wildcard', { match: [{ host: ['*.test'] }] }],
    ['a placeholder', { match: [{ host: ['{env.NAME}'] }] }],
    ['names that it is not for', { match: [{ not: [{ host: ['x.test'] }] }] }],
  ])('before the first route with %s', (_, catchAll) => {
    const theirs = { listen: [':443'], routes: [named, catchAll, named, REFUSE_ALL] };
    const { servers } = planServers(inputOf({ config: configOf({ theirs }), routes: [wish('app.test')] }));
    expect(routesOf(servers.theirs)).toEqual([
      named,
      ourRoute(ANNA, 443, 'app.test'),
      catchAll,
      named,
      REFUSE_ALL,
    ]);
  });

  test('after all others where each is for names', () => {
    const theirs = { listen: [':443'], routes: [named, named] };
    const { servers } = planServers(inputOf({ config: configOf({ theirs }), routes: [wish('app.test')] }));
    expect(routesOf(servers.theirs)).toEqual([named, named, ourRoute(ANNA, 443, 'app.test')]);
  });

  test('there again when a catch-all was put before them', () => {
    const theirs = { listen: [':443'], routes: [REFUSE_ALL, ourRoute(ANNA, 443, 'app.test')] };
    const plan = planServers(inputOf({ config: configOf({ theirs }), routes: [wish('app.test')] }));
    expect(plan.isRight).toBe(false);
    expect(routesOf(plan.servers.theirs)).toEqual([ourRoute(ANNA, 443, 'app.test'), REFUSE_ALL]);
  });
});

describe('a name that somebody else’s route has on the server', () => {
  const app = wish('app.test');
  const within = (route: object) => ({ handle: [{ handler: 'subroute', routes: [route] }] });

  test.each([
    ['in plain', { match: [{ host: ['other.test', 'app.test'] }] }],
    ['in capitals', { match: [{ host: ['APP.test'] }] }],
    ['in a later matcher', { match: [{ host: ['other.test'] }, { host: ['app.test'] }] }],
    ['in a route within it', within({ match: [{ host: ['app.test'] }] })],
  ])('%s is reported and left to it', (_, route) => {
    const theirs = { listen: [':443'], routes: [route] };
    const plan = planServers(inputOf({ config: configOf({ theirs }), routes: [app, wish('web.test')] }));
    expect(plan.conflicts).toEqual([
      { route: app, reason: 'Caddy\'s server "theirs" has a route for app.test that is not ours.' },
    ]);
    expect(hostsOf(plan.servers.theirs).flat()).not.toContain('app.test');
    expect(JSON.stringify(plan.servers)).toContain('"host":["web.test"]');
  });

  test('is no conflict where it is on another server', () => {
    const theirs = { listen: [':9090'], routes: [{ match: [{ host: ['app.test'] }] }] };
    const { conflicts } = planServers(inputOf({ config: configOf({ theirs }), routes: [app] }));
    expect(conflicts).toEqual([]);
  });

  test('is reported for the gateway’s own host as well', () => {
    const theirs = { listen: [':443'], routes: [{ match: [{ host: ['tunnel.test'] }] }] };
    const plan = planServers(inputOf({ config: configOf({ theirs }), gatewayHost: 'tunnel.test' }));
    expect(plan).toMatchObject({ isRight: true, conflicts: [{ route: null }] });
  });

  test('takes our route for it away again', () => {
    const { servers } = planServers(inputOf({ routes: [app] }));
    const routes = [...routesOf(servers.octoporty_443), { match: [{ host: ['app.test'] }] }];
    const config = configOf({ octoporty_443: { listen: [':443'], routes } });
    expect(idsIn(planServers(inputOf({ config, routes: [app] })).servers.octoporty_443)).toEqual([]);
  });
});

/** As a person reads it in Caddy's configuration. */
function ourRoute(owner: string, port: number, ...hosts: string[]): object {
  return {
    '@id': `octoporty:${owner}:${port}`,
    match: [{ host: hosts }],
    handle: [
      {
        handler: 'reverse_proxy',
        upstreams: [{ dial: 'localhost:5000' }],
        transport: { protocol: 'http', compression: false },
        flush_interval: -1,
        stream_close_delay: '24h',
        load_balancing: { try_duration: '5s', try_interval: '250ms' },
        headers: { request: { set: { 'X-Forwarded-Port': [String(port)] } } },
      },
    ],
    terminal: true,
  };
}
