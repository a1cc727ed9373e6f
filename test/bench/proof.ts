// The promises of the first release, measured on real processes (`npm run proof -- bulk|slow|burst|kill`, or all).

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { startNginx } from '../support/nginx.ts';
import { freePort, get, startRig, type Rig, type Service } from '../support/rig.ts';

const HOST = 'proof.localhost';
const MIB = 1024 * 1024;
const SIPS_PER_SECOND = 50;
const STATUS_TOKEN = 'a status token for the proof';

const proofs = { bulk, slow, burst, kill };
const asked = process.argv.slice(2);
const failures: string[] = [];
for (const [name, prove] of Object.entries(proofs)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`— ${name}`);
  await prove();
}
process.exit(failures.length === 0 ? 0 : 1);

/** 1 GB down and up through nginx with WebDAV: digests equal, each process below 200 MB at its peak. */
async function bulk(): Promise<void> {
  const port = await freePort();
  const nginx = await startNginx(
    `server { listen 127.0.0.1:${port}; root $DIR/files; dav_methods PUT; create_full_put_path on; }`,
    port,
  );
  const rig = await startRig({ maps: [`${HOST}=http://127.0.0.1:${port}`] });
  try {
    const down = join(nginx.dir, 'files', 'down');
    const url = `http://${HOST}:${rig.gatewayPort}`;
    shell(`mkdir -p ${nginx.dir}/files && head -c 1G /dev/urandom > ${down}`);
    const resolve = `--resolve ${HOST}:${rig.gatewayPort}:127.0.0.1`;
    const wanted = digestOf(`cat ${down}`);
    const downMs = timed(() => {
      check('1 GB down, digest equal', digestOf(`curl -sS ${resolve} ${url}/down`) === wanted);
    });
    const upMs = timed(() => {
      shell(`curl -sS ${resolve} -T ${down} ${url}/up`);
    });
    check('1 GB up, digest equal', digestOf(`cat ${nginx.dir}/files/up`) === wanted);
    console.log(`down ${mbPerSecond(downMs)} MB/s (with its digest), up ${mbPerSecond(upMs)} MB/s`);
    for (const service of [rig.gateway, rig.agent]) {
      const peak = service.peakRssBytes();
      check(`${service.name} peak ${inMib(peak)} MB RSS, below 200`, peak < 200e6);
    }
  } finally {
    await rig.stop();
    await nginx.stop();
  }
}

/** Two slow readers for 60 s: little growth, and small requests beside them stay quick. */
async function slow(): Promise<void> {
  const port = await freePort();
  const nginx = await startNginx(
    `server { listen 127.0.0.1:${port}; root $DIR/files; location = /small { return 200 "hello"; } }`,
    port,
  );
  const rig = await startRig({ maps: [`${HOST}=http://127.0.0.1:${port}`] });
  const readers: { stop(): void; read(): number }[] = [];
  try {
    shell(`mkdir -p ${nginx.dir}/files && truncate -s 1G ${nginx.dir}/files/down`);
    // Long enough for both processes to reach the size they keep under small requests: only what readers add counts.
    const idle = (await latencies(rig, 12_000)).slice(-2_000);
    const before = rssOf(rig);
    const highest = { ...before };
    readers.push(readSlowly(rig.gatewayPort, MIB), readSlowly(rig.gatewayPort, 1024));
    const beside: number[] = [];
    const endMs = performance.now() + 60_000;
    while (performance.now() < endMs) {
      const samples = await latencies(rig, 500);
      beside.push(...samples);
      const now = rssOf(rig);
      highest.gateway = Math.max(highest.gateway, now.gateway);
      highest.agent = Math.max(highest.agent, now.agent);
      await delay(200);
    }
    const third = Math.ceil(beside.length / 3);
    const p99s = [0, 1, 2].map((n) => p99(beside.slice(n * third, (n + 1) * third)));
    console.log(`read ${readers.map((reader) => `${inMib(reader.read())} MB`).join(' and ')} in 60 s`);
    console.log(
      `p99 idle ${p99(idle).toFixed(1)} ms; beside, in thirds: ${p99s.map((ms) => ms.toFixed(1)).join(', ')} ms`,
    );
    check('p99 beside slow readers below 50 ms (best of three)', Math.min(...p99s) < 50);
    for (const name of ['gateway', 'agent'] as const) {
      const grown = highest[name] - before[name];
      check(`${name} grew by ${inMib(grown)} MB (from ${inMib(before[name])}), below 32`, grown < 32e6);
    }
  } finally {
    for (const reader of readers) reader.stop();
    await rig.stop();
    await nginx.stop();
  }
}

