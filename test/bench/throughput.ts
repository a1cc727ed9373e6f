// Requests a second through the tunnel against two chained nginx hops, interleaved in one run (`npm run bench`).

import { spawnSync } from 'node:child_process';
import { hasNginx, startNginx } from '../support/nginx.ts';
import { freePort, startRig } from '../support/rig.ts';

const CONNECTIONS = 64;
const ROUNDS = 3;
const SECONDS = 5;

/** Below this something is wrong: a throwaway prototype reached 0.58. */
const FLOOR = 0.4;

if (!hasNginx() || spawnSync('wrk', ['-v']).error !== undefined) {
  console.log('skipped: nginx and wrk are needed (apt-get install nginx wrk)');
  process.exit(0);
}

const [originPort, firstHop, secondHop] = [await freePort(), await freePort(), await freePort()];
const hop = (listen: number, to: number) => `
  upstream to${to} { server 127.0.0.1:${to}; keepalive 128; }
  server { listen 127.0.0.1:${listen}; location / {
    proxy_pass http://to${to}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; } }`;
const origin = await startNginx(
  `server { listen 127.0.0.1:${originPort}; location / { return 200 "hello"; } }`,
  originPort,
);
const hops = [
  await startNginx(hop(secondHop, originPort), secondHop),
  await startNginx(hop(firstHop, secondHop), firstHop),
];
const rig = await startRig({
  maps: [`bench.localhost=http://127.0.0.1:${originPort}`],
  env: { OCTOPORTY_LOG_LEVEL: 'warn' },
});

const rates = { tunnel: [] as number[], nginx: [] as number[] };
try {
  measure(rig.gatewayPort, 2);
  measure(firstHop, 2);
  for (let round = 1; round <= ROUNDS; round += 1) {
    rates.tunnel.push(measure(rig.gatewayPort, SECONDS));
    rates.nginx.push(measure(firstHop, SECONDS));
    console.log(
      `round ${round}: tunnel ${rates.tunnel.at(-1)} requests/s, two nginx hops ${rates.nginx.at(-1)}`,
    );
  }
} finally {
  await rig.stop();
  for (const each of [...hops, origin]) await each.stop();
}
const ratio = median(rates.tunnel) / median(rates.nginx);
console.log(`ratio ${ratio.toFixed(2)} at ${CONNECTIONS} connections (floor ${FLOOR})`);
process.exit(ratio >= FLOOR ? 0 : 1);

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
