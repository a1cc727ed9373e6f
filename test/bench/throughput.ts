// Requests a second through the tunnel against two chained nginx hops, interleaved in one run (`npm run bench`).

import { spawnSync } from 'node:child_process';
import { hasNginx, startNginx } from '../support/nginx.ts';
import { freePort, startRig } from '../support/rig.ts';

const CONNECTIONS = 64;
const ROUNDS = 3;
const SECONDS = 5;

/** Below this, of nginx as it comes, something is wrong. */
const FLOOR = 0.4;

if (!hasNginx() || spawnSync('wrk', ['-v']).error !== undefined) {
  console.log('skipped: nginx and wrk are needed (apt-get install nginx wrk)');
  process.exit(0);
}

/** `asItComes` is nginx's own default for `proxy_pass`: a new connection for each request. `kept` is nginx at its best. */
type Hops = 'asItComes' | 'kept';

const originPort = await freePort();
const origin = await startNginx(
  `server { listen 127.0.0.1:${originPort}; location / { return 200 "hello"; } }`,
  originPort,
);
const chains = { asItComes: await startChain('asItComes'), kept: await startChain('kept') };
const rig = await startRig({
  maps: [`bench.localhost=http://127.0.0.1:${originPort}`],
  env: { OCTOPORTY_LOG_LEVEL: 'warn' },
});

const entries = { tunnel: rig.gatewayPort, asItComes: chains.asItComes.port, kept: chains.kept.port };
const rates = { tunnel: [] as number[], asItComes: [] as number[], kept: [] as number[] };
try {
  for (const port of Object.values(entries)) measure(port, 2);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const name of ['tunnel', 'asItComes', 'kept'] as const)
      rates[name].push(measure(entries[name], SECONDS));
    console.log(
      `round ${round}: tunnel ${rates.tunnel.at(-1)} requests/s; two nginx hops ${rates.asItComes.at(-1)}, with keep-alive ${rates.kept.at(-1)}`,
    );
  }
} finally {
  await rig.stop();
  for (const each of [chains.asItComes, chains.kept, origin]) await each.stop();
}
const ratio = median(rates.tunnel) / median(rates.asItComes);
const ratioToKept = median(rates.tunnel) / median(rates.kept);
console.log(
  `at ${CONNECTIONS} connections: ratio ${ratio.toFixed(2)} (floor ${FLOOR}), ${ratioToKept.toFixed(2)} to hops with keep-alive`,
);
process.exit(ratio >= FLOOR ? 0 : 1);

/** Two nginx, one before the other, before the origin. */
async function startChain(hops: Hops): Promise<{ port: number; stop(): Promise<void> }> {
  const [first, second] = [await freePort(), await freePort()];
  const chain = [
    await startNginx(hop(hops, second, originPort), second),
    await startNginx(hop(hops, first, second), first),
  ];
  return {
    port: first,
    async stop() {
      for (const each of chain) await each.stop();
    },
  };
}

function hop(hops: Hops, listen: number, to: number): string {
  const upstream = `upstream to${to} { server 127.0.0.1:${to}; keepalive ${2 * CONNECTIONS}; }`;
  const keeping = `proxy_http_version 1.1; proxy_set_header Connection "";`;
  return `${hops === 'kept' ? upstream : ''}
    server { listen 127.0.0.1:${listen}; location / {
      proxy_pass http://${hops === 'kept' ? `to${to}` : `127.0.0.1:${to}`}; proxy_set_header Host $host;
      ${hops === 'kept' ? keeping : ''} } }`;
}

function measure(port: number, seconds: number): number {
  const { stdout } = spawnSync(
    'wrk',
    ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-H', 'Host: bench.localhost', `http://127.0.0.1:${port}/`],
    { encoding: 'utf8' },
  );
  if (/Non-2xx|Socket errors/.test(stdout)) console.log(stdout);
  return Math.round(Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
