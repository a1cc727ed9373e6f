// Owns the tests of the mappings of a configuration file: what they publish, and which of them are refused.

import { describe, expect, it } from 'vitest';
import { mapsOf } from '../../services/config/mapFlag.ts';
import { parse } from './configTextStage.ts';
import { refusal } from './refusal.ts';

describe('mappings of a configuration file', () => {
  const file = parse('mappings:\n  a.com: http://127.0.0.1:1\n  B.com: https+insecure://nas');

  it('publish as --map does, which wins for the same name', () => {
    const hosts = (flags: readonly string[]) =>
      mapsOf(flags, file).map(({ externalDomain, internalHost }) => `${externalDomain} ${internalHost}`);
    expect(hosts([])).toEqual(['a.com 127.0.0.1', 'b.com nas']);
    expect(hosts(['b.com=http://other', 'c.com=http://new'])).toEqual([
      'a.com 127.0.0.1',
      'b.com other',
      'c.com new',
    ]);
  });

  it('are not looked at where --map wins, as a variable that is overruled is not', () => {
    const wrong = parse('mappings:\n  A.com.: ftp://x\n  b.com: http://y');
    expect(mapsOf(['a.com=http://x'], wrong).map(({ externalDomain }) => externalDomain)).toEqual([
      'b.com',
      'a.com',
    ]);
  });

  it.each([
    ['a.com: ftp://x', /^octoporty\.yaml:2: mappings a\.com: the target must be like http:/],
    ['"*.a.com": http://x', /^octoporty\.yaml:2: mappings "\*\.a\.com": Wildcard names/],
    [
      'a.com: http://x\n  A.com: http://y',
      /^octoporty\.yaml:3: mappings names a\.com twice, first at octoporty\.yaml:2: keep one of them \("a\.com" and "A\.com" are the same name to visitors\)\.$/,
    ],
    [
      'a.com: http://x\n  a.com: http://y',
      /^octoporty\.yaml:3: mappings names a\.com twice, first at octoporty\.yaml:2: keep one of them\.$/,
    ],
    ['joe:hunter2@a.com: http://x', /^octoporty\.yaml:2: mappings: Enter the name alone(?!.*hunter2)/],
    [
      'a.com: http://joe:hunter2@x',
      /^octoporty\.yaml:2: mappings a\.com: .*no user name or password(?!.*hunter2)/,
    ],
  ])('are refused by their line: %j', (text, words) => {
    expect(refusal(() => mapsOf([], parse(`mappings:\n  ${text}`)))).toMatch(words);
  });
});
