// Draws the next step: by the seed and by what the model knows for certain, so that a seed gives the same steps again.

import { SeededRandom } from '../simulation/seededRandom.ts';
import { FAULTS, type Fault } from './adminProxy.ts';
import type { Key } from './claims.ts';
import { idOf, isOwnServer, type Json } from './configParts.ts';
import { serverListeningOn, type ForeignChange } from './foreignChanges.ts';
import { EXTERNAL_PORTS, keyOf, type Model } from './model.ts';
import type { Ports } from './stage.ts';
import type { AgentAt, Edit, OwnChange, Step } from './steps.ts';

/** Few, so that both agents and somebody else want the same. */
const NAMES = [
  'a.model.localhost',
  'b.model.localhost',
  'c.model.localhost',
  'd.model.localhost',
  'e.model.localhost',
] as const;

/** In routes of ours that nobody of us made. */
const GHOST_NAMES = ['ghost-1.localhost', 'ghost-2.localhost'] as const;

/** So many things happen before all is looked at. */
export interface PauseGap {
  readonly least: number;
  readonly most: number;
}

/** One pause in so many waits until a whole poll has passed without a write. */
const LONG_PAUSE_EVERY = 5;

const OWN_CHANGES = [
  'route deleted',
  'route deleted',
  'hosts changed',
  'handler changed',
  'route moved',
  'ghost added',
  'server deleted',
  'listener changed',
  'stray added',
] as const satisfies readonly OwnChange[];

export interface DrawOptions {
  readonly seed: number;
  readonly ports: Ports;
  readonly pauseGap: PauseGap;
}

export class Draw {
  private readonly random: SeededRandom;
  private readonly ports: Ports;
  private readonly pauseGap: PauseGap;
  private fault: Fault | null = null;
  private untilPause: number;
  private pauses = 0;
  private drawn = 0;

  constructor({ seed, ports, pauseGap }: DrawOptions) {
    this.random = new SeededRandom(seed);
    this.ports = ports;
    this.pauseGap = pauseGap;
    this.untilPause = pauseGap.most;
  }

