// What every store promises, whatever it keeps its mappings in.

import { randomUUID } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { mappingSchema } from '../../../protocol/mapping.ts';
import {
  StoreError,
  type Store,
  type StoreEdit,
  type StoreErrorCode,
  type StoreSource,
} from '../../../services/agent/store/store.ts';
import { draft } from './drafts.ts';
import { testSource } from './tempStore.ts';

export interface StoreContractOptions {
  /** True for a store that takes time and ids from the system: what they are is then left out. */
  readonly hasOwnSource?: boolean;
}

/** Runs the suite; `createEmpty` makes a store that is not open yet and is cleaned up after the test. */
export function describeStoreContract(
  name: string,
  createEmpty: (source: StoreSource) => Store,
  { hasOwnSource = false }: StoreContractOptions = {},
): void {
  describe(`the ${name} store`, () => {
    async function openEmpty(source: StoreSource = testSource()): Promise<Store> {
      const store = createEmpty(source);
      await store.open();
      return store;
    }

    it('starts empty at revision 0', async () => {
      const store = await openEmpty();
      expect(await store.readAll()).toEqual({ revision: 0, mappings: [] });
    });

    if (!hasOwnSource) {
      it('gives a new mapping an id, its times, and the next revision', async () => {
        const store = await openEmpty();
        const write = await store.create(draft());
        expect(write).toEqual({
          revision: 1,
          isChanged: true,
          mapping: {
            ...draft(),
            id: expect.any(String),
            createdAt: '2026-01-31T12:00:00.123Z',
            updatedAt: '2026-01-31T12:00:00.123Z',
          },
        });
        expect(mappingSchema.parse(write.mapping)).toEqual(write.mapping);
        expect(await store.readAll()).toEqual({ revision: 1, mappings: [write.mapping] });
      });

      it('changes only what a patch names, and dates the change', async () => {
        const source = testSource();
        const store = await openEmpty(source);
        const { mapping } = await store.create(draft());
        source.nowMs += 5000;
        const write = await store.update(mapping.id, { internalPort: 4000, enabled: false, name: undefined });
        expect(write).toEqual({
          revision: 2,
          isChanged: true,
          mapping: { ...mapping, internalPort: 4000, enabled: false, updatedAt: '2026-01-31T12:00:05.123Z' },
        });
        expect(await store.readAll()).toEqual({ revision: 2, mappings: [write.mapping] });
      });

      it('dates a change later than the one before, even when the clock steps back', async () => {
        const source = testSource();
        const store = await openEmpty(source);
        const { mapping } = await store.create(draft());
        source.nowMs -= 3_600_000;
        const write = await store.update(mapping.id, { name: 'Renamed' });
        expect(write.mapping.updatedAt).toBe('2026-01-31T12:00:00.124Z');
      });

      it('writes nothing when a patch changes nothing', async () => {
        const store = await openEmpty();
        const { mapping } = await store.create(draft());
        expect(await store.update(mapping.id, { name: mapping.name })).toEqual({
          revision: 1,
          mapping,
          isChanged: false,
        });
        expect(await store.update(mapping.id, {})).toEqual({ revision: 1, mapping, isChanged: false });
        expect(await store.readAll()).toEqual({ revision: 1, mappings: [mapping] });
      });
    }

    it('keeps every field as it was given', async () => {
      const store = await openEmpty();
      const unusual = draft({
        name: 'Größe `"\'; drop table config; -- $1 :x ?',
        externalPort: 8443,
        internalHost: 'fd00::10',
        internalPort: 65_535,
        internalProtocol: 'https',
        allowInvalidCertificates: true,
        hostHeader: 'inner.example.com:81',
        enabled: false,
      });
      const { mapping } = await store.create(unusual);
      expect((await store.readAll()).mappings).toEqual([mapping]);
      expect(mapping).toMatchObject(unusual);
    });

    it('reads mappings in the order of domain, then port', async () => {
      const store = await openEmpty();
      for (const [externalDomain, externalPort] of [
        ['b.example', 443],
        ['a.example', 8443],
        ['a.example', 443],
        ['a-b.example', 443],
      ]) {
        await store.create(draft({ externalDomain, externalPort }));
      }
      const { mappings } = await store.readAll();
      expect(mappings.map((mapping) => `${mapping.externalDomain}:${mapping.externalPort}`)).toEqual([
        'a-b.example:443',
        'a.example:443',
        'a.example:8443',
        'b.example:443',
      ]);
    });

    it('refuses a second mapping on the same domain and port, in any case, and keeps the revision', async () => {
      const store = await openEmpty();
      await store.create(draft());
      await expectStoreError(store.create(draft({ externalDomain: 'APP.example.com' })), 'duplicate');
      await store.create(draft({ externalPort: 8443 }));
      expect(await store.readAll()).toMatchObject({ revision: 2, mappings: [{}, {}] });
    });

    it('refuses to move a mapping onto the domain and port of another, and leaves both', async () => {
      const store = await openEmpty();
      const first = await store.create(draft());
      const second = await store.create(draft({ externalDomain: 'b.example' }));
      await expectStoreError(
        store.update(second.mapping.id, { externalDomain: 'app.example.com' }),
        'duplicate',
      );
      expect(await store.readAll()).toEqual({ revision: 2, mappings: [first.mapping, second.mapping] });
    });

    it('frees the domain of a removed mapping', async () => {
      const store = await openEmpty();
      const { mapping } = await store.create(draft());
      expect(await store.remove(mapping.id)).toEqual({ revision: 2, mapping, isChanged: true });
      expect(await store.readAll()).toEqual({ revision: 2, mappings: [] });
      expect((await store.create(draft())).revision).toBe(3);
    });

    it('knows no mapping by an id it never gave', async () => {
      const store = await openEmpty();
      await expectStoreError(store.update(randomUUID(), { name: 'x' }), 'not_found');
      await expectStoreError(store.remove(randomUUID()), 'not_found');
      expect((await store.readAll()).revision).toBe(0);
    });

    it('creates by domain what is not there', async () => {
      const store = await openEmpty();
      const write = await store.upsertByDomain(draft({ hostHeader: 'target' }));
      expect(write).toMatchObject({ revision: 1, isChanged: true, mapping: draft({ hostHeader: 'target' }) });
    });

    it('replaces by domain only the target and scheme, and leaves the rest as edited', async () => {
      const store = await openEmpty();
      const edited = draft({ name: 'Mine', hostHeader: 'target', enabled: false });
      const { mapping } = await store.create(edited);
      const retargeted = {
        internalHost: '::1',
        internalPort: 1,
        internalProtocol: 'https',
        allowInvalidCertificates: true,
      };
      const write = await store.upsertByDomain(draft({ externalDomain: 'App.Example.com', ...retargeted }));
      expect(write).toMatchObject({ revision: 2, isChanged: true });
      expect(write.mapping).toEqual({ ...mapping, ...retargeted, updatedAt: expect.any(String) });
    });

    it('changes and removes a mapping that is as expected', async () => {
      const store = await openEmpty();
      const { mapping } = await store.create(draft());
      const write = await store.update(mapping.id, { name: 'Renamed' }, mapping.updatedAt);
      expect(write).toMatchObject({ revision: 2, mapping: { name: 'Renamed' } });
      expect(await store.remove(mapping.id, write.mapping.updatedAt)).toMatchObject({ revision: 3 });
    });

    it('refuses to change or remove a mapping that was changed meanwhile, and leaves it', async () => {
      const store = await openEmpty();
      const { mapping } = await store.create(draft());
      const write = await store.update(mapping.id, { name: 'Renamed' });
      await expectStoreError(store.update(mapping.id, { name: 'Again' }, mapping.updatedAt), 'stale');
      // A patch that would change nothing was still made from an older version.
      await expectStoreError(store.update(mapping.id, {}, mapping.updatedAt), 'stale');
      await expectStoreError(store.remove(mapping.id, mapping.updatedAt), 'stale');
      await expectStoreError(store.remove(randomUUID(), mapping.updatedAt), 'not_found');
      expect(await store.readAll()).toEqual({ revision: 2, mappings: [write.mapping] });
    });

    it('carries out many edits as one revision, and tells what each led to', async () => {
      const store = await openEmpty();
      const [changed, same, gone] = [
        await store.create(draft()),
        await store.create(draft({ externalDomain: 'same.example' })),
        await store.create(draft({ externalDomain: 'gone.example' })),
      ].map(({ mapping }) => mapping);
      if (!changed || !same || !gone) throw new Error('three mappings');
      const [missing, id] = [randomUUID(), randomUUID()];
      const write = await store.editMany([
        { kind: 'create', draft: draft({ externalDomain: 'new.example' }), id },
        { kind: 'update', id: changed.id, patch: { enabled: false }, expected: changed.updatedAt },
        { kind: 'update', id: same.id, patch: { enabled: true } },
        { kind: 'remove', id: gone.id },
        { kind: 'remove', id: missing },
        { kind: 'create', draft: draft({ externalDomain: 'newer.example' }) },
      ]);
      expect(write).toEqual({
        revision: 4,
        saved: [
          { ...changed, enabled: false, updatedAt: expect.any(String) },
          expect.objectContaining({ externalDomain: 'new.example', id }),
          expect.objectContaining({ externalDomain: 'newer.example' }),
        ],
        removed: [gone],
        missing: [missing],
      });
      const { revision, mappings } = await store.readAll();
      expect([revision, mappings]).toEqual([4, [...write.saved, same]]);
    });

    it('puts back what many edits removed, under the same id and domain', async () => {
      const store = await openEmpty();
      const { mapping } = await store.create(draft());
      await store.editMany([{ kind: 'remove', id: mapping.id }]);
      await store.editMany([{ kind: 'create', draft: draft(), id: mapping.id }]);
      const [back] = (await store.readAll()).mappings;
      expect(back).toMatchObject({ id: mapping.id, externalDomain: mapping.externalDomain });
    });

    it('leaves the revision as it was when many edits change nothing', async () => {
      const store = await openEmpty();
      const { mapping } = await store.create(draft());
      const [missing, patch] = [randomUUID(), { name: mapping.name }];
      const write = await store.editMany([
        { kind: 'update', id: missing, patch },
        { kind: 'update', id: mapping.id, patch },
      ]);
      expect(write).toEqual({ revision: 1, saved: [], removed: [], missing: [missing] });
      expect(await store.editMany([])).toEqual({ revision: 1, saved: [], removed: [], missing: [] });
    });

    it('carries out none of many edits when one of them cannot be', async () => {
      const store = await openEmpty();
      const { mapping } = await store.create(draft());
      const other = draft({ externalDomain: 'b.example' });
      const { id } = mapping;
      const fine = { kind: 'create', draft: other } as const;
      const moved = (await store.update(id, { name: 'Renamed' })).mapping;
      const old = mapping.updatedAt;
      const all = (edit: StoreEdit) => store.editMany([fine, edit]);
      await expectStoreError(all({ kind: 'update', id, patch: { enabled: false }, expected: old }), 'stale');
      await expectStoreError(all({ kind: 'remove', id, expected: old }), 'stale');
      await expectStoreError(all({ kind: 'remove', id: randomUUID(), expected: old }), 'stale');
      await expectStoreError(all({ kind: 'create', draft: draft() }), 'duplicate');
      await expectStoreError(all({ kind: 'create', draft: other }), 'duplicate');
      await expectStoreError(
        all({ kind: 'create', draft: draft({ externalDomain: 'c.example' }), id }),
        'duplicate',
      );
      await expectStoreError(
        all({ kind: 'update', id, patch: { externalDomain: 'b.example' } }),
        'duplicate',
      );
      expect(await store.readAll()).toEqual({ revision: 2, mappings: [moved] });
    });

    it('answers a ping and a probe while it is open, and neither changes anything', async () => {
      const store = await openEmpty();
      const { mapping } = await store.create(draft());
      await store.ping();
      await store.probe();
      expect(await store.readAll()).toEqual({ revision: 1, mappings: [mapping] });
      await store.close();
      await expectStoreError(store.ping(), 'unavailable');
      await expectStoreError(store.probe(), 'unavailable');
    });

    it('does not raise the revision when an upsert brings nothing new', async () => {
      const store = await openEmpty();
      const { mapping } = await store.upsertByDomain(draft());
      expect(await store.upsertByDomain(draft({ name: 'Other' }))).toEqual({
        revision: 1,
        mapping,
        isChanged: false,
      });
      expect(await store.readAll()).toEqual({ revision: 1, mappings: [mapping] });
    });

    it('carries out calls in the order they were made, without waiting in between', async () => {
      const store = await openEmpty();
      const names = Array.from({ length: 20 }, (_, index) => `n${index}.example`);
      const writes = names.map((externalDomain) => store.create(draft({ externalDomain })));
      const read = store.readAll();
      const late = store.create(draft());
      expect((await Promise.all(writes)).map(({ revision }) => revision)).toEqual(
        names.map((_, index) => index + 1),
      );
      expect(await read).toMatchObject({ revision: 20, mappings: { length: 20 } });
      expect((await late).revision).toBe(21);
    });

    it('goes on after a call that failed', async () => {
      const store = await openEmpty();
      const answers = await Promise.allSettled([
        store.create(draft()),
        store.create(draft()),
        store.create(draft({ externalDomain: 'b.example' })),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await store.readAll()).toMatchObject({ revision: 2, mappings: [{}, {}] });
    });

    it('is unavailable before it is opened and after it is closed, and opens again with everything kept', async () => {
      const store = createEmpty(testSource());
      await expectStoreError(store.readAll(), 'unavailable');
      await store.open();
      const { mapping } = await store.create(draft());
      await store.close();
      await store.close();
      await expectStoreError(store.create(draft({ externalDomain: 'b.example' })), 'unavailable');
      await store.open();
      await store.open();
      expect(await store.readAll()).toEqual({ revision: 1, mappings: [mapping] });
    });

    it('finishes what was asked before close', async () => {
      const store = await openEmpty();
      const write = store.create(draft());
      await store.close();
      expect((await write).revision).toBe(1);
    });
  });
}

/** Waits for the answer and checks that it is this refusal. */
export async function expectStoreError(
  answer: Promise<unknown>,
  code: StoreErrorCode,
  message = /./,
): Promise<StoreError> {
  const error: unknown = await answer.then(
    () => new Error('It was not refused.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreError)) throw error;
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  return error;
}
