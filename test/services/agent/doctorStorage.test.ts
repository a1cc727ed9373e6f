// The doctor's checks on what an agent keeps: its folder and its database.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { examineDatabase } from '../../../services/agent/doctor/database.ts';
import { examineDataFolder } from '../../../services/agent/doctor/dataFolder.ts';
import { closedPort } from '../../support/rawOrigin.ts';
import { tempDir } from '../spawned.ts';

const MAPPING = {
  id: '11111111-1111-4111-8111-111111111111',
  externalDomain: 'app.localhost',
  externalPort: 443,
  internalHost: '127.0.0.1',
  internalPort: 80,
  internalProtocol: 'http',
  hostHeader: 'preserve',
  allowInvalidCertificates: 0,
  enabled: 1,
};

describe('the data folder', () => {
  it('is well when something can be kept there, and stays as it was', () => {
    const dir = tempDir();
    expect(examineDataFolder(dir)).toMatchObject({ verdict: 'ok', saw: `${dir} can be written` });
    expect(examineDataFolder(join(dir, 'a', 'b'))).toMatchObject({
      verdict: 'ok',
      saw: expect.stringContaining('does not exist yet'),
    });
    expect(readdirSync(dir)).toEqual([]);
  });

  it('fails when nothing can be written', () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    const finding = examineDataFolder(file);
    expect(finding).toMatchObject({ verdict: 'failed', saw: expect.stringContaining('ENOTDIR') });
    expect(finding.advice).toContain('OCTOPORTY_DATA_DIR');
  });
});

describe('the database', () => {
  it('tells the enabled mappings, and is not touched', async () => {
    const dir = tempDir();
    const path = store(dir, [
      { ...MAPPING, allowInvalidCertificates: 1 },
      { ...MAPPING, id: MAPPING.id.replaceAll('1', '2'), enabled: 0 },
    ]);
    const before = readFileSync(path);
    const { finding, published } = await examineDatabase({ dataDir: dir, connectionString: null });
    expect(finding).toMatchObject({ verdict: 'ok', saw: `${path} is sound, 1 mapping enabled` });
    expect(published).toMatchObject([{ externalDomain: 'app.localhost', allowInvalidCertificates: true }]);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('is read while the agent has it open and writes', async () => {
    const dir = tempDir();
    const open = new DatabaseSync(store(dir, [MAPPING]));
    onTestFinished(() => open.close());
    open.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; DELETE FROM port_mappings');
    const { published } = await examineDatabase({ dataDir: dir, connectionString: null });
    expect(published).toHaveLength(1);
    open.exec('COMMIT');
  });

  it('is skipped before the agent has made it', async () => {
    const { finding, published } = await examineDatabase({ dataDir: tempDir(), connectionString: null });
    expect([finding.verdict, published]).toEqual(['skipped', null]);
  });

  it.each([
    ['is no database', (path: string) => writeFileSync(path, 'nonsense'.repeat(1000))],
    ['holds a mapping that is none', (path: string) => change(path, `internalPort = 0`)],
    ['has a broken page', (path: string) => breakPage(path, 2)],
    ['has a broken page that no mapping is on', (path: string) => breakPage(path, 3)],
  ])('fails when the file %s', async (_what, harm) => {
    const dir = tempDir();
    harm(store(dir, [MAPPING]));
    const { finding, published } = await examineDatabase({ dataDir: dir, connectionString: null });
    expect(finding.verdict).toBe('failed');
    expect(finding.advice).toContain('restore it from a backup');
    expect(published).toBeNull();
  });

  it('fails without the tables, which the agent makes', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'octoporty.sqlite'), '');
    const { finding } = await examineDatabase({ dataDir: dir, connectionString: null });
    expect(finding).toMatchObject({ verdict: 'failed', saw: expect.stringContaining('no such table') });
    expect(finding.advice).toContain('start this version of the agent');
  });

  it.each([
    ['is not understood', async () => 'nonsense', /^OCTOPORTY_CONNECTION_STRING must be /],
    [
      'leads to a SQL Server that is not there',
      async () => `mssql://sa:hidden@127.0.0.1:${await closedPort()}/octoporty`,
      /ECONNREFUSED|Failed to connect/,
    ],
  ])('fails when its connection string %s', async (_what, textOf, saw) => {
    const { finding } = await examineDatabase({ dataDir: tempDir(), connectionString: await textOf() });
    expect(finding.verdict).toBe('failed');
    expect(finding.saw).toMatch(saw);
    expect(JSON.stringify(finding)).not.toContain('hidden');
  });
});

/** A store's file as far as the doctor reads it. */
function store(dir: string, rows: readonly (typeof MAPPING)[]): string {
  const path = join(dir, 'octoporty.sqlite');
  const database = new DatabaseSync(path);
  const names = Object.keys(MAPPING);
  database.exec(`CREATE TABLE port_mappings (${names.join(', ')})`);
  database.exec('CREATE TABLE request_logs (path)');
  const insert = database.prepare(
    `INSERT INTO port_mappings VALUES (${names.map((name) => `$${name}`).join(', ')})`,
  );
  for (const row of rows) insert.run(row);
  database.close();
  return path;
}

function change(path: string, assignment: string): void {
  const database = new DatabaseSync(path);
  database.exec(`UPDATE port_mappings SET ${assignment}`);
  database.close();
}

/** Page 2 is the root of the first table, page 3 that of the second: a page begins with how to read it. */
function breakPage(path: string, page: number): void {
  const pageBytes = 4096;
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, pageBytes * (page - 1), pageBytes * (page - 1) + 100));
}