  next(model: Model): Step {
    this.untilPause -= 1;
    if (this.untilPause < 0) {
      this.untilPause = this.random.between(this.pauseGap.least, this.pauseGap.most);
      this.pauses += 1;
      this.fault = null;
      return { kind: 'pause', isLong: this.pauses % LONG_PAUSE_EVERY === 0 };
    }
    const choices = this.choices(model);
    let left = this.random.fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, draw] of choices) {
      left -= weight;
      if (left < 0) return draw();
    }
    return { kind: 'pause', isLong: false };
  }

  /** What may happen now, each with its weight. */
  private choices(model: Model): (readonly [number, () => Step])[] {
    const { random } = this;
    const choices: (readonly [number, () => Step])[] = [];
    const may = (weight: number, draw: () => Step) => choices.push([weight, draw]);
    for (const agent of [0, 1] as const) {
      if (!model.agents[agent].isUp) {
        may(8, () => ({ kind: 'agent up', agent }));
        continue;
      }
      may(14, () => ({ kind: 'edits', agent, edits: this.edits(model, agent, 1) }));
      may(3, () => ({ kind: 'edits', agent, edits: this.edits(model, agent, random.between(3, 8)) }));
      may(1.5, () => ({ kind: 'agent down', agent, signal: random.pick(['SIGTERM', 'SIGKILL', 'SIGKILL']) }));
      if (model.isCaddyUp)
        may(3, () => ({
          kind: 'two writers',
          agent,
          edits: this.edits(model, agent, random.between(1, 2)),
          change: this.foreignChange(model),
        }));
    }
    if (model.isGatewayUp)
      may(2.5, () => ({ kind: 'gateway down', signal: random.pick(['SIGTERM', 'SIGKILL', 'SIGKILL']) }));
    else may(14, () => ({ kind: 'gateway up' }));
    if (this.fault === null) may(5, () => this.faultStep(random.pick(FAULTS)));
    else may(10, () => this.faultStep(null));
    if (!model.isCaddyUp) {
      may(14, () => ({ kind: 'Caddy up' }));
      return choices;
    }
    may(2.5, () => ({ kind: 'Caddy down' }));
    may(2.5, () => ({ kind: 'wiped', base: random.pick(['plain', 'secure', 'empty']) }));
    may(11, () => ({
      kind: 'ours',
      change: random.pick(OWN_CHANGES),
      nth: random.between(0, 99),
      name: random.pick(GHOST_NAMES),
    }));
    may(12, () => ({ kind: 'foreign', change: this.foreignChange(model) }));
    return choices;
  }

  private faultStep(fault: Fault | null): Step {
    this.fault = fault;
    return { kind: 'fault', fault };
  }

  /** Asked for at once, so each is of a mapping of its own. */
  private edits(model: Model, at: AgentAt, count: number): Edit[] {
    const { mappings } = model.agents[at];
    const all = EXTERNAL_PORTS.flatMap((port) => NAMES.map((name) => keyOf(name, port)));
    let free = all.filter((key) => !mappings.has(key));
    let held = all.filter((key) => mappings.has(key));
    const edits: Edit[] = [];
    const takeFrom = (keys: readonly Key[]) => keys[this.random.between(0, keys.length - 1)] ?? '';
    for (let n = 0; n < count; n += 1) {
      const edit = this.edit(mappings, takeFrom(free), takeFrom(held));
      if (edit === null) break;
      free = free.filter((key) => key !== edit.key && !(edit.kind === 'move' && key === edit.to));
      held = held.filter((key) => key !== edit.key);
      edits.push(edit);
    }
    return edits;
  }

  /** A key is empty where there is none. */
  private edit(mappings: ReadonlyMap<Key, boolean>, free: Key, held: Key): Edit | null {
    if (free === '' && held === '') return null;
    const dice = this.random.fraction();
    if (held === '' || (free !== '' && dice < 0.35)) return { kind: 'create', key: free };
    if (free !== '' && dice < 0.55) return { kind: 'move', key: held, to: free };
    if (dice < 0.75) return { kind: 'delete', key: held };
    return { kind: mappings.get(held) === true ? 'disable' : 'enable', key: held };
  }

  private foreignChange(model: Model): ForeignChange {
    const { random } = this;
    const servers = [...model.foreign.servers].filter(([name]) => !isOwnServer(name));
    const ids = servers.flatMap(([, { routes }]) => routes.map(idOf).filter((id) => id !== ''));
    const [id, server] = [pickFrom(random, ids), pickFrom(random, servers)?.[0]];
    const dice = random.fraction();
    if (server !== undefined && dice < 0.35) {
      const route = this.foreignRoute(`foreign-${this.count()}`);
      return { kind: 'route added', server, atFront: random.fraction() < 0.5, route };
    }
    if (id !== undefined && dice < 0.6) return { kind: 'route removed', id };
    if (id !== undefined && dice < 0.75) return { kind: 'route changed', id, route: this.foreignRoute(id) };
    if (dice < 0.8) return { kind: 'certificates changed', subject: `own-${this.count()}.localhost` };
    if (server !== undefined && dice < 0.88) return { kind: 'server removed', name: server };
    return {
      kind: 'server added',
      name: `server_${this.count()}`,
      server: this.foreignServer(model),
    };
  }

  /** Where nobody else listens for the port yet: of two servers Caddy would ask one, and nobody knows which. */
  private foreignServer({ foreign }: Model): Json {
    const { https, http, other } = this.ports;
    const number = this.count();
    const free = [https, http].filter((port) => serverListeningOn(foreign, port) === null);
    const elsewhere = `127.0.0.${2 + (number % 250)}:${other}`;
    const listener = this.random.pick([elsewhere, ...free.map((port) => `127.0.0.1:${port}`)]);
    const routes = [this.foreignRoute(`foreign-${number}-a`), this.foreignRoute(`foreign-${number}-b`)];
    const server = { listen: [listener], protocols: ['h1', 'h2'] };
    return this.random.fraction() < 0.2
      ? server
      : { ...server, routes: routes.slice(this.random.between(0, 1)) };
  }

  private foreignRoute(id: string): Json {
    const name = this.random.pick(NAMES);
    const says = [{ handler: 'static_response', body: `somebody else's <${id}> & é ☃`, status_code: '404' }];
    const within = [{ match: [{ host: [name] }], handle: says }];
    return this.random.pick<Json>([
      { '@id': id, match: [{ host: [name] }], handle: says, terminal: true },
      { '@id': id, match: [{ host: [`${id}.localhost`, name.toUpperCase()] }], handle: says },
      { '@id': id, match: [{ path: [`/${id}/*`] }], handle: says },
      { '@id': id, match: [{ host: ['*.wild.localhost'] }], handle: says },
      { '@id': id, match: [{ host: ['*.model.localhost'] }], handle: says },
      { '@id': id, handle: [{ handler: 'subroute', routes: within }] },
      { '@id': id, match: [{ host: [`${id}.localhost`] }], handle: says, terminal: false, group: 'odd' },
      { '@id': id, handle: says },
    ]);
  }

  private count(): number {
    this.drawn += 1;
    return this.drawn;
  }
}

function pickFrom<T>(random: SeededRandom, choices: readonly T[]): T | undefined {
  return choices[random.between(0, choices.length - 1)];
}
