// Who owns which name by what the gateway has told its agents: read off the wires, so that no product code is believed.

import type { WireMapping } from '../../protocol/mapping.ts';
import type { WireHandler } from '../../protocol/wire.ts';
import type { WirePair } from './simNetwork.ts';
import { parseControl } from '../../protocol/control.ts';

interface Told {
  readonly pair: WirePair;
  /** What the agent asked for last. */
  asked: readonly WireMapping[];
  askedRevision: number;
  /** What of it it was granted; empty once the session leaves. */
  granted: readonly WireMapping[];
  ackedRevision: number;
  refusals: number;
}

export class Ownership {
  private readonly told = new Map<WirePair, Told>();

  /** Takes one text message of a wire; tells what happened by it, under a name to count. */
  note(pair: WirePair, how: 'said' | 'heard', text: string): string | null {
    const message = parseControl(text);
    if (message === undefined) return null;
    const told = this.told.get(pair) ?? {
      pair,
      asked: [],
      askedRevision: -1,
      granted: [],
      ackedRevision: -1,
      refusals: 0,
    };
    this.told.set(pair, told);
    if (message.type === 'goaway') {
      told.granted = [];
      told.askedRevision = -1;
    }
    if (how === 'heard' && message.type === 'config_sync') {
      const kept = new Set(message.mappings.map(nameAndPort));
      told.asked = message.mappings;
      told.askedRevision = message.revision;
      told.granted = told.granted.filter((mapping) => kept.has(nameAndPort(mapping)));
    }
    if (how === 'heard' || message.type !== 'config_ack') return message.type;
    if (message.revision !== told.askedRevision) return 'config_ack of an older revision';
    const refused = new Set(message.refused.map(({ id }) => id));
    const isPromotion = message.revision === told.ackedRevision && refused.size < told.refusals;
    told.ackedRevision = message.revision;
    told.refusals = refused.size;
    told.granted = told.asked.filter(({ id }) => !refused.has(id));
    if (isPromotion) return 'that a name was passed on';
    return message.refused.some(({ code }) => code === 'domain_taken') ? 'domain_taken' : 'config_ack';
  }

  /** True when the agent at the other end of this wire was granted that mapping. */
  owns(handler: WireHandler, mappingId: string): boolean {
    return this.live().some(
      ({ pair, granted }) => pair.gateway?.handler === handler && granted.some(({ id }) => id === mappingId),
    );
  }

  /** A name that two agents were granted, if there is one. */
  contested(): string | null {
    const owners = new Map<string, string>();
    for (const { pair, granted } of this.live()) {
      for (const mapping of granted) {
        const name = nameAndPort(mapping);
        const owner = owners.get(name) ?? pair.agentId;
        if (owner !== pair.agentId) return `${name}: ${owner} and ${pair.agentId}`;
        owners.set(name, owner);
      }
    }
    return null;
  }

  private live(): Told[] {
    for (const pair of this.told.keys()) if (pair.gateway?.isOverForOwner !== false) this.told.delete(pair);
    return [...this.told.values()];
  }
}

function nameAndPort({ externalDomain, externalPort }: WireMapping): string {
  return `${externalDomain}:${externalPort}`;
}
