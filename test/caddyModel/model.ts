// What there should be: the mappings of both agents, what the gateway has heard of them, and what is somebody else's in Caddy.

import { Claims, type FoundRoute, type Key } from './claims.ts';
import { partsOf, type ConfigParts, type Foreign, type Json } from './configParts.ts';
import {
  changeConfig,
  configOf,
  namesTakenIn,
  serverListeningOn,
  type ForeignChange,
} from './foreignChanges.ts';
import type { AgentAt, Base, Edit, Step } from './steps.ts';

export const GATEWAY_HOST = 'gateway.localhost';

/** The external ports of mappings, and the gateway's own. */
export const EXTERNAL_PORTS = [443, 80] as const;

/** What somebody put into a server of ours. */
export const STRAY: Json = {
  '@id': 'stray',
  match: [{ host: ['stray.localhost'] }],
  handle: [{ handler: 'static_response', body: 'stray' }],
};

export interface ModelOptions {
  /** As the gateway knows them. */
  readonly agentIds: readonly [string, string];
  readonly bases: Readonly<Record<Base, Json>>;
  /** Where Caddy listens for an external port. */
  readonly listenPort: (externalPort: number) => number;
}

export interface AgentModel {
  readonly id: string;
  isUp: boolean;
  /** All its mappings: enabled or not. */
  readonly mappings: Map<Key, boolean>;
}

/** A route of ours that there should be: its server, and for each name who may have it. */
export interface ExpectedName {
  readonly key: Key;
  readonly server: string;
  readonly owners: ReadonlySet<string>;
}

export class Model {
  readonly agents: readonly [AgentModel, AgentModel];
  readonly claims = new Claims();
  foreign: Foreign;
  isGatewayUp = true;
  isCaddyUp = true;
  private readonly options: ModelOptions;

  constructor(options: ModelOptions) {
    const [one, two] = options.agentIds;
    this.options = options;
    this.agents = [agentModel(one), agentModel(two)];
    this.foreign = partsOf(options.bases.plain).foreign;
    this.claims.gatewayCame([]);
    for (const agent of this.agents) this.claims.agentCame(speakerOf(agent));
  }

  /** What becomes of a step, once it has been carried out. */
  take(step: Step): void {
    switch (step.kind) {
      case 'edits':
        this.edit(step.agent, step.edits);
        return;
      case 'two writers':
        this.edit(step.agent, step.edits);
        this.foreign = this.foreignAfter(step.change);
        return;
      case 'agent down':
        this.agents[step.agent].isUp = false;
        this.claims.agentLeft(speakerOf(this.agents[step.agent]));
        return;
      case 'agent up':
        this.agents[step.agent].isUp = true;
        this.claims.agentCame(speakerOf(this.agents[step.agent]));
        return;
      case 'gateway down':
        this.isGatewayUp = false;
        this.claims.gatewayLeft();
        return;
      case 'gateway up':
        this.isGatewayUp = true;
        this.claims.gatewayCame(this.agents.filter(({ isUp }) => isUp).map(speakerOf));
        return;
      case 'Caddy down':
        this.isCaddyUp = false;
        return;
      case 'Caddy up':
        this.isCaddyUp = true;
        this.foreign = partsOf(this.options.bases.plain).foreign;
        return;
      case 'wiped':
        this.foreign = partsOf(this.options.bases[step.base]).foreign;
        return;
      case 'foreign':
        this.foreign = this.foreignAfter(step.change);
        return;
      case 'ours':
      case 'fault':
      case 'pause':
    }
  }

  /** Somebody has put a route into this server of ours: it is theirs. */
  tookStray(server: string): void {
    const routes = [...(this.foreign.servers.get(server)?.routes ?? []), STRAY];
    const servers = new Map(this.foreign.servers).set(server, { settings: {}, routes });
    this.foreign = { ...this.foreign, servers };
  }

  /** Somebody has deleted this server of ours, with what was theirs in it. */
  lostServer(server: string): void {
    const servers = new Map([...this.foreign.servers].filter(([name]) => name !== server));
    this.foreign = { ...this.foreign, servers };
  }

  foreignAfter(change: ForeignChange): Foreign {
    const config = configOf(this.foreign);
    changeConfig(config, change);
    return partsOf(config).foreign;
  }

  /** The gateway has seen this configuration first, after its start. */
  adopt(config: unknown): void {
    this.claims.adopt(foundIn(partsOf(config)));
  }

  expected(): ExpectedName[] {
    return [...this.claims.owners()].flatMap(([key, owners]): ExpectedName[] => {
      const { name, port } = partsOfKey(key);
      const server = this.serverOf(port);
      const isTaken = namesTakenIn(this.foreign.servers.get(server)).has(name);
      return isTaken ? [] : [{ key, server, owners }];
    });
  }

  /** The server that the gateway's own route is in. */
  gatewayServer(): string {
    return this.serverOf(443);
  }

  private serverOf(port: number): string {
    const listenPort = this.options.listenPort(port);
    const named = [...this.foreign.servers].filter(([name]) => !name.startsWith('octoporty_'));
    const theirs = serverListeningOn({ ...this.foreign, servers: new Map(named) }, listenPort);
    return theirs ?? `octoporty_${listenPort}`;
  }

  private edit(at: AgentAt, edits: readonly Edit[]): void {
    const { id, mappings } = this.agents[at];
    for (const edit of edits) {
      const wasEnabled = mappings.get(edit.key) === true;
      if (edit.kind === 'create' || edit.kind === 'enable') mappings.set(edit.key, true);
      else if (edit.kind === 'disable') mappings.set(edit.key, false);
      else mappings.delete(edit.key);
      if (edit.kind === 'move') mappings.set(edit.to, wasEnabled);
      const key = edit.kind === 'move' ? edit.to : edit.key;
      if (wasEnabled && mappings.get(edit.key) !== true) this.claims.unpublish(id, edit.key);
      if (mappings.get(key) === true && !(wasEnabled && key === edit.key)) this.claims.publish(id, key);
    }
  }
}

export function keyOf(name: string, port: number): Key {
  return `${name}:${port}`;
}

export function partsOfKey(key: Key): { name: string; port: number } {
  const [name = '', port = ''] = key.split(':');
  return { name, port: Number(port) };
}

/** Owner and name of each of our routes, in the order of Caddy: of two for one name the first counts. */
function foundIn({ own }: ConfigParts): FoundRoute[] {
  return own.flatMap(({ id, hosts }) => {
    const [, owner = '', port = ''] = /^octoporty:(.+):(\d+)$/.exec(id) ?? [];
    const isOffered = EXTERNAL_PORTS.some((offered) => String(offered) === port);
    const names = hosts.filter((name) => name !== GATEWAY_HOST);
    return isOffered ? names.map((name) => ({ owner, key: `${name}:${port}` })) : [];
  });
}

function agentModel(id: string): AgentModel {
  return { id, isUp: true, mappings: new Map() };
}

function speakerOf({ id, mappings }: AgentModel): { owner: string; keys: Key[] } {
  return { owner: id, keys: [...mappings].filter(([, isEnabled]) => isEnabled).map(([key]) => key) };
}
