// What must hold once all faults are over: Caddy has what the model wants, visitors see it, and nobody writes any more.

import { readFileSync } from 'node:fs';
import { POLL_MS } from '../../machines/reconciler.ts';
import { get, until } from '../support/rig.ts';
import { TlsVisitor } from '../support/tlsVisitor.ts';
import type { Key } from './claims.ts';
import { firstFound, foreignDifference, partsOf, type ConfigParts, type OwnRoute } from './configParts.ts';
import { mayMatchAnyName } from './foreignChanges.ts';
import { EXTERNAL_PORTS, GATEWAY_HOST, partsOfKey, type Model } from './model.ts';
import type { Stage } from './stage.ts';

/** After the tunnels are back. Caddy is looked at once in a poll, and written once in a second. */
const CONVERGED_MS = 8_000;

/** A settled Caddy is looked at within this time. */
const LOOK_MS = POLL_MS * 1.5;

/** A visitor of a lost name waits up to five seconds; certificates are made meanwhile. */
const VISIT_MS = 10_000;

/** Changes are told to an agent once in a second. */
const TOLD_MS = 5_000;

/** A route of ours without its names, by its port: as the gateway wrote it before anybody touched it. */
export type Templates = ReadonlyMap<string, string>;

export function templatesOf(own: readonly OwnRoute[]): Templates {
  return new Map(own.map(({ id, rest }) => [portOf(id), rest]));
}

/** What is wrong with our routes, or with what is not ours; null: nothing. */
export function differenceOf(parts: ConfigParts, model: Model, templates: Templates): string | null {
  return (
    foreignDifference(parts.foreign, model.foreign) ??
    namesDifference(parts, model) ??
    serversDifference(parts) ??
    firstFound(parts.own.map((route) => routeDifference(route, parts, templates)))
  );
}

