// A hundred edits while others are served at full load: what is written to Caddy, and what each write costs visitors.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { edit, OLDEST } from './caddyWorld.ts';
import {
  PACED_SECONDS,
  renameUnderLoad,
  startLoadedWorld,
  underHttp2,
  underWrk,
  type LoadedWorld,
  type LoadSizes,
} from './caddyRenames.ts';
import type { Stage } from './stage.ts';
import { check, note } from './verdict.ts';

const IN_NAMESPACE = fileURLToPath(new URL('caddyMigrated.ts', import.meta.url));

/**
 * Every write makes Caddy start its servers anew. Go's HTTP/1.1 server (1.23 and later) drops a request that it reads on a
 * kept connection once its shutdown has begun, and a listener that closes resets the connections that nobody has
 * accepted yet, unless `net.ipv4.tcp_migrate_req` is 1. So at full load each write costs HTTP/1.1 some requests,
 * whoever writes; what is ours is to write seldom, and not at all when no public name changes. HTTP/2 is told which
 * requests were not touched, and must lose none.
 */
export async function edits(stage: Stage, sizes: LoadSizes = {}): Promise<void> {
  const loaded = await startLoadedWorld(stage);
  await withoutNewNames(loaded, sizes);
  await renameUnderLoad(loaded, sizes);
  if ((sizes.seconds ?? PACED_SECONDS) < PACED_SECONDS) return;
  if (process.getuid?.() === 0) await inNamespace(stage, sizes);
  else note('the same with tcp_migrate_req needs root');
}

/** Edits that Caddy need not know of. */
async function withoutNewNames(loaded: LoadedWorld, sizes: LoadSizes): Promise<void> {
  const { world, mapping } = loaded;
  const work = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      const changes = [
        { internalPort: 1 + n },
        { name: `renamed ${n}` },
        { hostHeader: `host-${n}.example` },
      ];
      await edit(world.api, mapping, changes[n % changes.length] ?? {});
    }
  };
  for (const under of [underWrk, underHttp2]) {
    const { what, writes, requests, failures, kinds } = await under(loaded, sizes, work);
    check(`${what}: edits that change no public name, ${writes} writes to Caddy`, writes === 0);
    check(`${what}: ${failures} of ${requests} requests failed (${kinds})`, failures === 0);
  }
}

/** In a network of their own, where the kernel hands connections on from a listener that closes. */
async function inNamespace(stage: Stage, sizes: LoadSizes): Promise<void> {
  note('the same where net.ipv4.tcp_migrate_req is 1');
  const options = Object.entries(sizes).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const oldest = process.argv.filter((arg) => arg === `--${OLDEST}`);
  const setUp = 'ip link set lo up && echo 1 >/proc/sys/net/ipv4/tcp_migrate_req && exec "$@"';
  const command = [process.execPath, IN_NAMESPACE, ...options, ...oldest];
  const child = spawn('unshare', ['-n', 'sh', '-c', setUp, 'sh', ...command], { stdio: 'inherit' });
  const closed = once(child, 'close');
  // Asked to end, it takes everything down that it has put up.
  stage.atEnd(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  const [code] = await closed;
  check('so it went there', code === 0);
}
