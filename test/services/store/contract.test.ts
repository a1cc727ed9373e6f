// Runs the store contract on the real and on the simulated store, and both side by side on whatever chance brings.

import { join } from 'node:path';

import fc from 'fast-check';
import { expect, it } from 'vitest';

import { createMemoryStore } from '../../../services/agent/store/memoryStore.ts';
import {
  StoreError,
  type Store,
  type StoreEdit,
  type StoreSource,
} from '../../../services/agent/store/store.ts';
import { describeStoreContract } from './contract.ts';
import { draft } from './drafts.ts';
import { storeOn, tempDir, threadedOn } from './tempStore.ts';

describeStoreContract('memory', createMemoryStore);
describeStoreContract('SQLite', (source) => storeOn(join(tempDir(), 'store.sqlite'), source));
describeStoreContract('threaded SQLite', () => threadedOn(join(tempDir(), 'store.sqlite')).store, {
  hasOwnSource: true,
});

it('the simulated store answers any sequence of calls as the real one does', async () => {
  const dir = tempDir();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall(), { maxLength: 15 }), async (calls) => {
      run += 1;
      const real = storeOn(join(dir, `${run}.sqlite`), countingSource());
      const simulated = createMemoryStore(countingSource());
      await Promise.all([real.open(), simulated.open()]);
      for (const call of calls) expect(await outcomeOf(call, simulated)).toEqual(await outcomeOf(call, real));
      expect(await simulated.readAll()).toEqual(await real.readAll());
      await real.close();
    }),
    { numRuns: 20 },
  );
});

type Call = (store: Store) => Promise<unknown>;

/** Few names, ports and ids, so that calls meet. */
function anyCall(): fc.Arbitrary<Call> {
  const externalDomain = fc.constantFrom('a.example', 'b.example');
  const internalPort = fc.constantFrom(1, 2);
  const id = fc.integer({ min: 1, max: 4 }).map(uuid);
  const fields = fc.record({ externalDomain, internalPort });
  return fc.oneof(
    fields.map(
      (given): Call =>
        (store) =>
          store.create(draft(given)),
    ),
    fields.map(
      (given): Call =>
        (store) =>
          store.upsertByDomain(draft(given)),
    ),
    fc.tuple(id, fields).map(
      ([of, patch]): Call =>
        (store) =>
          store.update(of, patch),
    ),
    id.map(
      (of): Call =>
        (store) =>
          store.remove(of),
    ),
    fc.uniqueArray(anyEdit(id, fields), { selector: ({ id: of }) => of, maxLength: 3 }).map(
      (edits): Call =>
        (store) =>
          store.editMany(edits),
    ),
  );
}

function anyEdit(
  id: fc.Arbitrary<string>,
  fields: fc.Arbitrary<object>,
): fc.Arbitrary<StoreEdit & { id: string }> {
  return fc.oneof(
    fc.record({
      kind: fc.constant('create' as const),
      id,
      draft: fields.map((given) => draft({ ...given })),
    }),
    fc.record({ kind: fc.constant('update' as const), id, patch: fields }),
    fc.record({ kind: fc.constant('remove' as const), id }),
  );
}

async function outcomeOf(call: Call, store: Store): Promise<unknown> {
  try {
    return await call(store);
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
}

function countingSource(): StoreSource {
  let count = 0;
  return { wallMs: () => Date.UTC(2026, 0, 1), newId: () => uuid((count += 1)) };
}

function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}