/** Milliseconds until Caddy had what there should be. Throws where it never does, or is written without a need. */
export async function pause(
  stage: Stage,
  model: Model,
  templates: Templates,
  isLong: boolean,
): Promise<number> {
  const startMs = performance.now();
  const { proxy } = stage;
  let difference: string | null = 'Caddy has not been asked';
  let parts: ConfigParts | undefined;
  let etag: string | undefined;
  const isSettled = async () => {
    // Who has a name may be anybody's guess: what Caddy had from before would do as well, were it not about to change.
    const isIdle = proxy.isIdle && (await stage.saysRight());
    const read = await stage.caddy.ask('GET', '/config/');
    parts = partsOf(JSON.parse(read.body));
    etag = read.etag;
    difference = differenceOf(parts, model, templates);
    return difference === null && isIdle && proxy.isIdle;
  };
  await until('Caddy has what it should', isSettled, CONVERGED_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${difference ?? 'but the gateway does not say so'}`);
  });
  const tookMs = performance.now() - startMs;
  const { writes, looks } = proxy;
  const owners = ownersIn(parts?.own ?? []);
  model.claims.sawOwners(owners);
  const looked = until(
    'the gateway looks again',
    () => proxy.looks >= looks + (isLong ? 2 : 1),
    isLong ? 2 * LOOK_MS : LOOK_MS,
  );
  await Promise.all([looked, visitAll(stage, model, owners), standingsToldBy(stage, model, owners)]);
  await until('the gateway has its answer', () => proxy.isIdle);
  if (proxy.writes !== writes) throw new Error(`${proxy.writes - writes} writes though all was right`);
  const after = await stage.caddy.ask('GET', '/config/');
  if (after.etag !== etag) throw new Error('the configuration has changed though all was right');
  return tookMs;
}

function namesDifference({ own }: ConfigParts, model: Model): string | null {
  const seen = new Map<string, OwnRoute>();
  for (const route of own)
    for (const host of route.hosts) seen.set(`${host}:${portOf(route.id)} in ${route.server}`, route);
  const count = own.reduce((sum, { hosts }) => sum + hosts.length, 0);
  if (seen.size !== count) return 'a name is there twice';
  const gateway = `${GATEWAY_HOST}:gateway in ${model.gatewayServer()}`;
  if (!seen.delete(gateway)) return `there is no ${gateway}`;
  for (const { key, server, owners } of model.expected()) {
    const name = `${key} in ${server}`;
    const id = seen.get(name)?.id;
    if (id === undefined) return `there is no ${name}`;
    if (!owners.has(ownerOf(id)))
      return `${name} belongs to ${ownerOf(id)}, not to ${[...owners].join(' or ')}`;
    seen.delete(name);
  }
  const [surplus] = seen;
  return surplus === undefined ? null : `there is ${surplus[0]} of ${surplus[1].id}`;
}

/** A server of ours listens where its name says, and is there for a reason. */
function serversDifference({ own, ownListeners, foreign }: ConfigParts): string | null {
  for (const [name, listen] of ownListeners) {
    const isUsed = own.some(({ server }) => server === name);
    if (!isUsed && !foreign.servers.has(name)) return `${name} is there for nothing`;
    const expected = JSON.stringify([`:${name.slice('octoporty_'.length)}`]);
    if (isUsed && JSON.stringify(listen) !== expected) return `${name} listens on ${JSON.stringify(listen)}`;
  }
  return null;
}

function routeDifference(
  route: OwnRoute,
  { own, foreign }: ConfigParts,
  templates: Templates,
): string | null {
  if (templates.get(portOf(route.id)) !== route.rest) return `${route.id} is ${route.rest}`;
  const routes = foreign.servers.get(route.server)?.routes ?? [];
  const firstCatchAll = routes.findIndex(mayMatchAnyName);
  const ownBefore = own.filter(({ server, place }) => server === route.server && place < route.place).length;
  const foreignBefore = route.place - ownBefore;
  return firstCatchAll >= 0 && foreignBefore > firstCatchAll
    ? `${route.id} stands behind a route for any name`
    : null;
}

function ownersIn(own: readonly OwnRoute[]): Map<Key, string> {
  return new Map(
    own
      .filter(({ id }) => portOf(id) !== 'gateway')
      .flatMap(({ id, hosts }) => hosts.map((host) => [`${host}:${portOf(id)}`, ownerOf(id)] as const)),
  );
}

/** Each name leads to its owner's origin, or to the page that says that it is offline. */
async function visitAll(stage: Stage, model: Model, owners: ReadonlyMap<Key, string>): Promise<void> {
  const visits = [...owners].map(async ([key, owner]) => {
    const { name, port } = partsOfKey(key);
    const agent = stage.agents.find(({ id }) => id === owner);
    const isLive = model.claims.isLive(owner, key);
    const expected = isLive ? `200 ${agent?.service.name ?? ''}, told ${port}` : '503';
    let heard = '';
    const isRight = async () => {
      heard = await visit(stage, name, port);
      return isLive ? heard === expected : heard.startsWith(expected);
    };
    await until(`${key} is visited`, isRight, VISIT_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}: visitors hear ${heard.slice(0, 200)}, not ${expected}`);
    });
  });
  await Promise.all(visits);
}

/** Each agent that runs says of its mappings what has become of them. */
async function standingsToldBy(stage: Stage, model: Model, owners: ReadonlyMap<Key, string>): Promise<void> {
  for (const [at, agent] of stage.agents.entries()) {
    if (!agent.isUp) continue;
    const mappings = [...(model.agents[at]?.mappings ?? [])];
    const expected = mappings.map(([key, isEnabled]) => {
      if (!isEnabled) return `${key} disabled`;
      return owners.get(key) === agent.id ? `${key} active` : `${key} refused`;
    });
    let told: string[] = [];
    const isTold = async () => {
      told = [...(await agent.standings())].map(([key, state]) => `${key} ${state}`);
      return told.toSorted().join() === expected.toSorted().join();
    };
    await until(`agent ${agent.service.name} says how its mappings stand`, isTold, TOLD_MS).catch(
      (error: unknown) => {
        const wrong = told.filter((standing) => !expected.includes(standing));
        throw new Error(`${String(error)}: it says ${wrong.join()} of ${expected.join()}`);
      },
    );
  }
}

async function visit({ ports, caddy }: Stage, name: string, port: number): Promise<string> {
  try {
    const answer =
      port === EXTERNAL_PORTS[0]
        ? await new TlsVisitor(ports.https, readFileSync(caddy.rootFile)).get(name)
        : await get(ports.http, name);
    return `${answer.status} ${answer.body}`;
  } catch (error) {
    return String(error);
  }
}

function ownerOf(id: string): string {
  return id.split(':')[1] ?? '';
}

/** `gateway` for the gateway's own route. */
function portOf(id: string): string {
  return id.split(':')[2] ?? 'gateway';
}
