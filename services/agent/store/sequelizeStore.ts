// The real store: mappings and revision in a database through Sequelize.

import type { Transaction } from 'sequelize';

import { MAX_MAPPINGS, type Mapping, type MappingPatch, type NewMapping } from '../../../protocol/mapping.ts';
import { mappingFromDraft, patchedMapping, plannedEdits, refuseStale, targetPatch } from './changes.ts';
import { byDomainAndPort } from './mappingOrder.ts';
import { CONFIG_ID } from './models/configRow.ts';
import { mappingFromRow, rowFromMapping, type PortMapping } from './models/portMapping.ts';
import type { MappingTables as Tables, OrderedDatabase } from './orderedDatabase.ts';
import {
  StoreError,
  type Store,
  type StoreBulkWrite,
  type StoreEdit,
  type StoreSnapshot,
  type StoreSource,
  type StoreWrite,
  type Version,
} from './store.ts';

/** A store over one database; not open yet. Its open() and close() are those of the database. */
export function createSequelizeStore(database: OrderedDatabase, source: StoreSource): Store {
  return new SequelizeStore(database, source);
}

class SequelizeStore implements Store {
  readonly #database: OrderedDatabase;
  readonly #source: StoreSource;

  constructor(database: OrderedDatabase, source: StoreSource) {
    this.#database = database;
    this.#source = source;
  }

  open(): Promise<void> {
    return this.#database.open();
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  readAll(): Promise<StoreSnapshot> {
    return this.#database.read(async (tables, transaction) => {
      const rows = await tables.mappings.findAll({ transaction });
      const mappings = rows.map(mappingFromRow).toSorted(byDomainAndPort);
      return { revision: await readRevision(tables, transaction), mappings };
    });
  }

  create(draft: NewMapping): Promise<StoreWrite> {
    return this.#database.write((tables, transaction) => this.#create(tables, transaction, draft));
  }

  upsertByDomain(draft: NewMapping): Promise<StoreWrite> {
    return this.#database.write(async (tables, transaction) => {
      const { externalDomain, externalPort } = draft;
      const row = await tables.mappings.findOne({ where: { externalDomain, externalPort }, transaction });
      return row === null
        ? this.#create(tables, transaction, draft)
        : this.#patch(tables, transaction, row, targetPatch(draft));
    });
  }

  update(id: string, patch: MappingPatch, expected?: Version): Promise<StoreWrite> {
    return this.#database.write(async (tables, transaction) =>
      this.#patch(tables, transaction, await findRow(tables, transaction, id), patch, expected),
    );
  }

  remove(id: string, expected?: Version): Promise<StoreWrite> {
    return this.#database.write(async (tables, transaction) => {
      const row = await findRow(tables, transaction, id);
      const mapping = mappingFromRow(row);
      refuseStale(mapping, expected);
      await row.destroy({ transaction });
      return committed(tables, transaction, mapping);
    });
  }

  editMany(edits: readonly StoreEdit[]): Promise<StoreBulkWrite> {
    return this.#database.write(async (tables, transaction) => {
      const known = await findMappings(tables, transaction, idsOf(edits));
      const { created, updated, removed, missing } = plannedEdits(edits, known, this.#source);
      const saved = [...updated, ...created];
      if (saved.length + removed.length === 0)
        return { revision: await readRevision(tables, transaction), saved, removed, missing };
      // What changes is put in anew: a statement for each mapping would take many times as long.
      for (const ids of slices([...updated, ...removed].map(({ id }) => id)))
        await tables.mappings.destroy({ where: { id: ids }, transaction });
      if (created.length > 0) {
        const left = await tables.mappings.count({ transaction });
        if (left + saved.length > MAX_MAPPINGS) throw new StoreError('full');
      }
      for (const mappings of slices(saved))
        await tables.mappings.bulkCreate(mappings.map(rowFromMapping), { returning: false, transaction });
      await tables.config.increment('revision', { where: { id: CONFIG_ID }, transaction });
      return { revision: await readRevision(tables, transaction), saved, removed, missing };
    });
  }

  async ping(): Promise<void> {
    await this.#database.read(readRevision);
  }

  probe(): Promise<void> {
    // A row that is written as it was still has to reach the disk.
    return this.#database.write(async ({ config }, transaction) => {
      await config.increment('revision', { by: 0, where: { id: CONFIG_ID }, transaction });
    });
  }

  async #create(tables: Tables, transaction: Transaction, draft: NewMapping): Promise<StoreWrite> {
    if ((await tables.mappings.count({ transaction })) >= MAX_MAPPINGS) throw new StoreError('full');
    const mapping = mappingFromDraft(draft, this.#source);
    await tables.mappings.create(rowFromMapping(mapping), { transaction });
    return committed(tables, transaction, mapping);
  }

  async #patch(
    tables: Tables,
    transaction: Transaction,
    row: PortMapping,
    patch: MappingPatch,
    expected?: Version,
  ): Promise<StoreWrite> {
    const before = mappingFromRow(row);
    refuseStale(before, expected);
    const mapping = patchedMapping(before, patch, this.#source);
    if (mapping === before) {
      return { revision: await readRevision(tables, transaction), mapping, isChanged: false };
    }
    await row.update(rowFromMapping(mapping), { transaction });
    return committed(tables, transaction, mapping);
  }
}

async function committed(tables: Tables, transaction: Transaction, mapping: Mapping): Promise<StoreWrite> {
  await tables.config.increment('revision', { where: { id: CONFIG_ID }, transaction });
  return { revision: await readRevision(tables, transaction), mapping, isChanged: true };
}

async function readRevision(tables: Tables, transaction: Transaction): Promise<number> {
  const row = await tables.config.findByPk(CONFIG_ID, { transaction });
  // SQL Server tells big integers as text.
  const revision = Number(row?.revision);
  if (!Number.isSafeInteger(revision)) throw new StoreError('corrupt', 'Its revision is missing.');
  return revision;
}

/** Rows that one statement names. Raised: SQL Server takes no more than 1000 in one. */
const STATEMENT_ROWS = 500;

function slices<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / STATEMENT_ROWS);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * STATEMENT_ROWS, (index + 1) * STATEMENT_ROWS),
  );
}

function idsOf(edits: readonly StoreEdit[]): string[] {
  return edits.flatMap((edit) => (edit.kind === 'create' ? [] : [edit.id]));
}

async function findMappings(
  tables: Tables,
  transaction: Transaction,
  wanted: readonly string[],
): Promise<Map<string, Mapping>> {
  const found = new Map<string, Mapping>();
  for (const ids of slices(wanted)) {
    const rows = await tables.mappings.findAll({ where: { id: ids }, transaction });
    for (const row of rows) found.set(row.id, mappingFromRow(row));
  }
  return found;
}

async function findRow(tables: Tables, transaction: Transaction, id: string): Promise<PortMapping> {
  const row = await tables.mappings.findByPk(id, { transaction });
  if (row === null) throw new StoreError('not_found');
  return row;
}
