// Whether there is a Caddy that `octoporty up --caddy` can start, and what to do where there is none.

import { execFile } from 'node:child_process';
import { ConfigError, reasonOf, type Variables } from '../config/variables.ts';

/** Older ones have no stream_close_delay that works, or no mode for their admin socket. */
const OLDEST = { major: 2, minor: 8 };

/** Telling one's version needs no longer, on the slowest machine. */
const VERSION_MS = 10_000;

const HOW_TO_GET_ONE =
  'install it (https://caddyserver.com/docs/install) and put it on the PATH, or name its file with OCTOPORTY_CADDY.';

/** Resolves when the binary is a Caddy that is new enough. Rejects with ConfigError. */
export async function requireCaddy(binary: string, environment: Variables): Promise<void> {
  const text = await versionText(binary, environment);
  const [version, major, minor] = /(\d+)\.(\d+)\.\d+\S*/.exec(text) ?? [];
  // One that somebody built from sources tells none: it may well be new enough.
  if (version === undefined) return;
  const isOld =
    Number(major) < OLDEST.major || (Number(major) === OLDEST.major && Number(minor) < OLDEST.minor);
  if (!isOld) return;
  throw new ConfigError(
    `--caddy needs Caddy ${OLDEST.major}.${OLDEST.minor} or newer, and ${binary} is ${version}: ${HOW_TO_GET_ONE}`,
  );
}

function versionText(binary: string, environment: Variables): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(binary, ['version'], { env: environment, timeout: VERSION_MS }, (error, stdout) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      const problem =
        error.code === 'ENOENT'
          ? `there is no ${binary}`
          : `${binary} cannot be started (${reasonOf(error)})`;
      reject(new ConfigError(`--caddy needs Caddy, and ${problem}: ${HOW_TO_GET_ONE}`));
    });
  });
}
