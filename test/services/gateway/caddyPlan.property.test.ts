// The rules of the plan for whatever Caddy is configured to be.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planServers, routesIn } from '../../../services/gateway/caddyPlan.ts';
import type { DesiredRoute } from '../../../services/gateway/routeBook.ts';
import {
  ANNA,
  BERT,
  configOf,
  hostsOf,
  idOf,
  idsIn,
  inputOf,
  objectOf,
  routesOf,
  wish,
} from './caddyPlanStage.ts';

const domain = fc.constantFrom('a.test', 'b.test', 'c.test', 'tunnel.test');
const host = fc.oneof(domain, fc.constantFrom('*.test', '{env.X}', 'A.TEST', 'other.test'));
const junk = fc.jsonValue({ maxDepth: 2 });
const matcher = fc.oneof(
  fc.record({ host: fc.array(host, { maxLength: 3 }) }),
  fc.record({ path: junk }),
  junk,
);
const foreignRoute = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ match: fc.array(matcher, { maxLength: 2 }), handle: junk }, { requiredKeys: [] }),
  },
  { weight: 1, arbitrary: junk },
);
const ourId = fc.constantFrom(
  'octoporty:gateway',
  `octoporty:${ANNA}:443`,
  `octoporty:${BERT}:80`,
  'octoporty:?',
);
const oldRoute = fc.record({ '@id': ourId, match: fc.array(matcher, { maxLength: 2 }), handle: junk });
const address = fc.oneof(fc.constantFrom(':443', ':80', '10.0.0.1:443', ':9000', 'udp/:443', ':70-90'), junk);
const server = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        listen: fc.oneof(fc.array(address, { maxLength: 2 }), junk),
        routes: fc.oneof(
          { weight: 6, arbitrary: fc.array(fc.oneof(foreignRoute, oldRoute), { maxLength: 5 }) },
          { weight: 1, arbitrary: junk },
        ),
        logs: junk,
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: junk },
);
const foreignName = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('srv0', '__proto__', '7', '0'));
const anyConfig = fc
  .record({
    servers: fc.dictionary(foreignName, server, { maxKeys: 4 }),
    ports: fc.constantFrom({}, { https_port: 9000 }, { http_port: 81, https_port: 'x' }),
  })
  // As it arrives: what JSON cannot say is not there.
  .map(({ servers, ports }): unknown =>
    JSON.parse(JSON.stringify({ apps: { http: { ...ports, servers } } })),
  );
const anyRoutes = fc.array(
  fc.record({
    owner: fc.constantFrom(ANNA, BERT),
    id: fc.uuid(),
    domain,
    port: fc.constantFrom(443, 80, 9000),
  }),
  { maxLength: 8 },
);
const anyInput = fc.record({
  config: anyConfig,
  routes: anyRoutes,
  gatewayHost: fc.constantFrom(null, 'tunnel.test'),
});

test('what is not ours stays to the letter', () => {
  fc.assert(
    fc.property(anyInput, (given) => {
      const { servers } = planServers(inputOf(given));
      expect(JSON.stringify(foreignPartsOf(servers))).toBe(
        JSON.stringify(foreignPartsOf(serversOf(given.config))),
      );
    }),
  );
});

test('once the plan is in force there is nothing more to write', () => {
  fc.assert(
    fc.property(anyInput, (given) => {
      const first = planServers(inputOf(given));
      const config = withServers(given.config, first.servers);
      expect(planServers(inputOf({ ...given, config }))).toEqual({
        ...first,
        method: 'PATCH',
        isRight: true,
      });
    }),
  );
});

test('each name is there once on its port, before every catch-all, or is reported', () => {
  fc.assert(
    fc.property(anyInput, (given) => {
      const { servers, conflicts } = planServers(inputOf(given));
      const found = routesIn(withServers(given.config, servers)).map(keyOf);
      expect(new Set(found).size).toBe(found.length);
      const told = conflicts.flatMap(({ route }) => (route === null ? [] : [keyOf(route)]));
      expect(new Set([...found, ...told])).toEqual(new Set(given.routes.map(keyOf)));
      for (const planned of Object.values(servers)) expectOursBeforeCatchAlls(planned);
    }),
  );
});

