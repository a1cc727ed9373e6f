// A process that takes the migration lock of a file, says so, and holds it until it is killed.

import { underLock } from '../../../services/agent/store/sqliteFile.ts';

const [path = ''] = process.argv.slice(2);
await underLock(path, async () => {
  process.stdout.write('locked\n');
  // Standard input stays open as long as the parent lives.
  for await (const _ of process.stdin);
});
