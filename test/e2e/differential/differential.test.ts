// Random exchanges through a real tunnel are what they are directly; and the comparison would see if they were not.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare, type Pair } from './comparison.ts';
import { conduct } from './conduct.ts';
import { told } from './counterexample.ts';
import type { Exchange } from './exchange.ts';
import { HOST } from './exchanges.ts';
import { openStage, type Stage } from './stage.ts';
import type { AnswerView, RequestView } from './views.ts';

/** `npm run differential` looks elsewhere. */
const SEED = 1;
const EXCHANGES = 150;

const framingLine = { at: 0, isCapital: false, zeros: 0 };

const EXAMPLE: Exchange = {
  request: {
    method: 'POST',
    target: '/a%2Fb?c',
    version: '1.1',
    lines: [
      ['Host', HOST],
      ['X-A', '1'],
      ['x-a', '\xe9'],
    ],
    body: { framing: 'chunked', framingLine, pieces: ['up', 'load'], trailers: [['X-Sum', '1']] },
    expectation: null,
    cuts: [],
  },
  answer: {
    status: 299,
    reason: 'Fine',
    version: '1.1',
    lines: [
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b'],
    ],
    interims: [{ status: 103, reason: 'Early Hints', lines: [['Link', '</a>']] }],
    body: { framing: 'chunked', framingLine, pieces: ['down'], trailers: [['X-Sum', '2']] },
    cuts: [],
    begins: null,
    isHeld: false,
  },
  mishap: null,
  sequel: 'behind the request',
};

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage.stop();
});

it('an exchange through the tunnel is what it is directly, but for what HTTP asks of who forwards', async () => {
  const { failure, done } = await conduct(stage, { seed: SEED, count: EXCHANGES });
  expect(failure === null ? '' : told(failure, SEED)).toBe('');
  expect(done).toBe(EXCHANGES);
});

describe('the comparison', () => {
  const requests: readonly [string, (view: RequestView) => Partial<RequestView>][] = [
    ['another method', () => ({ method: 'PUT' })],
    ['a decoded target', () => ({ target: '/a/b?c' })],
    ['lines in another order', ({ lines }) => ({ lines: lines.toReversed() })],
    ['a line more', ({ lines }) => ({ lines: [...lines, ['X-More', '']] })],
    [
      'a name in another case',
      ({ lines }) => ({ lines: lines.map(([name, value]) => [name.toLowerCase(), value]) }),
    ],
    ['obs-text as UTF-8', ({ lines }) => ({ lines: lines.map(([name, value]) => [name, utf8(value)]) })],
    ['a body that lacks a byte', ({ body }) => ({ body: body.slice(1) })],
    ['no trailers', () => ({ trailers: [] })],
    ['an upload that was cut', () => ({ ending: 'cut' })],
  ];
  it.each(requests)('sees a request with %s', async (_, change) => {
    const pair = await stage.play(EXAMPLE);
    expect(pair.verdict.problems).toEqual([]);
    const changed = pair.tunnel.requests.map((view) => ({ ...view, ...change(view) }));
    expect(problemsOf({ ...pair, tunnel: { ...pair.tunnel, requests: changed } })).not.toEqual([]);
  });

  const answers: readonly [string, (view: AnswerView) => Partial<AnswerView>][] = [
    ['another status', () => ({ status: '200' })],
    ['another reason', () => ({ reason: 'OK' })],
    ['joined lines', () => ({ lines: [['Set-Cookie', 'a, b']] })],
    ['a date that nobody gave', ({ lines }) => ({ lines: [['Date', 'today'], ...lines] })],
    ['a byte more', ({ body }) => ({ body: `${body}\0` })],
    ['other trailers', () => ({ trailers: [['X-Sum', '3']] })],
    ['no interim', () => ({ interims: [] })],
    ['a broken end', () => ({ ending: 'broken' })],
  ];
  it.each(answers)('sees an answer with %s', async (_, change) => {
    const pair = await stage.play(EXAMPLE);
    const answer = { ...pair.tunnel.answer, ...change(pair.tunnel.answer) };
    expect(problemsOf({ ...pair, tunnel: { ...pair.tunnel, answer } })).not.toEqual([]);
  });

  it('sees an answer that ends well where the origin died', async () => {
    const mishap = { kind: 'origin dies', during: 'body', at: 900, by: 'fin', isPatient: true } as const;
    const pair = await stage.play({ ...EXAMPLE, mishap, sequel: 'never' });
    expect(pair.verdict.problems).toEqual([]);
    const answer: AnswerView = { ...pair.tunnel.answer, ending: 'clean' };
    expect(problemsOf({ ...pair, tunnel: { ...pair.tunnel, answer } })).toEqual([
      expect.stringContaining('ending of the answer'),
    ]);
  });

  it('sees an answer that ends well where a reset may have erased it', async () => {
    const mishap = { kind: 'origin dies', during: 'body', at: 0, by: 'reset', isPatient: false } as const;
    const pair = await stage.play({ ...EXAMPLE, mishap, sequel: 'never' });
    expect(pair.verdict.problems).toEqual([]);
    const answer: AnswerView = { ...pair.tunnel.answer, ending: 'clean' };
    expect(problemsOf({ ...pair, tunnel: { ...pair.tunnel, answer } })).not.toEqual([]);
  });

  it('sees a connection that does not go on against its word', async () => {
    const pair = await stage.play(EXAMPLE);
    expect(pair.tunnel.sequel).toBe('served');
    expect(problemsOf({ ...pair, tunnel: { ...pair.tunnel, sequel: 'lost' } })).not.toEqual([]);
  });
});

function problemsOf(pair: Pair): readonly string[] {
  return compare(pair).problems;
}

function utf8(value: string): string {
  return Buffer.from(value).toString('latin1');
}
