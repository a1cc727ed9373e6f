// What somebody else does to Caddy's configuration in the model's runs: the same change on the model and on the real one.

import {
  hostsOf,
  idOf,
  listOf,
  recordOf,
  type Foreign,
  type ForeignServer,
  type Json,
} from './configParts.ts';

/** A name in Caddy's own `servers`, and the `@id` of a route; both are drawn once and never again. */
export type ForeignChange =
  | { readonly kind: 'route added'; readonly server: string; readonly atFront: boolean; readonly route: Json }
  | { readonly kind: 'route changed'; readonly id: string; readonly route: Json }
  | { readonly kind: 'route removed'; readonly id: string }
  | { readonly kind: 'server added'; readonly name: string; readonly server: Json }
  | { readonly kind: 'server removed'; readonly name: string }
  | { readonly kind: 'certificates changed'; readonly subject: string };

/** Changes it in place: the whole configuration as Caddy tells it, routes of ours included. */
export function changeConfig(config: unknown, change: ForeignChange): void {
  const apps = recordOf(recordOf(config).apps);
  const http = recordOf(apps.http);
  if (change.kind === 'certificates changed') {
    const automation = {
      policies: [{ subjects: [change.subject], issuers: [{ module: 'internal' }] }, INTERNAL],
    };
    apps.tls = { automation };
    return;
  }
  const servers = { ...recordOf(http.servers) };
  http.servers = servers;
  if (change.kind === 'server added') servers[change.name] = structuredClone(change.server);
  else if (change.kind === 'server removed') Reflect.deleteProperty(servers, change.name);
  else
    for (const [name, server] of Object.entries(servers)) {
      const routes = routesAfter(name, listOf(recordOf(server).routes), change);
      if (routes !== null) recordOf(server).routes = routes;
    }
}

/** A server's routes after the change; null: it is none of them. */
function routesAfter(name: string, routes: unknown[], change: ForeignChange): unknown[] | null {
  if (change.kind === 'route added') {
    if (name !== change.server) return null;
    return change.atFront ? [change.route, ...routes] : [...routes, change.route];
  }
  if (change.kind !== 'route changed' && change.kind !== 'route removed') return null;
  if (!routes.some((route) => idOf(route) === change.id)) return null;
  return routes.flatMap((route) => {
    if (idOf(route) !== change.id) return [route];
    return change.kind === 'route changed' ? [change.route] : [];
  });
}

/** The same as a configuration without anything of ours. */
export function configOf({ rest, servers }: Foreign): Json {
  const config = structuredClone(rest);
  const entries = [...servers].map(([name, { settings, routes }]) => [
    name,
    { ...settings, routes: [...routes] },
  ]);
  const apps = recordOf(config.apps);
  apps.http = { ...recordOf(apps.http), servers: structuredClone(Object.fromEntries(entries)) };
  return config;
}

/** The server that routes for this port go into, when one of somebody else's listens there; null: none does. */
export function serverListeningOn({ servers }: Foreign, port: number): string | null {
  const candidates = [...servers].flatMap(([name, { settings }]) => {
    const listeners = listOf(settings.listen).map(String);
    const listener = listeners.find((address) => address.endsWith(`:${port}`));
    return listener === undefined ? [] : [{ name, isForAll: listener === `:${port}` }];
  });
  const sorted = candidates.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return (sorted.find(({ isForAll }) => isForAll) ?? sorted[0])?.name ?? null;
}

/** Names that the server has for somebody else, lower case, those of routes within routes included. */
export function namesTakenIn(server: ForeignServer | undefined): Set<string> {
  return new Set((server?.routes ?? []).flatMap(namesIn).map((name) => name.toLowerCase()));
}

function namesIn(route: unknown): string[] {
  const within = listOf(recordOf(route).handle).flatMap((handler) => listOf(recordOf(handler).routes));
  return [...hostsOf(route), ...within.flatMap(namesIn)];
}

/** It may answer for names that it does not spell out. */
export function mayMatchAnyName(route: unknown): boolean {
  const matchers = listOf(recordOf(route).match);
  return (
    matchers.length === 0 ||
    matchers.some((matcher) => {
      const hosts = listOf(recordOf(matcher).host).map(String);
      return hosts.length === 0 || hosts.some((host) => host.includes('*'));
    })
  );
}

/** All certificates come from Caddy's own authority. */
export const INTERNAL = { issuers: [{ module: 'internal' }] };
