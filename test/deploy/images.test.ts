// The images of gateway and agent keep their promises: built on bases of this machine's making, and run.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { isExecutable, onPath, testIf } from '../support/programs.ts';

const SCRIPT = fileURLToPath(new URL('../../deploy/build-images.sh', import.meta.url));

const NEEDED = ['buildah', 'git', 'jq', 'mmdebstrap', 'npm', 'runc'];

/** Packages of Debian and of npm come from the network. */
const BUILD_MS = 20 * 60_000;

const missing = NEEDED.filter((name) => !onPath(name).some(isExecutable));

const test = testIf(
  missing.length === 0 && process.getuid?.() === 0,
  `Images are built by root, with ${NEEDED.join(', ')}; missing: ${missing.join(', ') || 'root'}.`,
);

test(
  'a visitor’s request passes through both images, run by any user with a read-only root',
  async () => {
    const child = spawn(SCRIPT, ['--base', 'rootfs'], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    // Where the time is over it goes with all that it has started, and cleans up.
    onTestFinished(() => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    });
    const [stdout, stderr, exit] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    expect(stdout.match(/^BROKEN.*$/gm) ?? [], stderr).toEqual([]);
    expect(exit, stderr).toEqual([0, null]);
    for (const what of ['a visitor reaches the origin', 'ends well by SIGTERM', 'no shell', 'size']) {
      expect(stdout).toMatch(new RegExp(`^ok .*${what}`, 'm'));
    }
  },
  BUILD_MS,
);
