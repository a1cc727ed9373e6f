// The configurations that Caddy is given when a run begins, and when somebody wipes what it has.

import { recordOf, type Json } from './configParts.ts';
import { INTERNAL } from './foreignChanges.ts';
import type { Ports } from './stage.ts';
import type { Base } from './steps.ts';

/** With which Caddy starts: somebody's site on port 80, and another server elsewhere. */
export function configOnPorts(ports: Ports): Json & { apps: Json } {
  return {
    logging: { logs: { default: { level: 'WARN' } } },
    apps: { http: httpOn(ports, plainServers(ports)), tls: { automation: { policies: [INTERNAL] } } },
  };
}

/** `secure`: a site on 443, too. `empty`: nobody's. `plain` is the first, as Caddy tells it; the others differ in its servers. */
export function basesOf(ports: Ports, plain: unknown): Readonly<Record<Base, Json>> {
  const whole = recordOf(plain);
  const withHttp = (http: Json) => ({ ...whole, apps: { ...recordOf(whole.apps), http } });
  const secure = {
    listen: [`:${ports.https}`],
    protocols: ['h1', 'h2'],
    routes: [
      { '@id': 'secure', match: [{ host: ['e.model.localhost'] }], handle: [says('secure')], terminal: true },
      NOBODY,
    ],
  };
  return {
    plain: whole,
    secure: withHttp(httpOn(ports, { ...plainServers(ports), secure })),
    empty: withHttp(httpOn(ports, undefined)),
  };
}

function httpOn({ http, https }: Ports, servers: Json | undefined): Json {
  const ports = { http_port: http, https_port: https };
  return servers === undefined ? ports : { ...ports, servers };
}

function plainServers({ http, other }: Ports): Json {
  const site = {
    '@id': 'site',
    match: [{ host: ['site.localhost'] }],
    handle: [says('site')],
    terminal: true,
  };
  return {
    site: { listen: [`:${http}`], routes: [site, NOBODY] },
    plain: { routes: [{ handle: [says('plain')] }], listen: [`127.0.0.1:${other}`] },
  };
}

const NOBODY = { handle: [{ handler: 'static_response', status_code: 421, body: 'nobody' }] };

function says(body: string): Json {
  return { handler: 'static_response', body };
}
