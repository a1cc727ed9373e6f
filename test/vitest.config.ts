// Owns how the tests run.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** It puts a module of its own in the place of one of ours, which others must not see. */
const REPLACING_A_MODULE = 'test/services/gateway/spentTunnel.test.ts';

const PROCESSES = 'test/e2e/**/*.test.ts';

/** What starts a Caddy, and is among all others too. */
const WITH_CADDY = [
  'test/e2e/caddy.test.ts',
  'test/services/gateway/{caddyClient,caddyPlanLive,caddyStatus,reconciler}.test.ts',
];

/** The same for long: a run of their own, once with each Caddy that is supported. */
const LONG_WITH_CADDY = [
  'test/e2e/{caddyPorts,caddyModel,certificates}.test.ts',
  'test/services/upCaddy.test.ts',
];

/** Short versions of long proofs: each saturates the machine by itself, or promises a time, so they run after all others. */
const PROOFS = ['test/e2e/caddyProofs.test.ts', 'test/e2e/agentMemory.test.ts', 'test/e2e/endurance.test.ts'];

/**
 * What people get, as they get it: the package, the images, each command of the documents. A run of their own, as they
 * install; one after the other, as each fills the disk and takes the usual ports.
 */
const SHIPPED = ['test/deploy/**/*.test.ts', 'test/docs/**/*.test.ts'];

/** In Chromium, for as long as all others together: a run of their own. */
const DASHBOARD = 'test/e2e/dashboard/*.test.ts';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    environment: 'node',
    pool: 'forks',
    // Two more than two cores: the end-to-end files mostly wait for the processes they started.
    maxWorkers: 4,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    projects: [
      // Loading the product anew for each file took as long as the tests.
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [PROCESSES, REPLACING_A_MODULE, ...LONG_WITH_CADDY, ...SHIPPED],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: [PROCESSES, REPLACING_A_MODULE],
          exclude: [DASHBOARD, ...LONG_WITH_CADDY, ...PROOFS],
        },
      },
      { extends: true, test: { name: 'caddy', include: [...WITH_CADDY, ...LONG_WITH_CADDY] } },
      { extends: true, test: { name: 'dashboard', include: [DASHBOARD] } },
      { extends: true, test: { name: 'ship', include: SHIPPED, fileParallelism: false } },
      { extends: true, test: { name: 'proofs', include: PROOFS, fileParallelism: false } },
    ],
  },
});
