// Where the agent's database is, for people: without anything that would let somebody in.

import type { Settings } from '../../protocol/api/settings.ts';
import { parseConnectionString, type DatabaseTarget } from './store/connectionString.ts';

/** The file, or server and database. Throws ConnectionStringError. */
export function databasePlace(connectionString: string | null, dataDir: string): Settings['database'] {
  const target = parseConnectionString(connectionString ?? undefined, dataDir);
  return { kind: target.kind, place: placeOf(target) };
}

function placeOf(target: DatabaseTarget): string {
  if (target.kind === 'sqlite') return target.path;
  const { server, port, instanceName, database } = target;
  const instance = instanceName === null ? '' : `\\${instanceName}`;
  return `${server}${instance}${port === null ? '' : `:${port}`}/${database}`;
}
