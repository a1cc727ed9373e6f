// Owns the tests of what the log says about the tunnel: each failure once, and when it is online.

import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { logTunnel, type ToldStatus } from '../../../services/agent/tunnelLog.ts';

const REFUSED = { code: 'auth_failed', detail: '' } as const;
const DIALLED_IN_VAIN = { code: 'wire_closed', detail: 'ECONNREFUSED' } as const;

test('a refusal is told once for each time, and not again when the pause after it ends', () => {
  const { say, lines } = listen();
  say('connecting', null);
  say('rejected', REFUSED);
  say('waiting', REFUSED);
  say('connecting', REFUSED);
  say('rejected', { ...REFUSED });
  expect(lines).toEqual(['error auth_failed', 'error auth_failed']);
});

test('each dial in vain is told, and each tunnel that is online', () => {
  const { say, lines } = listen();
  say('connecting', null);
  say('waiting', DIALLED_IN_VAIN);
  say('connecting', DIALLED_IN_VAIN);
  say('waiting', { ...DIALLED_IN_VAIN });
  say('connecting', DIALLED_IN_VAIN);
  say('online.lively', null);
  expect(lines).toEqual(['warn wire_closed', 'warn wire_closed', 'info']);
});

test('a state that is told again is no news', () => {
  const { say, lines } = listen();
  say('waiting', DIALLED_IN_VAIN);
  say('waiting', { ...DIALLED_IN_VAIN });
  expect(lines).toEqual(['warn wire_closed']);
});

function listen() {
  const lines: string[] = [];
  const note = (level: string) => (fields: object) =>
    void lines.push('code' in fields ? `${level} ${String(fields.code)}` : level);
  const status$ = new Subject<ToldStatus>();
  logTunnel(status$, { debug: () => {}, info: note('info'), warn: note('warn'), error: note('error') });
  const say = (state: string, lastError: ToldStatus['lastError']) =>
    status$.next({ state, attempt: 1, lastError, gateway: { version: '1.0.0' } });
  return { lines, say };
}
