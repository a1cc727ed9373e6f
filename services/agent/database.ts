// The agent's database: opened and read at start, tried again while it cannot be used, and what the log says of that.

import type { Actors } from '../actors.ts';
import type { AgentConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { Mappings } from './mappings.ts';
import { databaseMachine } from '../../machines/database.ts';
import { newMappingSchema } from '../../protocol/mapping.ts';
import { StoreError, type Store } from './store/store.ts';

export interface AgentDatabaseOptions {
  readonly actors: Actors;
  readonly store: Store;
  /** Loaded once, as soon as the store can be read. */
  readonly mappings: Mappings;
  readonly config: Pick<AgentConfig, 'maps' | 'unmaps'>;
  readonly log: Pick<Log, 'info' | 'error'>;
}

export interface AgentDatabase {
  /** The store was opened and read. */
  readonly isOpen: boolean;
  /** Tries no more and says no more. The store stays as it is: whoever made it closes it. */
  stop(): void;
}

const ACTOR_ID = 'database';

export function startAgentDatabase(options: AgentDatabaseOptions): AgentDatabase {
  const { actors, log } = options;
  const actor = actors.start(ACTOR_ID, databaseMachine, {
    open: (report) => {
      openStore(options).then(
        (surplus) => {
          if (!isWatched()) return;
          tellSuccess(surplus);
          report({ ok: true });
        },
        (error: unknown) => {
          if (!isWatched()) return;
          const reason = error instanceof Error ? error.message : String(error);
          tellFailure(error, reason);
          report({ ok: false, reason });
        },
      );
    },
  });
  const isWatched = () => actor.getSnapshot().status === 'active';

  /** The first failure, and one for another reason than the last: a database that is down for hours is one line. */
  function tellFailure(error: unknown, reason: string): void {
    const { context } = actor.getSnapshot();
    if (context.failures > 0 && context.reason === reason) return;
    const facts = error instanceof StoreError ? { code: error.code, reason } : { error };
    log.error(facts, 'The database cannot be used yet; trying again.');
  }

  function tellSuccess(surplus: readonly string[]): void {
    if (actor.getSnapshot().context.failures > 0) log.info({}, 'The database can be used now.');
    for (const domain of surplus) {
      log.error(
        { domain },
        'This name is not published: the store is full. Remove a mapping and start again.',
      );
    }
  }

  return {
    get isOpen() {
      return actor.getSnapshot().matches('open');
    },
    stop() {
      actors.stop(ACTOR_ID);
    },
  };
}

/**
 * Opens the store, takes mappings out and puts those of the command line in, and reads everything. Tells the names that
 * a full store has no room for.
 */
async function openStore({ store, mappings, config }: AgentDatabaseOptions): Promise<string[]> {
  await store.open();
  const unwanted = new Set(config.unmaps);
  for (const { id, externalDomain } of (await store.readAll()).mappings) {
    if (unwanted.has(externalDomain)) await store.remove(id);
  }
  const surplus: string[] = [];
  for (const { externalDomain, ...target } of config.maps) {
    const draft = newMappingSchema.parse({ name: externalDomain, externalDomain, ...target });
    await store.upsertByDomain(draft).catch((error: unknown) => {
      // No reason to keep those that are stored from being published: only a person can make room.
      if (!(error instanceof StoreError && error.code === 'full')) throw error;
      surplus.push(externalDomain);
    });
  }
  mappings.load(await store.readAll());
  return surplus;
}
