// Owns the tests of the gateway's routing table: whose name it is, whose turn comes next, and what is only lost.

import { describe, expect, test } from 'vitest';
import { A, A_AGAIN, B, HOUR_MS, mapped, refused, emptyDirectory } from './directoryStage.ts';

const C = { ...A, agentId: 'c' };

const granted = (sessionId: number, revision: number) => refused(sessionId, revision);

describe('a name', () => {
  test('leads to the session and mapping that publish it, by the revision in force', () => {
    const { directory, apply } = emptyDirectory();
    expect(apply(1, A, 4, [mapped('a', 'app')])).toEqual([granted(1, 4)]);
    const found = { kind: 'live', sessionId: 1, mappingId: 'a app 443', revision: 4 };
    expect(directory.find('app.test', null)).toEqual(found);
    apply(1, A, 5, [mapped('a', 'app')]);
    expect(directory.find('app.test', null)).toEqual({ ...found, revision: 5 });
  });

  test('that nobody ever published is unknown and nobody’s', () => {
    const { directory } = emptyDirectory();
    expect(directory.find('app.test', null)).toEqual({ kind: 'unknown' });
    expect(directory.isOwned('app.test')).toBe(false);
  });

  test('that a revision leaves out is unknown at once: its agent said so', () => {
    const { apply, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app'), mapped('a', 'web')]);
    apply(1, A, 2, [mapped('a', 'web')]);
    expect([serving('app'), serving('web')]).toEqual(['unknown', [1, 'a web 443']]);
  });

  test('may pass to another mapping of the same agent', () => {
    const { apply, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    expect(apply(1, A, 2, [{ ...mapped('a', 'app'), id: 'other' }])).toEqual([granted(1, 2)]);
    expect(serving('app')).toEqual([1, 'other']);
  });
});

describe('a name that two agents publish', () => {
  test('belongs to the first, and the other is told which of its mappings is refused', () => {
    const { apply, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    expect(apply(2, B, 9, [mapped('b', 'app'), mapped('b', 'web')])).toEqual([
      refused(2, 9, mapped('b', 'app')),
    ]);
    expect([serving('app'), serving('web')]).toEqual([
      [1, 'a app 443'],
      [2, 'b web 443'],
    ]);
  });

  test('passes to the next in line when its owner ends, who is told the whole verdict', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    const names = [mapped('b', 'app'), mapped('b', 'web')];
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, C, 1, [mapped('c', 'web')]);
    apply(3, B, 9, names);
    apply(4, C, 1, [mapped('c', 'app')]);
    expect(withdraw(1)).toEqual([refused(3, 9, mapped('b', 'web'))]);
    expect(serving('app')).toEqual([3, 'b app 443']);
    expect(withdraw(3)).toEqual([granted(4, 1)]);
    expect(serving('app')).toEqual([4, 'c app 443']);
  });

  test('passes on when a revision of its owner drops it, and waits there again if it comes back', () => {
    const { apply, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app')]);
    expect(apply(1, A, 2, [])).toEqual([granted(1, 2), granted(2, 1)]);
    expect(apply(1, A, 3, [mapped('a', 'app')])).toEqual([refused(1, 3, mapped('a', 'app'))]);
    expect(serving('app')).toEqual([2, 'b app 443']);
  });

  test('passes on when its owner moves it to another port', () => {
    const { apply } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app')]);
    expect(apply(1, A, 2, [mapped('a', 'app', 8_443)])).toEqual([granted(1, 2), granted(2, 1)]);
  });

  test('keeps its owner, and each its place in line, across revisions', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app')]);
    apply(3, C, 1, [mapped('c', 'app')]);
    expect(apply(1, A, 2, [mapped('a', 'app'), mapped('a', 'web')])).toEqual([granted(1, 2)]);
    apply(2, B, 2, [mapped('b', 'web'), mapped('b', 'app')]);
    expect(serving('app')).toEqual([1, 'a app 443']);
    expect(withdraw(1)).toEqual([granted(2, 2)]);
    expect([serving('app'), serving('web')]).toEqual([
      [2, 'b app 443'],
      [2, 'b web 443'],
    ]);
  });

  test('is no news to an owner when somebody leaves the line behind it', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app')]);
    expect([withdraw(2), serving('app')]).toEqual([[], [1, 'a app 443']]);
  });

  test('on different ports belongs to both', () => {
    const { apply, serving } = emptyDirectory();
    expect(apply(1, A, 1, [mapped('a', 'app', 8_443)])).toEqual([granted(1, 1)]);
    expect(apply(2, B, 1, [mapped('b', 'app')])).toEqual([granted(2, 1)]);
    expect(serving('app')).toEqual([2, 'b app 443']);
  });
});

