// Owns the tests of relays that wait: how many may, and what the one too many hears.

import { expect, test } from 'vitest';
import { createBus } from '../../../services/bus.ts';
import { systemClock } from '../../../services/clock.ts';
import type { Found } from '../../../services/gateway/directory.ts';
import { createRelays, MAX_HELD } from '../../../services/gateway/relays.ts';
import type { Visitor } from '../../../services/gateway/visitor.ts';
import { TunnelError } from '../../../protocol/errors.ts';

test.each<Found>([
  // A gateway that has just started knows no name yet.
  { kind: 'unknown' },
  { kind: 'lost', atMs: systemClock.nowMs() },
])(
  'one request too many for a name that may come back hears 503, not that the name is unknown (%o)',
  (found) => {
    const relays = createRelays({
      clock: systemClock,
      bus: createBus((error) => {
        throw error;
      }),
      headTimeoutMs: 60_000,
      tunnels: {
        accept() {},
        find: () => found,
        open() {
          throw new TunnelError('tunnel_lost');
        },
        onChange() {},
        drain() {},
        count: 0,
      },
    });
    const failures: string[] = [];
    const visit = () => relays.serve(visitor((code) => failures.push(code)));
    for (let n = 0; n < MAX_HELD; n += 1) visit();
    expect(failures).toEqual([]);
    visit();
    expect(failures).toEqual(['tunnel_offline']);
    relays.endAll('draining');
    expect(relays.list()).toEqual([]);
  },
);

function visitor(onFailed: (code: string) => void): Visitor {
  return {
    request: {
      requestId: 'r',
      host: 'app.example',
      method: 'GET',
      target: '/',
      headers: [],
      hasBody: false,
      isUpgrade: false,
      expectsContinue: false,
      address: '192.0.2.1',
    },
    pause() {},
    resume() {},
    inform() {},
    invite() {},
    writeHead() {},
    write: () => true,
    end() {},
    fail: onFailed,
    destroy() {},
  };
}
