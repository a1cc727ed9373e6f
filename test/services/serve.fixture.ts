// A process under `serve`: its parts say when they start and stop; "slow" never finishes stopping, "fail" cannot start.

import { createServer } from 'node:http';
import { createLog } from '../../services/log.ts';
import { serve } from '../../services/serve.ts';

const listens = { portVariable: 'THE_PORT', hostVariable: 'THE_HOST' };
const [mode, port] = process.argv.slice(2);

function part(name: string, stop: () => Promise<void> = async () => {}) {
  return async () => {
    console.log(`${name} started`);
    return {
      stop() {
        console.log(`${name} stopping`);
        return stop();
      },
    };
  };
}

await serve(listens, async (lifecycle) => {
  await lifecycle.start(part('first'));
  const server = createServer();
  server.listen(Number(port ?? 0), '127.0.0.1');
  await new Promise((resolve, reject) => server.on('listening', resolve).on('error', reject));
  await lifecycle.start(part('second', () => new Promise((resolve) => mode !== 'slow' && resolve())));
  if (mode === 'surprise' || mode === 'early')
    setImmediate(() => {
      throw new Error('out of the blue\nsecond line');
    });
  if (mode === 'endless' || mode === 'early') await new Promise(() => {});
  console.log('ready');
  return createLog({ level: 'error', secrets: [] });
});
