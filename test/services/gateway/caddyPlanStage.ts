// Configurations of Caddy as tests of the plan write and read them.

import type { PlanInput } from '../../../services/gateway/caddyPlan.ts';
import type { DesiredRoute } from '../../../services/gateway/routeBook.ts';

export const ANNA = '11111111-1111-4111-8111-111111111111';
export const BERT = '22222222-2222-4222-8222-222222222222';

export function inputOf(given: Partial<PlanInput>): PlanInput {
  return {
    config: null,
    routes: [],
    gatewayHost: null,
    upstream: 'localhost:5000',
    portMap: new Map(),
    takenPorts: new Set(),
    ...given,
  };
}

export function wish(domain: string, { owner = ANNA, port = 443 } = {}): DesiredRoute {
  return { owner, id: `mapping of ${domain} on ${port}`, domain, port };
}

export function configOf(servers: object): unknown {
  return { apps: { http: { servers } } };
}

export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function routesOf(server: unknown): unknown[] {
  const { routes } = objectOf(server);
  return Array.isArray(routes) ? routes : [];
}

export function idOf(route: unknown): string {
  const id = objectOf(route)['@id'];
  return typeof id === 'string' && id.startsWith('octoporty:') ? id : '';
}

export function idsIn(server: unknown): string[] {
  return routesOf(server)
    .map(idOf)
    .filter((id) => id !== '');
}

function matchersOf(route: unknown): unknown[] {
  const { match } = objectOf(route);
  return Array.isArray(match) ? match : [];
}

/** Of our routes. */
export function hostsOf(server: unknown): unknown[] {
  return routesOf(server)
    .filter((route) => idOf(route) !== '')
    .flatMap((route) => matchersOf(route).map((matcher) => objectOf(matcher).host));
}
