// A visitor in a thread of its own: what the bench itself does meanwhile is not counted as the tunnel's.

import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { get } from '../support/rig.ts';

if (parentPort === null) throw new Error('This file is a thread of a bench: it does not run alone.');
const port = parentPort;
const { gatewayPort, name } = z.object({ gatewayPort: z.int(), name: z.string() }).parse(workerData);

const visit = { isOver: false };
port.once('message', () => (visit.isOver = true));

port.postMessage('ready');
/** How long each answer took, in milliseconds. */
const took: number[] = [];
while (!visit.isOver) {
  const startMs = performance.now();
  const { status } = await get(gatewayPort, name, '/small/1');
  if (status !== 200) throw new Error(`A visitor was answered ${status}.`);
  took.push(performance.now() - startMs);
}
port.postMessage(took);
