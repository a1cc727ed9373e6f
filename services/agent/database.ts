// The agent's database: opened and read at start, watched, tried again while it cannot be used, and what the log says.

import { BehaviorSubject, type Observable } from 'rxjs';
import type { StateValueFrom } from 'xstate';
import type { Actors } from '../actors.ts';
import type { AgentConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { Mappings } from './mappings.ts';
import { databaseMachine, type DatabaseResult } from '../../machines/database.ts';
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
  /** `starting`: never reached yet. `lost`: what is known goes on being served, edits are refused. */
  readonly state: DatabaseState;
  readonly state$: Observable<DatabaseState>;
  /** Somebody's call to the store was rejected with this, or is not answered at all. */
  noteFailure(error: unknown): void;
  /** Tries no more and says no more. The store stays as it is: whoever made it closes it. */
  stop(): void;
}

export type DatabaseState = 'starting' | 'ok' | 'lost';

const ACTOR_ID = 'database';

export function startAgentDatabase(options: AgentDatabaseOptions): AgentDatabase {
  const { actors, store, mappings, log } = options;
  const state$ = new BehaviorSubject<DatabaseState>('starting');
  const actor = actors.start(ACTOR_ID, databaseMachine, {
    open: (report) => {
      carryOut(openStore(options), report, tellSurplus);
    },
    ping: (report) => {
      carryOut(store.ping(), report);
    },
    recover: (report) => {
      carryOut(recoverStore(store, mappings), report);
    },
  });
  const isWatched = () => actor.getSnapshot().status === 'active';
  const watching = actor.subscribe({
    next: (snapshot) => {
      const state = stateOf(snapshot.value);
      if (state === state$.value) return;
      if (state === 'ok') tellRecovery();
      else tellSilence(snapshot.context.reason);
      state$.next(state);
    },
    // The registry hears of the error.
    error: () => {},
  });
  /** The log has heard that it cannot be used. */
  let wasTold = false;

  function carryOut<Answer>(
    asked: Promise<Answer>,
    report: (result: DatabaseResult) => void,
    onAnswer: (answer: Answer) => void = () => {},
  ): void {
    asked.then(
      (answer) => {
        if (!isWatched()) return;
        onAnswer(answer);
        report({ ok: true });
      },
      (error: unknown) => {
        if (!isWatched()) return;
        tellFailure(error);
        report({ ok: false, reason: reasonOf(error) });
      },
    );
  }

  /** The first failure, and one for another reason than the last: a database that is down for hours is one line. */
  function tellFailure(error: unknown): void {
    const { context } = actor.getSnapshot();
    const reason = reasonOf(error);
    if (context.failures > 0 && context.reason === reason) return;
    wasTold = true;
    const facts = error instanceof StoreError ? { code: error.code, reason } : { error };
    log.error(facts, FAILURE_LINES[state$.value]);
  }

  /** A store that hangs rejects nothing: that it is lost is all there is to hear. */
  function tellSilence(reason: string): void {
    if (wasTold) return;
    wasTold = true;
    log.error({ reason }, FAILURE_LINES[state$.value]);
  }

  function tellRecovery(): void {
    if (wasTold) log.info({}, 'The database can be used now.');
    wasTold = false;
  }

  function tellSurplus(surplus: readonly string[]): void {
    for (const domain of surplus) {
      log.error(
        { domain },
        'This name is not published: the store is full. Remove a mapping and start again.',
      );
    }
  }

  return {
    state$,
    get state() {
      return state$.value;
    },
    noteFailure(error) {
      if (state$.value !== 'ok' || !isWatched()) return;
      tellFailure(error);
      actor.send({ type: 'database.failed', reason: reasonOf(error) });
    },
    stop() {
      watching.unsubscribe();
      actors.stop(ACTOR_ID);
    },
  };
}

const FAILURE_LINES: Readonly<Record<DatabaseState, string>> = {
  starting: 'The database cannot be used yet; trying again.',
  ok: 'The database is lost: what is known goes on being served, edits are refused; trying again.',
  lost: 'The database is still lost; trying again.',
};

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stateOf(value: StateValueFrom<typeof databaseMachine>): DatabaseState {
  if (typeof value === 'object' && 'open' in value) return 'ok';
  return typeof value === 'object' && 'lost' in value ? 'lost' : 'starting';
}

/** What is read may differ from what was known: a backup was restored, or somebody else has written. */
async function recoverStore(store: Store, mappings: Mappings): Promise<void> {
  await store.open();
  await store.probe();
  mappings.load(await store.readAll());
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
