// Owns the tests of the process's life: order of start and stop, signals, exit codes, and its last line.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Lifecycle } from '../../services/lifecycle.ts';
import { ON_TERMINAL, run } from './spawned.ts';

const FIXTURE = 'test/services/serve.fixture.ts';

describe('a process', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'stops its parts in reverse on %s and exits 0',
    async (signal) => {
      const process = run(FIXTURE, ['quick'], ON_TERMINAL);
      await process.printed(/ready/);
      process.kill(signal);
      const { code, stdout, stderr } = await process.ended;
      expect(stdout.trim().split('\n')).toEqual([
        'first started',
        'second started',
        'ready',
        'second stopping',
        'first stopping',
      ]);
      expect([code, stderr]).toEqual([0, '']);
    },
  );

  it('goes on after SIGHUP when it has no terminal, as under nohup', async () => {
    const process = run(FIXTURE, ['slow']);
    await process.printed(/ready/);
    process.kill('SIGHUP');
    process.kill('SIGTERM');
    await process.printed(/second stopping/);
    // The second signal that counts, not the third.
    process.kill('SIGINT');
    expect((await process.ended).code).toBe(130);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at once on a second signal: %s is %i', async (signal, expected) => {
    const process = run(FIXTURE, ['slow']);
    await process.printed(/ready/);
    process.kill('SIGTERM');
    await process.printed(/second stopping/);
    process.kill(signal);
    expect((await process.ended).code).toBe(expected);
  });

  it('stops what has started when the signal comes during the start', async () => {
    const process = run(FIXTURE, ['endless']);
    await process.printed(/second started/);
    process.kill('SIGTERM');
    const { code, stdout } = await process.ended;
    expect(stdout).toMatch(/second stopping\nfirst stopping\n$/);
    expect(code).toBe(0);
  });

  it('names the port that is taken and its variable, stops what has started, and exits 1', async () => {
    const port = await takenPort();
    const { code, stdout, stderr } = await run(FIXTURE, ['quick', String(port)]).ended;
    expect(stderr).toBe(`Port ${port} is taken: stop what uses it, or choose another with THE_PORT.\n`);
    expect(stdout).toMatch(/first stopping\n$/);
    expect(code).toBe(1);
  });

  it('logs an error that nobody caught whole, and ends with one line and 1', async () => {
    const { code, stdout, stderr } = await run(FIXTURE, ['surprise']).ended;
    expect(stdout).toMatch(/"stack":"Error: out of the blue/);
    expect([code, stderr]).toEqual([1, 'Unexpected error: out of the blue\n']);
  });

  it('ends with one line and 1 when nobody catches an error before there is a log', async () => {
    const { code, stderr } = await run(FIXTURE, ['early']).ended;
    expect([code, stderr]).toEqual([1, 'Unexpected error: out of the blue\n']);
  });
});

describe('a lifecycle', () => {
  it('stops the rest when one part fails to stop, and tells the failure', async () => {
    const stopped: string[] = [];
    const lifecycle = new Lifecycle();
    await lifecycle.start(async () => ({ stop: async () => void stopped.push('first') }));
    await lifecycle.start(async () => ({ stop: () => Promise.reject(new Error('stuck')) }));
    await expect(lifecycle.stop()).rejects.toThrow('stuck');
    expect(stopped).toEqual(['first']);
  });

  it('stops a part at once that started after the end', async () => {
    const stopped: string[] = [];
    const lifecycle = new Lifecycle();
    const late = Promise.withResolvers<{ stop: () => Promise<void> }>();
    const starting = lifecycle.start(() => late.promise);
    await lifecycle.stop();
    late.resolve({ stop: async () => void stopped.push('late') });
    await expect(starting).rejects.toThrow('stopped while it started');
    expect(stopped).toEqual(['late']);
  });
});

/** A port of loopback that something listens on. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
