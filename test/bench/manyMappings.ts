// A store with thousands of mappings, put there at once: one by one, each with a sync, they would take minutes.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { mappingSchema, type Mapping } from '../../protocol/mapping.ts';
import { configRowOn, CONFIG_ID } from '../../services/agent/store/models/configRow.ts';
import { portMappingOn, rowFromMapping } from '../../services/agent/store/models/portMapping.ts';
import { sqliteDatabase } from '../../services/agent/store/sqliteDatabase.ts';

/** `many-N.example` for N from 0 on, all enabled and all on one origin. */
export async function putMappings(dataDir: string, count: number, originPort: number): Promise<void> {
  const path = join(dataDir, 'octoporty.sqlite');
  const sequelize = await sqliteDatabase(path, { info: () => {} }).connect();
  try {
    const rows = Array.from({ length: count }, (_, n) => rowFromMapping(manyMapping(n, originPort)));
    await portMappingOn(sequelize).bulkCreate(rows);
    await configRowOn(sequelize).increment('revision', { by: count, where: { id: CONFIG_ID } });
  } finally {
    await sequelize.close();
  }
}

export function manyMapping(n: number, internalPort = 80): Mapping {
  const now = new Date().toISOString();
  return mappingSchema.parse({
    id: randomUUID(),
    name: `Service ${n}`,
    externalDomain: `many-${n}.example`,
    externalPort: 443,
    internalHost: '127.0.0.1',
    internalPort,
    internalProtocol: 'http',
    allowInvalidCertificates: false,
    hostHeader: 'preserve',
    enabled: true,
    createdAt: now,
    updatedAt: now,
  });
}
