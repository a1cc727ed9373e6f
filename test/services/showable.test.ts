// Owns the tests of what may be shown of a context: whatever it holds, no secret, no port and no flood comes out.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { showable } from '../../services/showable.ts';

describe('what is shown of a context', () => {
  test('is its plain data as it is', () => {
    const context = {
      code: 'going_away',
      rttMs: 1.5,
      isOld: false,
      gateway: { host: null, ports: [80, 443] },
    };
    expect(showable(context)).toEqual(context);
    expect(showable({ empty: {}, none: [] })).toEqual({ empty: {}, none: [] });
  });

  test('has no function, no instance of a class, no port and nothing that JSON cannot say', () => {
    const port = { send: () => undefined, deeper: { close: () => undefined } };
    const listed = [1, () => 2, new Map(), 3];
    expect(
      showable({ run: () => 1, at: new Date(0), port, big: 1n, mark: Symbol('x'), none: undefined, listed }),
    ).toEqual({ listed: [1, 3] });
    expect(showable({ nan: NaN, far: Infinity, zero: -0 })).toEqual({ nan: 'NaN', far: 'Infinity', zero: 0 });
  });

  test.each([
    'secret',
    'authSecrets',
    'token',
    'statusToken',
    'password',
    'PASSWORD',
    'passwd',
    'nonce',
    'agentNonce',
    'proof',
    'Authorization',
    'set-cookie',
    'api_key',
    'credentials',
    'connectionString',
  ])('has nothing under the name %s', (name) => {
    expect(showable({ kept: 1, [name]: 'x', deep: [{ kept: 2, [name]: { inner: 'x' } }] })).toEqual({
      kept: 1,
      deep: [{ kept: 2 }],
    });
  });

  test('says in words what was too long, too many or too deep', () => {
    const many = Array.from({ length: 25 }, (_, at) => at);
    expect(showable({ text: 'x'.repeat(1_000), many })).toEqual({
      text: `${'x'.repeat(200)}… (800 more characters)`,
      many: [...many.slice(0, 20), '… (5 more)'],
    });
    const wide = Object.fromEntries(Array.from({ length: 45 }, (_, at) => [`f${at}`, at]));
    expect(showable({ wide })).toMatchObject({ wide: { f39: 39, '…': '5 more' } });
    const nested = { a: { b: { c: { d: { e: { f: 1 }, g: [1, 2] } } } } };
    expect(showable(nested)).toEqual({ a: { b: { c: { d: { e: '… (1 fields)', g: '… (2 items)' } } } } });
  });

  test('has no field whose name is too long to read', () => {
    expect(showable({ kept: 1, ['n'.repeat(101)]: 2 })).toEqual({ kept: 1 });
  });

  test('never ends in half a character', () => {
    expect(showable({ text: `${'x'.repeat(199)}😀y` })).toEqual({
      text: `${'x'.repeat(199)}… (3 more characters)`,
    });
  });

  test('of a context that refers to itself ends', () => {
    const context: { at: number; self?: unknown } = { at: 1 };
    context.self = context;
    expect(JSON.stringify(showable(context)).length).toBeLessThan(200);
  });

  test.each([[null], [undefined], ['text'], [[1]], [() => 1], [new Map([['a', 1]])]])(
    'that is no object is nothing: %s',
    (context) => {
      expect(showable(context)).toEqual({});
    },
  );

  const PLANTED = 'planted-where-nobody-may-look';
  const secretName = fc
    .tuple(
      fc.string({ maxLength: 5 }),
      fc.constantFrom('secret', 'Token', 'PASSWORD', 'nonce', 'Proof', 'authorization', 'Cookie'),
      fc.string({ maxLength: 5 }),
    )
    .map((parts) => parts.join(''));

  test('is JSON, bounded, and without a secret, whatever the context holds', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      maxDepth: 6,
      maxKeys: 60,
    });
    const planted = fc
      .tuple(secretName, fc.constantFrom<unknown>(PLANTED, [PLANTED], { inner: PLANTED }), anything)
      .map(([name, secret, rest]) => ({ rest, [name]: secret, listed: [{ [name]: secret }, rest] }));
    fc.assert(
      fc.property(fc.oneof(anything, planted), (context) => {
        const shown = showable(context);
        const text = JSON.stringify(shown);
        expect(JSON.parse(text)).toEqual(shown);
        expect(text).not.toContain(PLANTED);
        expect(text.length).toBeLessThan(500 * 2_000);
      }),
      { numRuns: 1000 },
    );
  });

  test('has at most 500 values, however wide and deep the context is', () => {
    const level = (depth: number): unknown =>
      depth === 0 ? 1 : Array.from({ length: 20 }, () => level(depth - 1));
    expect(JSON.stringify(showable({ level: level(4) })).match(/1,|1\]/g)?.length).toBeLessThan(500);
    const fields = (depth: number): unknown =>
      depth === 0
        ? 1
        : Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${at}`, fields(depth - 1)]));
    expect(JSON.stringify(showable({ fields: fields(3) })).match(/:1/g)?.length).toBeLessThan(500);
  });
});
