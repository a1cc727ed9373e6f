// Databases as older versions left them, with data in them.

import { DatabaseSync } from 'node:sqlite';

import { Sequelize } from 'sequelize';

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { migrate, MIGRATIONS } from '../../../services/agent/store/migrate.ts';
import * as dialectModule from '../../../services/agent/store/sqliteDialect.ts';
import { createOwnerFile } from '../../../services/agent/store/sqliteFile.ts';

/** How many migrations each older version had, by the name of its last. */
export const OLDER_VERSIONS: readonly (readonly [name: string, migrations: number])[] = MIGRATIONS.slice(
  0,
  -1,
).map(({ name }, index) => [name, index + 1]);

/** The data that each migration made room for. */
const DATA: Readonly<Record<string, string>> = {
  '0001-port-mappings': `
    INSERT INTO port_mappings VALUES ('00000000-0000-4000-8000-000000000007', 'App', 'app.example.com', 443, 'localhost',
      3000, 'http', 0, 'preserve', 1, '2026-01-31 12:00:00.123 +00:00', '2026-01-31 12:00:01.456 +00:00');
    UPDATE config SET revision = 7;`,
  '0002-logs': `
    INSERT INTO request_logs VALUES ('0198f0a0-0000-7000-8000-000000000001', '00000000-0000-4000-8000-000000000007',
      '2026-01-31 12:00:00.123 +00:00', 'GET', '/old', 200, 1.5, 0, 12, 'complete', NULL, '192.0.2.1');`,
};

/** The mapping of that data, as every later version has to tell it. */
export const OLD_SNAPSHOT = {
  revision: 7,
  mappings: [
    {
      id: '00000000-0000-4000-8000-000000000007',
      name: 'App',
      externalDomain: 'app.example.com',
      externalPort: 443,
      internalHost: 'localhost',
      internalPort: 3000,
      internalProtocol: 'http',
      allowInvalidCertificates: false,
      hostHeader: 'preserve',
      enabled: true,
      createdAt: '2026-01-31T12:00:00.123Z',
      updatedAt: '2026-01-31T12:00:01.456Z',
    },
  ],
};

/** The request of that data, which came with the logs. */
export const OLD_REQUEST: RequestLogEntry = {
  id: '0198f0a0-0000-7000-8000-000000000001',
  portMappingId: '00000000-0000-4000-8000-000000000007',
  timestamp: '2026-01-31T12:00:00.123Z',
  method: 'GET',
  path: '/old',
  statusCode: 200,
  durationMs: 1.5,
  firstByteMs: null,
  bytesIn: 0,
  bytesOut: 12,
  outcome: 'complete',
  errorCode: null,
  visitorAddress: '192.0.2.1',
};

/** Makes the file as the version with so many migrations left it. */
export async function makeOlderDatabase(path: string, migrations: number): Promise<void> {
  createOwnerFile(path);
  const dialectOptions = { mode: dialectModule.OPEN_READWRITE };
  const sequelize = new Sequelize({
    dialect: 'sqlite',
    dialectModule,
    storage: path,
    dialectOptions,
    logging: false,
  });
  const applied = await migrate(sequelize, MIGRATIONS.slice(0, migrations));
  await sequelize.close();

  const database = new DatabaseSync(path);
  for (const name of applied) {
    const data = DATA[name];
    if (data === undefined)
      throw new Error(`${name} needs data here, so that later migrations are tried on it.`);
    database.exec(data);
  }
  database.close();
}
