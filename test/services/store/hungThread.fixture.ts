// A store's thread that never answers anything.

import { parentPort } from 'node:worker_threads';

parentPort?.on('message', () => {});
