// The real store: mappings and revision in a database through Sequelize.

import { BaseError, Transaction, UniqueConstraintError, type Sequelize } from 'sequelize';

import { MAX_MAPPINGS, type Mapping, type MappingPatch, type NewMapping } from '../../../protocol/mapping.ts';
import { mappingFromDraft, patchedMapping, targetPatch } from './changes.ts';
import { CONFIG_ID, configRowOn, type ConfigRow } from './models/configRow.ts';
import { mappingFromRow, portMappingOn, rowFromMapping, type PortMapping } from './models/portMapping.ts';
import { StoreError, type Store, type StoreSnapshot, type StoreSource, type StoreWrite } from './store.ts';

/** What differs between databases. */
export interface Database {
  /**
   * Connects, migrates, and answers a ready Sequelize. Closes what it opened when it fails. An aborted `signal` ends the
   * wait for another process that migrates.
   */
  connect(signal?: AbortSignal): Promise<Sequelize>;
  /** True when the error says that the stored data is damaged. */
  isDamage(error: BaseError): boolean;
}

/** A store over one database; not open yet. */
export function createSequelizeStore(database: Database, source: StoreSource): Store {
  return new SequelizeStore(database, source);
}

interface Tables {
  readonly sequelize: Sequelize;
  readonly mappings: typeof PortMapping;
  readonly config: typeof ConfigRow;
}

class SequelizeStore implements Store {
  readonly #database: Database;
  readonly #source: StoreSource;
  #tables: Tables | null = null;
  /** Settles with the last call asked for: one at a time, in order, and our own writes never find the file locked by us. */
  #last: Promise<unknown> = Promise.resolve();
  /** Aborted by the next close: an open that waits for another process that migrates would hold it up for as long. */
  #closing = new AbortController();

  constructor(database: Database, source: StoreSource) {
    this.#database = database;
    this.#source = source;
  }

  open(): Promise<void> {
    const { signal } = this.#closing;
    return this.#inOrder(async () => {
      if (this.#tables !== null) return;
      const sequelize = await this.#database.connect(signal);
      this.#tables = { sequelize, mappings: portMappingOn(sequelize), config: configRowOn(sequelize) };
    });
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#closing = new AbortController();
    return this.#inOrder(async () => {
      const tables = this.#tables;
      this.#tables = null;
      await tables?.sequelize.close();
    });
  }

  readAll(): Promise<StoreSnapshot> {
    return this.#transact(Transaction.TYPES.DEFERRED, async (tables, transaction) => {
      const order = ['externalDomain', 'externalPort'];
      const rows = await tables.mappings.findAll({ order, transaction });
      return { revision: await readRevision(tables, transaction), mappings: rows.map(mappingFromRow) };
    });
  }

  create(draft: NewMapping): Promise<StoreWrite> {
    return this.#write((tables, transaction) => this.#create(tables, transaction, draft));
  }

  upsertByDomain(draft: NewMapping): Promise<StoreWrite> {
    return this.#write(async (tables, transaction) => {
      const { externalDomain, externalPort } = draft;
      const row = await tables.mappings.findOne({ where: { externalDomain, externalPort }, transaction });
      return row === null
        ? this.#create(tables, transaction, draft)
        : this.#patch(tables, transaction, row, targetPatch(draft));
    });
  }

  update(id: string, patch: MappingPatch): Promise<StoreWrite> {
    return this.#write(async (tables, transaction) =>
      this.#patch(tables, transaction, await findRow(tables, transaction, id), patch),
    );
  }

  remove(id: string): Promise<StoreWrite> {
    return this.#write(async (tables, transaction) => {
      const row = await findRow(tables, transaction, id);
      const mapping = mappingFromRow(row);
      await row.destroy({ transaction });
      return committed(tables, transaction, mapping);
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
  ): Promise<StoreWrite> {
    const before = mappingFromRow(row);
    const mapping = patchedMapping(before, patch, this.#source);
    if (mapping === before) {
      return { revision: await readRevision(tables, transaction), mapping, isChanged: false };
    }
    await row.update(rowFromMapping(mapping), { transaction });
    return committed(tables, transaction, mapping);
  }

  #write(work: (tables: Tables, transaction: Transaction) => Promise<StoreWrite>): Promise<StoreWrite> {
    // IMMEDIATE takes the write lock first, so that what is read stays true until the commit.
    return this.#transact(Transaction.TYPES.IMMEDIATE, work);
  }

  #transact<Answer>(
    type: Transaction.TYPES,
    work: (tables: Tables, transaction: Transaction) => Promise<Answer>,
  ): Promise<Answer> {
    return this.#inOrder(() => {
      const tables = this.#tables;
      if (tables === null) throw new StoreError('unavailable', 'It is not open.');
      return tables.sequelize.transaction({ type }, (transaction) => work(tables, transaction));
    });
  }

  #inOrder<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    const answer = this.#last.then(act).catch((error: unknown) => {
      throw this.#storeErrorFrom(error);
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** Errors that are not the database's pass as they are: they are faults of ours. */
  #storeErrorFrom(error: unknown): unknown {
    if (!(error instanceof BaseError)) return error;
    if (error instanceof UniqueConstraintError) return new StoreError('duplicate', undefined, error);
    return new StoreError(this.#database.isDamage(error) ? 'corrupt' : 'unavailable', error.message, error);
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

async function findRow(tables: Tables, transaction: Transaction, id: string): Promise<PortMapping> {
  const row = await tables.mappings.findByPk(id, { transaction });
  if (row === null) throw new StoreError('not_found');
  return row;
}
