// Everything that may happen in a run of the model, each as data: the seed draws them, and a failure prints them.

import type { Fault } from './adminProxy.ts';
import type { Key } from './claims.ts';
import type { ForeignChange } from './foreignChanges.ts';

/** An agent, by its place in the run. */
export type AgentAt = 0 | 1;

export type Edit =
  | { readonly kind: 'create'; readonly key: Key }
  | { readonly kind: 'move'; readonly key: Key; readonly to: Key }
  | { readonly kind: 'enable' | 'disable' | 'delete'; readonly key: Key };

/** The bases that Caddy's configuration is wiped to. `plain`: with which it starts. */
export type Base = 'plain' | 'secure' | 'empty';

/** What somebody does by hand to what is ours. */
export type OwnChange =
  | 'route deleted'
  | 'hosts changed'
  | 'handler changed'
  | 'route moved'
  | 'ghost added'
  | 'server deleted'
  | 'listener changed'
  | 'stray added';

export type Step =
  /** Several are asked for at once. */
  | { readonly kind: 'edits'; readonly agent: AgentAt; readonly edits: readonly Edit[] }
  | { readonly kind: 'agent down'; readonly agent: AgentAt; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'agent up'; readonly agent: AgentAt }
  | { readonly kind: 'gateway down'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'gateway up' }
  | { readonly kind: 'Caddy down' }
  | { readonly kind: 'Caddy up' }
  | { readonly kind: 'wiped'; readonly base: Base }
  /** `nth` picks the route, of those that there are then. */
  | { readonly kind: 'ours'; readonly change: OwnChange; readonly nth: number; readonly name: string }
  | { readonly kind: 'foreign'; readonly change: ForeignChange }
  /** Both at the same time: the gateway has something to write while somebody else writes. */
  | {
      readonly kind: 'two writers';
      readonly agent: AgentAt;
      readonly edits: readonly Edit[];
      readonly change: ForeignChange;
    }
  | { readonly kind: 'fault'; readonly fault: Fault | null }
  /** All is well again, and everything is looked at. */
  | { readonly kind: 'pause'; readonly isLong: boolean };

/** On one line, to be read by a person. */
export function told(step: Step): string {
  const { kind, ...more } = step;
  return `${kind} ${JSON.stringify(more)}`;
}