/** 1,000 requests at once to an origin that answers after one second: all 200 in under three. */
async function burst(): Promise<void> {
  const origin = createServer((_, response) => {
    setTimeout(() => response.end('done'), 1_000);
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const rig = await startRig({ maps: [`${HOST}=http://127.0.0.1:${portOf(origin)}`] });
  try {
    for (let round = 1; round <= 3; round += 1) {
      const startMs = performance.now();
      const answers = await Promise.all(Array.from({ length: 1_000 }, () => get(rig.gatewayPort, HOST)));
      const tookMs = performance.now() - startMs;
      const good = answers.filter(({ status }) => status === 200).length;
      check(
        `round ${round}: ${good} of 1,000 with 200 in ${Math.round(tookMs)} ms`,
        good === 1_000 && tookMs < 3_000,
      );
    }
  } finally {
    await rig.stop();
    origin.closeAllConnections();
    origin.close();
  }
}

/** The gateway killed ten times under load: online within five seconds of each restart, and nothing is left over. */
async function kill(): Promise<void> {
  const origin = createServer((asked, response) => {
    response.end(`hello ${asked.url ?? ''}`);
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const rig = await startRig({
    maps: [`${HOST}=http://127.0.0.1:${portOf(origin)}`],
    env: { OCTOPORTY_STATUS_TOKEN: STATUS_TOKEN },
  });
  let isLoading = true;
  let wrong = 0;
  const counts = new Map<string, number>();
  const load = Array.from({ length: 20 }, async (_, worker) => {
    for (let n = 0; isLoading; n += 1) {
      const path = `/${worker}/${n}`;
      const outcome = await get(rig.gatewayPort, HOST, path, 15_000).then(
        ({ status, body }) => {
          if (status === 200 && body !== `hello ${path}`) wrong += 1;
          return String(status);
        },
        () => 'no connection',
      );
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      if (outcome !== '200') await delay(20);
    }
  });
  const durations: number[] = [];
  try {
    for (let round = 1; round <= 10; round += 1) {
      await delay(500 + Math.random() * 1_000);
      await rig.gateway.end('SIGKILL');
      await delay(Math.random() * 2_000);
      const startMs = performance.now();
      rig.gateway.start();
      await rig.waitOnline();
      durations.push(performance.now() - startMs);
    }
    isLoading = false;
    await Promise.all(load);
    console.log(
      `online after ${durations.map((ms) => `${Math.round(ms)}`).join(', ')} ms of the process's start`,
    );
    check(
      'each within 5 s',
      durations.every((ms) => ms < 5_000),
    );
    check('no body was wrong', wrong === 0);
    console.log(`answers: ${[...counts].map(([outcome, count]) => `${outcome} × ${count}`).join(', ')}`);
    const relays = await relaysOf(rig);
    check(`${relays} relays left in the table`, relays === 0);
  } finally {
    isLoading = false;
    await rig.stop();
    origin.closeAllConnections();
    origin.close();
  }
}

function check(what: string, isTrue: boolean): void {
  console.log(`${isTrue ? 'ok  ' : 'FAIL'} ${what}`);
  if (!isTrue) failures.push(what);
}

/** Reads a 1 GB download at so many bytes a second, in sips that each fit the socket's own buffer of 64 KiB. */
function readSlowly(port: number, bytesPerSecond: number) {
  const socket = connect({ port, host: '127.0.0.1' });
  let total = 0;
  socket.write(`GET /down HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  const sip = setInterval(() => {
    for (let left = Math.ceil(bytesPerSecond / SIPS_PER_SECOND); left > 0;) {
      const chunk: unknown = socket.read(Math.min(left, 1024)) ?? socket.read();
      if (!Buffer.isBuffer(chunk)) return;
      total += chunk.length;
      left -= chunk.length;
    }
  }, 1_000 / SIPS_PER_SECOND);
  return {
    read: () => total,
    stop() {
      clearInterval(sip);
      socket.destroy();
    },
  };
}

/** Milliseconds of so many small requests, four at a time. */
async function latencies(rig: Rig, count: number): Promise<number[]> {
  const took: number[] = [];
  const worker = async () => {
    while (took.length < count) {
      const startMs = performance.now();
      await get(rig.gatewayPort, HOST, '/small');
      took.push(performance.now() - startMs);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return took;
}

async function relaysOf(rig: Rig): Promise<number> {
  const asked = request({
    host: '127.0.0.1',
    port: rig.gatewayPort,
    path: '/api/v1/status',
    headers: { authorization: `Bearer ${STATUS_TOKEN}` },
  });
  asked.end();
  const [response] = await once(asked, 'response');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return z.object({ relays: z.array(z.unknown()) }).parse(JSON.parse(text)).relays.length;
}

function rssOf(rig: Rig): { gateway: number; agent: number } {
  const of = (service: Service) => service.rssBytes();
  return { gateway: of(rig.gateway), agent: of(rig.agent) };
}

function p99(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}

function shell(command: string): string {
  return execFileSync('bash', ['-c', `set -eo pipefail; ${command}`], { encoding: 'utf8', maxBuffer: MIB });
}

function digestOf(command: string): string {
  return shell(`${command} | sha256sum`).split(' ')[0] ?? '';
}

function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

function mbPerSecond(ms: number): string {
  return (1024 / (ms / 1000)).toFixed(0);
}

function inMib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