test('no id is given twice: Caddy would refuse it all', () => {
  fc.assert(
    fc.property(anyInput, (given) => {
      const ids = Object.values(planServers(inputOf(given)).servers).flatMap(idsIn);
      expect(new Set(ids).size).toBe(ids.length);
    }),
  );
});

test('when nothing is desired any more, all is as it was before us', () => {
  fc.assert(
    fc.property(anyInput, ({ config: given, ...desired }) => {
      const config = withServers(given, planServers(inputOf({ config: given })).servers);
      const during = withServers(config, planServers(inputOf({ ...desired, config })).servers);
      const { servers } = planServers(inputOf({ config: during }));
      // A list of routes that was missing has been made, and stays.
      expect(withRouteLists(servers)).toEqual(withRouteLists(serversOf(config)));
    }),
  );
});

test('the order in which mappings come does not matter', () => {
  fc.assert(
    fc.property(anyInput, (given) => {
      const routes = given.routes.filter(
        (route, at) => given.routes.findIndex((r) => keyOf(r) === keyOf(route)) === at,
      );
      const plan = planServers(inputOf({ ...given, routes }));
      const turned = planServers(inputOf({ ...given, routes: routes.toReversed() }));
      expect(JSON.stringify(turned.servers)).toBe(JSON.stringify(plan.servers));
    }),
  );
});

test('nothing that JSON can say is too much', () => {
  const hostile = fc.oneof(
    fc.jsonValue(),
    fc.record({ apps: fc.jsonValue() }),
    fc.record({ apps: fc.record({ http: fc.jsonValue() }) }),
    fc.record({ apps: fc.record({ http: fc.record({ servers: fc.jsonValue() }) }) }),
  );
  fc.assert(
    fc.property(hostile, anyRoutes, (config, routes) => {
      const { servers } = planServers(inputOf({ config, routes }));
      expect(planServers(inputOf({ config: configOf(servers), routes })).isRight).toBe(true);
    }),
  );
});

test('routes within routes may go deeper than anybody reads', () => {
  let route: object = {};
  for (let depth = 0; depth < 100_000; depth += 1) route = { handle: [{ routes: [route] }] };
  const theirs = { listen: [':443'], routes: [route] };
  const { servers } = planServers(inputOf({ config: configOf({ theirs }), routes: [wish('app.test')] }));
  expect(hostsOf(servers.theirs)).toContainEqual(['app.test']);
});

function withServers(config: unknown, servers: object): unknown {
  return { apps: { http: { ...objectOf(objectOf(objectOf(config).apps).http), servers } } };
}

function serversOf(config: unknown): Record<string, unknown> {
  return objectOf(objectOf(objectOf(objectOf(config).apps).http).servers);
}

function keyOf({ owner, domain, port }: DesiredRoute): string {
  return `${owner} ${domain} ${port}`;
}

/** All but our servers and routes, in its order; a missing list of routes and an empty one are the same. */
function foreignPartsOf(servers: Record<string, unknown> | object): unknown[] {
  return Object.entries(servers).flatMap(([name, server]) => {
    if (/^octoporty_\d+$/.test(name)) return [];
    const { routes, ...others } = objectOf(server);
    if (
      server !== null &&
      typeof server === 'object' &&
      (routes === undefined || routes === null || Array.isArray(routes))
    )
      return [[name, Object.entries(others), routesOf(server).filter((route) => idOf(route) === '')]];
    return [[name, server]];
  });
}

function withRouteLists(servers: object): unknown {
  return Object.entries(servers).map(([name, server]: [string, unknown]) => {
    const isServer = typeof server === 'object' && server !== null && !Array.isArray(server);
    return [name, isServer ? { ...server, routes: objectOf(server).routes ?? [] } : server];
  });
}

function expectOursBeforeCatchAlls(server: unknown): void {
  const routes = routesOf(server);
  const lastOfOurs = routes.findLastIndex((route) => idOf(route) !== '');
  const firstForAnybody = routes.findIndex(
    (route) => Object.keys(objectOf(route)).length > 0 && !Object.hasOwn(objectOf(route), 'match'),
  );
  if (lastOfOurs >= 0 && firstForAnybody >= 0) expect(lastOfOurs).toBeLessThan(firstForAnybody);
}
