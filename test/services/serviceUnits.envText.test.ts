// Owns the tests of a service's file of settings: what we write systemd reads, and what a person has written stays.

import { assert, property, stringMatching } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOneLine, parseEnvText, withSettings } from '../../services/serviceUnits/envText.ts';

describe('a file of settings', () => {
  test('reads back as it was written, whatever the value', () => {
    assert(
      property(stringMatching(/^[^\n\r\0]*$/u), (value) => {
        const text = withSettings('', new Map([['OCTOPORTY_UI_PASSWORD', value]]));
        expect(text.split('\n')).toHaveLength(2);
        expect(parseEnvText('x', text).get('OCTOPORTY_UI_PASSWORD')?.text).toBe(value);
      }),
    );
  });

  test('escapes what systemd would take for its own', () => {
    const text = withSettings('', new Map([['A', 'a "b" \\c $d `e`']]));
    expect(text).toBe('A="a \\"b\\" \\\\c \\$d \\`e\\`"\n');
  });

  test.each([
    ['plain', 'wss://tunnel.example.com:8443/x', 'A=wss://tunnel.example.com:8443/x\n'],
    ['with a space', 'a b', 'A="a b"\n'],
    ['empty', '', 'A=\n'],
  ])('writes a value %s as %j', (_kind, value, line) => {
    expect(withSettings('', new Map([['A', value]]))).toBe(line);
  });

  test('keeps comments, order and lines that say the same in other words', () => {
    const before = "# mine\nA='x'\n\n; old\nB=1\n";
    const settings = new Map([
      ['A', 'x'],
      ['B', '2'],
      ['C', '3'],
    ]);
    expect(withSettings(before, settings)).toBe("# mine\nA='x'\n\n; old\nB=2\nC=3\n");
    expect(withSettings(before, new Map([['A', 'x']]))).toBe(before);
  });

  test('reads lines that end as in Windows, and ends them as everywhere', () => {
    const text = '# mine\r\nA=1\r\nB="x y"\r\n';
    expect([...parseEnvText('x', text)]).toEqual([
      ['A', { text: '1', line: 2 }],
      ['B', { text: 'x y', line: 3 }],
    ]);
    expect(withSettings(text, new Map([['A', '2']]))).toBe('# mine\nA=2\nB="x y"\n');
  });

  test('counts the last of a name that stands twice, as systemd does', () => {
    expect(parseEnvText('x', 'A=1\nA=2\n').get('A')).toEqual({ text: '2', line: 2 });
  });

  test.each(['A', 'export A=1', 'A="x', 'A=a"b"', String.raw`A=a\ b`, '1A=x'])(
    'refuses the line %j, which could be read in two ways, by its number',
    (line) => {
      expect(() => parseEnvText('/etc/x.env', `# first\n${line}\n`)).toThrow(
        /^\/etc\/x\.env:2: must be NAME=value/,
      );
    },
  );

  test('takes one line for a value only', () => {
    expect(['a', 'a\nb', 'a\rb', 'a\0b'].map(isOneLine)).toEqual([true, false, false, false]);
  });
});
