// A real nginx on loopback, with a configuration made for one test or bench.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './rig.ts';

export interface Nginx {
  /** Its working folder, for files to serve or receive. */
  readonly dir: string;
  stop(): Promise<void>;
}

export function hasNginx(): boolean {
  return spawnSync('nginx', ['-v']).status === 0;
}

/** `servers` is what stands inside `http { … }`; `$DIR` in it is the working folder. Ready when `port` answers. */
export async function startNginx(servers: string, port: number): Promise<Nginx> {
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${dir}/${name};`,
  );
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off; user root; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log;
     events { worker_connections 8192; }
     http { access_log off; keepalive_requests 1000000; client_max_body_size 0; ${temporary.join(' ')}
     ${servers.replaceAll('$DIR', dir)} }`,
  );
  const child: ChildProcess = spawn('nginx', ['-c', join(dir, 'nginx.conf')], { stdio: 'inherit' });
  await until('nginx listens', () => isOpen(port));
  return {
    dir,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}
