// A process that writes a mapping and a batch of requests by turns until it has written enough or is killed, printing what
// is acknowledged: `mapping <id>`, `request <id of the last>`. Arguments: file, prefix of the domains, how many.

import { createStore } from '../../../services/agent/store/createStore.ts';
import { draft } from './drafts.ts';
import { request } from './entries.ts';

const BATCH_ROWS = 50;

const [path = '', prefix = '', count = ''] = process.argv.slice(2);
const { store, journal } = createStore({
  connectionString: `sqlite:${path}`,
  dataDir: '/nonexistent',
  log: { info: () => {} },
});
await store.open();
for (let index = 0; index < Number(count); index += 1) {
  const { mapping } = await store.create(draft({ externalDomain: `${prefix}-${index}.example` }));
  process.stdout.write(`mapping ${mapping.id}\n`);
  const requests = Array.from({ length: BATCH_ROWS }, () => request());
  await journal.append({ requests, connections: [] });
  process.stdout.write(`request ${requests.at(-1)?.id}\n`);
}
await store.close();
