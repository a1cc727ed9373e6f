// A process that writes mappings until it has written enough or is killed, printing each id once it is acknowledged.
// Arguments: file, prefix of the domains, how many.

import { createStore } from '../../../services/agent/store/createStore.ts';
import { draft } from './drafts.ts';

const [path = '', prefix = '', count = ''] = process.argv.slice(2);
const { store } = createStore({
  connectionString: `sqlite:${path}`,
  dataDir: '/nonexistent',
  log: { info: () => {} },
});
await store.open();
for (let index = 0; index < Number(count); index += 1) {
  const { mapping } = await store.create(draft({ externalDomain: `${prefix}-${index}.example` }));
  process.stdout.write(`${mapping.id}\n`);
}
await store.close();
