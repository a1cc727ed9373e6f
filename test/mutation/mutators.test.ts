// Owns the tests of the mutator itself: which changes it makes, and that a list can name them.

import { expect, test } from 'vitest';
import { apply } from './mutant.ts';
import { mutantsOf } from './mutators.ts';
import { isAccepted, parseSurvivors, rowOf } from './survivors.ts';
import { testSteps } from './testSteps.ts';

const CHART = `import { setup } from 'xstate';
const machine = setup({ types: { context: {} as { isOpen: true } } }).createMachine({
  initial: 'shut',
  states: {
    shut: { on: { knock: { guard: 'isFriend', target: 'open', actions: ['greet', 'bow'] } } },
    open: { after: { evening: 'shut' }, entry: 'light' },
  },
});
`;

function changesOf(source: string): string[] {
  return mutantsOf('a.ts', source).map(({ change }) => change);
}

test('a chart loses and swaps its targets, guards, actions and timers, one at a time', () => {
  const changes = changesOf(CHART);
  expect(changes).toEqual(
    expect.arrayContaining([
      "'shut' → 'open'",
      "guard: 'isFriend' →",
      "'isFriend' → negated('isFriend')",
      "target: 'open' →",
      "'open' → 'shut'",
      "'greet' →",
      "'bow' →",
      "actions: ['greet', 'bow'] →",
      "evening: 'shut' →",
      "entry: 'light' →",
    ]),
  );
  expect(changes.some((change) => change.includes('isOpen'))).toBe(false);
});

test('plain code changes its operators, numbers, conditions, texts and statements', () => {
  expect(
    changesOf('function f(a: 1, b: 2) {\n  if (a < b) return 20;\n  go();\n  return !a && true;\n}'),
  ).toEqual([
    'a < b → true',
    'a < b → false',
    '< → <=',
    '< → >=',
    'return 20; → ;',
    '20 → 21',
    '20 → 19',
    '20 → 10',
    '20 → 40',
    'go(); →',
    '!a && true → !a',
    '!a && true → true',
    '!a → a',
    'true → false',
  ]);
});

test('a condition that only tells the compiler which event came is flipped, not forced', () => {
  expect(changesOf("function f(event) { if (event.type !== 'a') return {}; return 0; }").slice(0, 1)).toEqual(
    ['!== → ==='],
  );
});

test('every mutant differs from its source and is valid code around the change', () => {
  const mutants = mutantsOf('a.ts', CHART);
  expect(mutants.length).toBeGreaterThan(10);
  const texts = mutants.map((mutant) => apply(mutant, CHART));
  for (const text of texts) expect(text).not.toBe(CHART);
  expect(texts[mutants.findIndex(({ change }) => change === "'greet' →")]).toContain("actions: [ 'bow']");
  expect(texts[mutants.findIndex(({ text }) => text.startsWith('negated'))]).toMatch(
    /^import \{ not as negated/,
  );
});

test('an accepted survivor is known by its code wherever the line stands, and needs a reason', () => {
  const [mutant] = mutantsOf('a.ts', 'const isOdd = a | b || `${c}`;');
  if (mutant === undefined) throw new Error('no mutant');
  const row = rowOf(mutant);
  expect(() => parseSurvivors(row)).toThrow('without a reason');
  const listed = parseSurvivors(row.replace(/\|  \|$/, '| never read |'));
  expect(listed).toHaveLength(1);
  const [moved] = mutantsOf('a.ts', '\n\n  const isOdd = a | b || `${c}`;');
  expect(moved !== undefined && isAccepted(moved, listed)).toBe(true);
  expect(isAccepted({ ...mutant, file: 'b.ts' }, listed)).toBe(false);
});

test('a change meets the tests of its own name first, the slow ones late, and a simulation last', () => {
  const tests = ['link', 'link.test', 'linkOnline.test', 'tunnel.test', 'linker.test', 'auth.test'].map(
    (name) => `test/machines/${name}.ts`,
  );
  expect(testSteps('machines/link.ts', tests.slice(1))).toEqual([
    ['test/machines/link.test.ts', 'test/machines/linkOnline.test.ts'],
    ['test/machines/linker.test.ts', 'test/machines/auth.test.ts'],
    ['test/machines/tunnel.test.ts'],
    'simulation',
  ]);
});
