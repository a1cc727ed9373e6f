// Runs the journal contract on the real and on the simulated journal.

import { join } from 'node:path';

import { createMemoryJournal } from '../../../services/agent/store/memoryJournal.ts';
import { createMemoryStore } from '../../../services/agent/store/memoryStore.ts';
import { describeJournalContract } from './journalContract.ts';
import { bothOn, tempDir, testSource, threadedOn } from './tempStore.ts';

describeJournalContract('memory', () => {
  const store = createMemoryStore(testSource());
  return { store, journal: createMemoryJournal(store) };
});
describeJournalContract('SQLite', () => bothOn(join(tempDir(), 'store.sqlite')));
describeJournalContract('threaded SQLite', () => threadedOn(join(tempDir(), 'store.sqlite')));
