// What is particular to the store in a thread of its own: a thread that dies, hangs or will not close, and errors that cross.

import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { StoreError } from '../../../services/agent/store/store.ts';
import { createThreadedStore } from '../../../services/agent/store/threadedStore.ts';
import { crossingFrom, errorFrom } from '../../../services/agent/store/threadMessages.ts';
import { expectStoreError } from './contract.ts';
import { draft } from './drafts.ts';
import { request } from './entries.ts';
import { tempDir, threadedOn } from './tempStore.ts';

const FAULTY = { file: new URL('./faultyThread.fixture.ts', import.meta.url) };
const HUNG = { file: new URL('./hungThread.fixture.ts', import.meta.url), closeMs: 50 };

describe('a thread of the store that dies', () => {
  it('fails what it owes, and the next open starts another with everything that was answered', async () => {
    const { store, journal } = threadedOn(join(tempDir(), 'store.sqlite'), FAULTY);
    await store.open();
    const { mapping } = await store.create(draft());
    const answers = [
      store.probe(),
      store.readAll(),
      journal.append({ requests: [request()], connections: [] }),
    ];
    const errors = await Promise.all(
      answers.map((answer) => expectStoreError(answer, 'unavailable', /thread/)),
    );
    expect(errors[0]?.cause).toMatchObject({ message: 'A fault of ours.' });
    await expectStoreError(store.create(draft()), 'unavailable', /thread/);

    await store.open();
    expect(await store.readAll()).toEqual({ revision: 1, mappings: [mapping] });
  });

  it('can be closed', async () => {
    const { store } = threadedOn(join(tempDir(), 'store.sqlite'), FAULTY);
    await store.open();
    await expectStoreError(store.probe(), 'unavailable');
    await store.close();
    await expectStoreError(store.readAll(), 'unavailable', /not open/);
  });
});

describe('a thread of the store that hangs', () => {
  const impatient = { ...FAULTY, silentMs: 1000, lookMs: 20 };

  it('is given up, and the next open starts another with everything that was answered', async () => {
    const { store } = threadedOn(join(tempDir(), 'store.sqlite'), impatient);
    await store.open();
    const { mapping } = await store.create(draft());
    const answers = [store.ping(), store.readAll()];
    for (const answer of answers) await expectStoreError(answer, 'unavailable', /does not answer/);
    await store.open();
    expect(await store.readAll()).toEqual({ revision: 1, mappings: [mapping] });
  });

  it('is given up although an open waits behind the call that hangs', async () => {
    const { store } = threadedOn(join(tempDir(), 'store.sqlite'), impatient);
    await store.open();
    const answers = [store.ping(), store.open(), store.readAll()];
    await Promise.all(answers.map((answer) => expectStoreError(answer, 'unavailable', /does not answer/)));
    await store.open();
    expect((await store.readAll()).revision).toBe(0);
  });

  it('does not hold up a close for ever', async () => {
    const { store } = threadedOn(join(tempDir(), 'store.sqlite'), { ...FAULTY, closeMs: 50 });
    await store.open();
    const hanging = expectStoreError(store.ping(), 'unavailable', /did not close/);
    await Promise.all([hanging, store.close()]);
  });

  it('in its open does not hold up a close for ever, and can be opened after it', async () => {
    const { store } = threadedOn(join(tempDir(), 'store.sqlite'), HUNG);
    const opening = expectStoreError(store.open(), 'unavailable', /did not close/);
    await store.close();
    await opening;
    const again = expectStoreError(store.open(), 'unavailable', /did not close/);
    await Promise.all([again, store.close()]);
  });

  it('is not given up while it opens: a migration may take long', async () => {
    const settings = { ...HUNG, silentMs: 1, lookMs: 1 };
    const { store } = threadedOn(join(tempDir(), 'store.sqlite'), settings);
    const opening = expectStoreError(store.open(), 'unavailable', /did not close/);
    await store.close();
    await opening;
  });
});

describe('the store in a thread', () => {
  it('sees after a close and an open at once what was written before them', async () => {
    const { store } = threadedOn(join(tempDir(), 'store.sqlite'));
    void store.open();
    const write = store.create(draft());
    void store.close();
    void store.open();
    const read = store.readAll();
    expect((await read).mappings).toEqual([(await write).mapping]);
  });

  it('refuses what cannot cross, and goes on', async () => {
    const { store } = threadedOn(join(tempDir(), 'store.sqlite'));
    await store.open();
    const uncrossable = Object.assign(draft(), { onSaved: () => {} });
    await expect(store.create(uncrossable)).rejects.toThrow(/could not be cloned/);
    expect((await store.create(draft())).revision).toBe(1);
  });

  it('tells the log of the agent what it did', async () => {
    const lines: [object, string][] = [];
    const log = { info: (fields: object, message: string) => void lines.push([fields, message]) };
    const { store } = createThreadedStore({ kind: 'sqlite', path: join(tempDir(), 'store.sqlite') }, log);
    await store.open();
    await store.close();
    const applied = ['0001-port-mappings', '0002-logs', '0003-first-byte'];
    expect(lines).toEqual([[{ applied }, 'The tables of the database were brought up to date.']]);
  });
});

describe('an error that crosses', () => {
  it('is the same StoreError, with its cause', () => {
    const error = new StoreError('unavailable', 'disk full.', new Error('ENOSPC', { cause: 'a text' }));
    const crossed = errorFrom(structuredClone(crossingFrom(error)));
    expect(crossed).toBeInstanceOf(StoreError);
    expect(crossed).toMatchObject({ code: 'unavailable', message: error.message, stack: error.stack });
    expect(crossed.cause).toMatchObject({ message: 'ENOSPC', cause: { message: 'a text' } });
  });

  it('that is none of the store keeps its message and where it happened', () => {
    const error = new TypeError('x is not a function');
    const crossed = errorFrom(structuredClone(crossingFrom(error)));
    expect(crossed).not.toBeInstanceOf(StoreError);
    expect(crossed).toMatchObject({ message: error.message, stack: error.stack });
  });

  it('that is its own cause still crosses', () => {
    const error = new Error('round');
    error.cause = error;
    expect(errorFrom(structuredClone(crossingFrom(error))).message).toBe('round');
  });
});
