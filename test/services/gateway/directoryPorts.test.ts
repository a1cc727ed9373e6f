// Owns the tests of which names and ports may be had at all: the gateway's own, and those that are not offered.

import { describe, expect, test } from 'vitest';
import { A, B, emptyDirectory, mapped } from './directoryStage.ts';

describe('of several ports', () => {
  test('443 wins, else the lowest', () => {
    const { apply, serving } = emptyDirectory();
    const ports = [9_000, 80, 8_443];
    apply(
      1,
      A,
      1,
      ports.map((port) => mapped('a', 'app', port)),
    );
    expect(serving('app')).toEqual([1, 'a app 80']);
    apply(2, B, 1, [mapped('b', 'app', 443)]);
    expect(serving('app')).toEqual([2, 'b app 443']);
  });

  test('the next best serves when the best one goes', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app', 8_443)]);
    apply(2, B, 1, [mapped('b', 'app')]);
    expect([withdraw(2), serving('app')]).toEqual([[], [1, 'a app 8443']]);
  });
});

describe('the gateway’s own name', () => {
  const own = () => emptyDirectory({ gatewayHost: 'GW.test' });
  const reserved = { id: 'a gw 443', code: 'domain_reserved' };

  test('is refused to every agent, with what is allowed in force beside it', () => {
    const { directory, apply, serving } = own();
    expect(apply(1, A, 1, [mapped('a', 'gw'), mapped('a', 'app')])).toEqual([
      { sessionId: 1, revision: 1, refused: [reserved] },
    ]);
    expect([serving('gw'), directory.isOwned('gw.test'), serving('app')]).toEqual([
      'unknown',
      false,
      [1, 'a app 443'],
    ]);
  });

  test('is not lost either when that agent goes: others still have to dial it', () => {
    const { directory, apply, withdraw } = own();
    apply(1, A, 1, [mapped('a', 'gw')]);
    withdraw(1);
    expect(directory.isOwned('gw.test')).toBe(false);
  });
});

describe('where the port is told', () => {
  test('only the mapping of that port serves', () => {
    const { apply, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app', 8_443)]);
    expect([serving('app', 443), serving('app', 8_443), serving('app', 80)]).toEqual([
      [1, 'a app 443'],
      [2, 'b app 8443'],
      'unknown',
    ]);
  });

  test('a name is lost on its own port, whoever serves it on another', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app', 8_443)]);
    withdraw(1);
    expect([serving('app', 443), serving('app', 8_443), serving('app')]).toEqual([
      'lost',
      [2, 'b app 8443'],
      [2, 'b app 8443'],
    ]);
  });

  test('a name that was lost on two ports is lost since the later, unless one is asked for', () => {
    const { directory, apply, withdraw, pass } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app', 8_443)]);
    withdraw(1);
    pass(100);
    withdraw(2);
    const lostAt = (port: number | null) => directory.find('app.test', port);
    expect([lostAt(443), lostAt(8_443), lostAt(null)]).toEqual([
      { kind: 'lost', atMs: 7 },
      { kind: 'lost', atMs: 107 },
      { kind: 'lost', atMs: 107 },
    ]);
  });
});

describe('a port that is not offered', () => {
  const offering = () => emptyDirectory({ offeredPorts: new Set([443, 80, 9_000]) });

  test('is refused, with the others in force', () => {
    const { apply, serving } = offering();
    const mappings = [443, 80, 9_000, 8_443].map((port) => mapped('a', 'app', port));
    expect(apply(1, A, 1, mappings)).toEqual([
      { sessionId: 1, revision: 1, refused: [{ id: 'a app 8443', code: 'port_not_offered' }] },
    ]);
    expect([serving('app', 9_000), serving('app', 8_443)]).toEqual([[1, 'a app 9000'], 'unknown']);
  });

  test('is not lost either when its agent goes', () => {
    const { directory, apply, withdraw } = offering();
    apply(1, A, 1, [mapped('a', 'app', 8_443)]);
    withdraw(1);
    expect([directory.isOwned('app.test'), directory.desiredRoutes()]).toEqual([false, []]);
  });
});

test('a name by which an agent has dialled is the gateway’s: no mapping takes it, or nobody could dial any more', () => {
  const { directory, apply } = emptyDirectory();
  directory.reserve('Dialled.test');
  directory.reserve('');
  expect(apply(1, A, 7, [mapped('a', 'dialled')])[0].refused).toMatchObject([{ code: 'domain_reserved' }]);
});
