// Owns a container of an image of ours, as runc runs it: any user, no capability, and a root that cannot be written.

import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Image } from './contents.ts';

export interface ContainerOptions {
  /** In it, the image's own folder holds rootfs and image.json. */
  readonly folder: string;
  readonly image: Image;
  /** Behind the image's own command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly mounts: Mounts;
}

/** Folders and files of this machine by where they are inside. */
export type Mounts = Readonly<Record<string, { readonly from: string; readonly isWritable: boolean }>>;

/** The settings of an image, as Docker's format has them. */
const settingsSchema = z.object({
  User: z.string(),
  Env: z.array(z.string()),
  Cmd: z.array(z.string()),
  Entrypoint: z.array(z.string()),
  WorkingDir: z.string(),
  Labels: z.record(z.string(), z.string()),
  Healthcheck: z.object({ Test: z.tuple([z.literal('CMD')], z.string()) }),
});

export type ImageSettings = z.output<typeof settingsSchema>;

/** An image that is not ready within this time is broken, at load too. */
const READY_MS = 60_000;

const LOOK_MS = 100;

const NAMESPACES = ['pid', 'mount', 'ipc', 'uts'];

export function settingsOf(folder: string): ImageSettings {
  return settingsSchema.parse(JSON.parse(readFileSync(join(folder, 'image.json'), 'utf8')));
}

export class Container {
  readonly image: Image;
  readonly uid: number;
  readonly #id: string;
  readonly #folder: string;
  readonly #settings: ImageSettings;
  readonly #process: ChildProcess;
  output = '';

  constructor({ folder, image, args, env, uid, mounts }: ContainerOptions) {
    this.#id = `octoporty-${image}-${process.pid}`;
    this.image = image;
    this.uid = uid;
    this.#folder = join(folder, image);
    this.#settings = settingsOf(this.#folder);
    const { Entrypoint, Cmd, WorkingDir, Env } = this.#settings;
    const config = {
      ociVersion: '1.0.2',
      root: { path: 'rootfs', readonly: true },
      process: {
        args: [...Entrypoint, ...Cmd, ...args],
        env: [...Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
        cwd: WorkingDir,
        user: { uid, gid: uid },
        noNewPrivileges: true,
        capabilities: {},
      },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
        { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] },
        ...Object.entries(mounts).map(([destination, { from, isWritable }]) => ({
          destination,
          type: 'bind',
          source: from,
          options: ['bind', isWritable ? 'rw' : 'ro'],
        })),
      ],
      // On the network of this machine, where the origin is.
      linux: { namespaces: NAMESPACES.map((type) => ({ type })) },
    };
    // runc mounts on what is there: as a daemon does, whoever starts it makes the places.
    for (const place of Object.keys(mounts)) makePlace(join(this.#folder, 'rootfs'), place);
    writeFileSync(join(this.#folder, 'config.json'), JSON.stringify(config));
    this.#process = spawn('runc', [...this.#runc(), 'run', '--bundle', this.#folder, this.#id], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    }
  }

  /** By the image's own check. */
  async healthy(): Promise<void> {
    const [, ...test] = this.#settings.Healthcheck.Test;
    await this.until('healthy', () => Promise.resolve(this.run(test).status === 0));
  }

  /** Throws with what the service wrote when it never becomes so. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (!(await isSo())) {
      if (this.#process.exitCode !== null || performance.now() > deadline) {
        throw new Error(`The ${this.image} does not become ${what}:\n${this.output}`);
      }
      await delay(LOOK_MS);
    }
  }

  /** One more program inside, as the same user. */
  run(args: readonly string[]): { status: number | null; output: string } {
    const ran = spawnSync('runc', [...this.#runc(), 'exec', this.#id, ...args], { encoding: 'utf8' });
    return { status: ran.status, output: ran.stdout + ran.stderr };
  }

  /** SIGTERM to its first process. Answers the exit code and how long it took. */
  async stop(): Promise<{ code: number | null; ms: number }> {
    const startedMs = performance.now();
    const exited = once(this.#process, 'exit');
    execFileSync('runc', [...this.#runc(), 'kill', this.#id, 'TERM']);
    await exited;
    return { code: this.#process.exitCode, ms: performance.now() - startedMs };
  }

  /** However far it has come. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    spawnSync('runc', [...this.#runc(), 'delete', '--force', this.#id]);
    await exited;
  }

  #runc(): string[] {
    return ['--root', join(this.#folder, 'runc')];
  }
}

function makePlace(rootfs: string, place: string): void {
  const path = join(rootfs, place);
  if (place.startsWith('/etc/') || place.startsWith('/run/secrets/')) {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, '', { flag: 'a' });
  } else mkdirSync(path, { recursive: true });
}
