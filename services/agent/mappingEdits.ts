// What becomes of an edit: checked, committed, told to everybody who works with the mappings.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bus } from '../bus.ts';
import type { Fact } from '../facts.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Mapping, MappingPatch, NewMapping } from '../../protocol/mapping.ts';
import type { AgentDatabase } from './database.ts';
import type { Mappings } from './mappings.ts';
import type { Store, StoreBulkWrite, StoreEdit, StoreWrite, Version } from './store/store.ts';
import { describeProblem } from '../../protocol/api/problem.ts';
import { StoreError } from './store/store.ts';
import { withinPatience } from './withinPatience.ts';

export interface MappingEditsOptions {
  readonly store: Store;
  readonly mappings: Mappings;
  readonly database: Pick<AgentDatabase, 'state' | 'noteFailure'>;
  readonly bus: Bus;
  readonly clock: Clock;
  /** The gateway's own name, which no mapping may take; null while it is not known. */
  readonly reservedDomain: () => string | null;
}

/**
 * What is answered is committed, and on its way to the gateway. All of them reject with a StoreError, or with an
 * EditError.
 */
export interface MappingEdits {
  create(draft: NewMapping): Promise<Mapping>;
  update(id: string, patch: MappingPatch, expected?: Version): Promise<Mapping>;
  remove(id: string, expected?: Version): Promise<void>;
  /** All or nothing. Whether a name is reserved is for the caller to see to. */
  editMany(edits: readonly StoreEdit[]): Promise<StoreBulkWrite>;
}

/** `domain_reserved`: the name is the gateway's own. `unconfirmed`: nobody knows yet whether the database will carry it out. */
export class EditError extends Error {
  override readonly name = 'EditError';
  readonly code: 'domain_reserved' | 'unconfirmed';

  constructor(code: EditError['code']) {
    super(describeProblem(code).title);
    this.code = code;
  }
}

/** How long an edit waits for the database. Raised: a person waits longer to hear that it hangs. */
export const EDIT_PATIENCE_MS = 6_000;

/** How long many edits together wait: thousands of rows take seconds on a busy machine. Raised: as above. */
export const BULK_PATIENCE_MS = 20_000;

type Change = Fact<'mapping.saved'>['change'];

export function createMappingEdits(options: MappingEditsOptions): MappingEdits {
  const { store, mappings, database, bus, clock, reservedDomain } = options;

  /** A mapping that has the name already may keep it: the gateway was renamed, and refuses it by itself. */
  function refuseReserved({ externalDomain }: MappingPatch, before?: Mapping): void {
    if (externalDomain === undefined || externalDomain === before?.externalDomain) return;
    if (externalDomain === reservedDomain()) throw new EditError('domain_reserved');
  }

  /** A write that comes too late for its answer is told to everybody else all the same: it is true. */
  async function carryOut<Write>(
    ask: () => Promise<Write>,
    onWritten: (write: Write) => void,
    patienceMs = EDIT_PATIENCE_MS,
  ): Promise<Write> {
    if (database.state !== 'ok') throw new StoreError('unavailable');
    const written = ask().then(
      (write) => {
        onWritten(write);
        return write;
      },
      (error: unknown) => {
        if (isOutage(error)) database.noteFailure(error);
        throw error;
      },
    );
    return withinPatience(written, clock, patienceMs, () => {
      database.noteFailure(new StoreError('unavailable', 'An edit has not been answered in time.'));
      return new EditError('unconfirmed');
    });
  }

  function onSaved(write: StoreWrite): void {
    mappings.apply(write);
    tell(write, 'saved');
  }

  function onRemoved(write: StoreWrite): void {
    mappings.drop(write);
    tell(write, 'removed');
  }

  function tell({ mapping, revision, isChanged }: StoreWrite, change: Change): void {
    if (isChanged) bus.publish(() => ({ type: 'mapping.saved', mappingId: mapping.id, revision, change }));
  }

  function onManyWritten(write: StoreBulkWrite): void {
    const [saved, removed] = [write.saved.length, write.removed.length];
    if (saved + removed === 0) return;
    mappings.applyMany(write);
    bus.publish(() => ({ type: 'mappings.edited', revision: write.revision, saved, removed }));
  }

  return {
    async create(draft) {
      refuseReserved(draft);
      return (await carryOut(() => store.create(draft), onSaved)).mapping;
    },
    async update(id, patch, expected) {
      refuseReserved(patch, mappings.view.mappings.get(id));
      return (await carryOut(() => store.update(id, patch, expected), onSaved)).mapping;
    },
    async remove(id, expected) {
      await carryOut(() => store.remove(id, expected), onRemoved);
    },
    editMany: (edits) =>
      carryOut(
        async () => {
          const write = await store.editMany(edits);
          // It may hold thousands of mappings, just read from the store's thread: others have their turn before it is told.
          await nextTurn();
          return write;
        },
        onManyWritten,
        BULK_PATIENCE_MS,
      ),
  };
}

/** Any other failure is the edit's, or a fault of ours: the database goes on for everybody else. */
function isOutage(error: unknown): boolean {
  return error instanceof StoreError && (error.code === 'unavailable' || error.code === 'corrupt');
}