describe('the wires of one agent', () => {
  test('are one owner: a newer one goes in front and is refused nothing', () => {
    const { apply, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    expect(apply(2, A_AGAIN, 1, [mapped('a', 'app')])).toEqual([granted(2, 1)]);
    expect(serving('app')).toEqual([2, 'a app 443']);
  });

  test('keep their name from others as long as one of them lives', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app')]);
    apply(3, A_AGAIN, 1, [mapped('a', 'app')]);
    expect([withdraw(1), serving('app')]).toEqual([[], [3, 'a app 443']]);
    expect([withdraw(3), serving('app')]).toEqual([[granted(2, 1)], [2, 'b app 443']]);
  });

  test('need no telling when the name goes from one of them to the other', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, A_AGAIN, 1, [mapped('a', 'app')]);
    expect([withdraw(2), serving('app')]).toEqual([[], [1, 'a app 443']]);
  });

  test('wait in line together, the newest in front', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, B, 1, [mapped('b', 'app')]);
    apply(2, A, 1, [mapped('a', 'app')]);
    apply(3, C, 1, [mapped('c', 'app')]);
    apply(4, A_AGAIN, 2, [mapped('a', 'app')]);
    expect([withdraw(1), serving('app')]).toEqual([[granted(4, 2)], [4, 'a app 443']]);
  });

  test('stay in that order when the older one repeats itself', () => {
    const { apply, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, A_AGAIN, 2, [mapped('a', 'app')]);
    apply(1, A, 2, [mapped('a', 'app')]);
    expect(serving('app')).toEqual([2, 'a app 443']);
  });

  test('are rivals of each other on the same slot only, whatever their boot', () => {
    const { directory, apply, withdraw } = emptyDirectory();
    const rebooted = { ...A, epoch: 'reboot' };
    apply(1, A, 1, []);
    apply(2, B, 1, []);
    apply(3, { ...A, slot: 1 }, 1, []);
    apply(4, rebooted, 1, []);
    expect(directory.rivalsOf(5, A_AGAIN)).toEqual([
      { sessionId: 1, identity: A },
      { sessionId: 4, identity: rebooted },
    ]);
    expect(directory.rivalsOf(1, A)).toEqual([{ sessionId: 4, identity: rebooted }]);
    withdraw(4);
    expect(directory.rivalsOf(1, A)).toEqual([]);
  });
});

describe('a name whose only tunnel ends', () => {
  test('is lost, not unknown, for a day, and owned as long', () => {
    const { directory, apply, withdraw, pass } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    withdraw(1);
    expect(directory.find('app.test', null)).toEqual({ kind: 'lost', atMs: 7 });
    pass(24 * HOUR_MS);
    expect([directory.find('app.test', null).kind, directory.isOwned('app.test')]).toEqual(['lost', true]);
    pass(1);
    expect([directory.find('app.test', null).kind, directory.isOwned('app.test')]).toEqual([
      'unknown',
      false,
    ]);
  });

  test('is not lost while another agent serves it, on whatever port', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app'), mapped('a', 'web')]);
    apply(2, B, 1, [mapped('b', 'app'), mapped('b', 'web', 8_443)]);
    withdraw(1);
    expect([serving('app'), serving('web')]).toEqual([
      [2, 'b app 443'],
      [2, 'b web 8443'],
    ]);
  });

  test('is not lost by an agent that only waited for it', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'app')]);
    withdraw(2);
    apply(1, A, 2, []);
    expect(serving('app')).toBe('unknown');
  });

  test('is free for whoever claims it first: a live claim beats a lease', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    withdraw(1);
    expect(apply(2, B, 1, [mapped('b', 'app')])).toEqual([granted(2, 1)]);
    expect(serving('app')).toEqual([2, 'b app 443']);
    expect(apply(3, A, 1, [mapped('a', 'app')])).toEqual([refused(3, 1, mapped('a', 'app'))]);
  });

  test('is unknown once its agent is back without it; what others lost stays lost', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    apply(2, B, 1, [mapped('b', 'web')]);
    withdraw(1);
    withdraw(2);
    apply(3, A_AGAIN, 2, []);
    expect([serving('app'), serving('web')]).toEqual(['unknown', 'lost']);
  });

  test('is unknown when the newer wire of its agent left it out already', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app'), mapped('a', 'web')]);
    apply(2, A_AGAIN, 2, [mapped('a', 'web')]);
    withdraw(1);
    expect([serving('app'), serving('web')]).toEqual(['unknown', [2, 'a web 443']]);
  });

  test('is lost when only a lagging wire of its agent left it out', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'web')]);
    apply(2, A_AGAIN, 2, [mapped('a', 'web'), mapped('a', 'app')]);
    withdraw(2);
    expect([serving('app'), serving('web')]).toEqual(['lost', [1, 'a web 443']]);
  });

  test('is unknown when the boot that keeps the identity left it out, whatever its revision', () => {
    const { apply, withdraw, serving } = emptyDirectory();
    apply(1, A, 5, [mapped('a', 'app'), mapped('a', 'web')]);
    apply(2, { ...A, epoch: 'restored backup' }, 3, [mapped('a', 'web')]);
    withdraw(1);
    expect([serving('app'), serving('web')]).toEqual(['unknown', [2, 'a web 443']]);
  });
});

test('a session that ends twice, or never published, changes nothing', () => {
  const { directory, apply, withdraw } = emptyDirectory();
  apply(1, A, 1, [mapped('a', 'app')]);
  withdraw(1);
  expect([withdraw(1), withdraw(2)]).toEqual([[], []]);
  expect(directory.find('app.test', null)).toEqual({ kind: 'lost', atMs: 7 });
});

test('ten thousand names are applied, revised and passed on without a stall', () => {
  const { directory, apply, withdraw, serving } = emptyDirectory();
  const names = (owner: string) => Array.from({ length: 10_000 }, (_, n) => mapped(owner, `n${n}`));
  const beganMs = performance.now();
  apply(1, A, 1, names('a'));
  const [verdict] = apply(2, B, 1, names('b'));
  expect(verdict.refused).toHaveLength(10_000);
  expect(apply(1, A, 2, names('a').slice(1))).toMatchObject([
    { sessionId: 1, refused: [] },
    { sessionId: 2, refused: { length: 9_999 } },
  ]);
  expect(withdraw(1)).toEqual([granted(2, 1)]);
  expect(serving('n9999')).toEqual([2, 'b n9999 443']);
  expect(directory.counts()).toEqual({ agents: 1, tunnels: 1, names: 10_000 });
  // Linear work is some 50 ms; quadratic work would be minutes.
  expect(performance.now() - beganMs).toBeLessThan(5_000);
});
