// Owns the tests of what the log says about refused names: once each, and again when it is over.

import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import type { Refusal } from '../../../machines/configSync.ts';
import { logRefusals } from '../../../services/agent/refusals.ts';

const TAKEN = 'Another agent publishes this name already.';

test('a refused name is told once with its reason, however often the level is repeated', () => {
  const { say, lines } = listen();
  say([{ id: 'a', code: 'domain_taken' }]);
  say([{ id: 'a', code: 'domain_taken' }]);
  expect(lines).toEqual([['warn', { mapping: 'a', domain: 'a.example', code: 'domain_taken' }, TAKEN]]);
});

test('a name that is published after all is told, and another reason is told anew', () => {
  const { say, lines } = listen();
  say([{ id: 'a', code: 'domain_taken' }]);
  say([]);
  expect(lines.at(-1)).toEqual([
    'info',
    { mapping: 'a', domain: 'a.example' },
    'The gateway publishes this name now.',
  ]);
  say([{ id: 'a', code: 'domain_taken' }]);
  say([{ id: 'a', code: 'domain_reserved' }]);
  expect(lines.slice(2).map(([level, { code }]) => [level, code])).toEqual([
    ['warn', 'domain_taken'],
    ['warn', 'domain_reserved'],
  ]);
});

test('of a mapping that is gone nothing is told', () => {
  const { say, lines } = listen();
  say([{ id: 'gone', code: 'domain_taken' }]);
  say([]);
  expect(lines.map(([level]) => level)).toEqual(['warn']);
});

function listen() {
  const lines: [string, { code?: unknown }, string][] = [];
  const refusals$ = new Subject<readonly Refusal[]>();
  const note = (level: string) => (fields: object, says: string) => {
    lines.push([level, fields, says]);
  };
  logRefusals(refusals$, (id) => (id === 'gone' ? undefined : `${id}.example`), {
    info: note('info'),
    warn: note('warn'),
  });
  return {
    lines,
    say: (refusals: readonly Refusal[]) => {
      refusals$.next(refusals);
    },
  };
}
