// Owns the tests of `--map NAME=URL`: what it takes, and what it says of the rest without a login in it.

import { describe, expect, it } from 'vitest';
import { parseMapFlags } from '../../services/config/mapFlag.ts';
import { refusal } from './refusal.ts';

/** How an error ends that is about a target with a login. */
const LOGIN =
  /^--map app: the target must be like http:\/\/127\.0\.0\.1:3000 \(.* and no user name or password: visitors log in themselves\)\.$/;

describe('--map', () => {
  it('names a public name and its origin', () => {
    expect(parseMapFlags(['App.Localhost=http://127.0.0.1:3000'])).toEqual([
      {
        externalDomain: 'app.localhost',
        internalProtocol: 'http',
        internalHost: '127.0.0.1',
        internalPort: 3000,
        allowInvalidCertificates: false,
      },
    ]);
  });

  it('checks certificates unless told not to, and knows the usual ports and IPv6', () => {
    const [nas, box, six] = parseMapFlags([
      'a.com=https://nas.local',
      'b.com=https+insecure://box/',
      'c.com=http://[fd00::1]',
    ]);
    expect(nas).toMatchObject({
      internalProtocol: 'https',
      internalPort: 443,
      allowInvalidCertificates: false,
    });
    expect(box).toMatchObject({
      internalProtocol: 'https',
      internalHost: 'box',
      allowInvalidCertificates: true,
    });
    expect(six).toMatchObject({ internalHost: 'fd00::1', internalPort: 80 });
  });

  it.each([
    ['app.localhost', /^--map must be NAME=URL/],
    ['*.localhost=http://a', /^--map "\*\.localhost": Wildcard names/],
    ['a.com=3000', /^--map a\.com: the target must be like http:/],
    ['a.com=ftp://x', /^--map a\.com: the target must be like http:/],
    ['a.com=http://x/path', /^--map a\.com: the target must be like http:/],
    ['a.com=http://u:p@x', /^--map a\.com: the target must be like http:/],
    ['a.com=http://x:99999', /^--map a\.com: the target's port/],
    ['a.com=http://127.1', /^--map a\.com: Enter the IPv4 address as four numbers/],
  ])('refuses %s', (flag, words) => {
    expect(refusal(() => parseMapFlags([flag]))).toMatch(words);
  });

  it.each([
    ['http://joe:hunter2@x', /^--map must be NAME=URL, such as app\.localhost=http:\/\/127\.0\.0\.1:3000\.$/],
    ['http://joe:hunter=2@x', /^--map must be NAME=URL, such as [^,]*\.$/],
    ['joe:hunter2@x=http://y', /^--map must be NAME=URL, such as [^,]*\.$/],
    ['joe:hunter2=http://y@z', /^--map must be NAME=URL, such as [^,]*\.$/],
    ['joe@x=http://y', /^--map must be NAME=URL/],
    ['app=http://joe:hunter=2@h', LOGIN],
    ['app=http://joe:hunter2@h', LOGIN],
    ['app=http:joe:hunter2@h', LOGIN],
    ['app=joe:hunter2@h', LOGIN],
    ['app=http://joe:hun@ter2@h:80', LOGIN],
  ])('shows nothing of a login: %s', (flag, words) => {
    const line = refusal(() => parseMapFlags([flag]));
    expect(line).toMatch(words);
    expect(line).not.toMatch(/joe|hunter|ter2/);
  });

  it('takes a target to its end, whatever signs it has', () => {
    expect(refusal(() => parseMapFlags(['a.com=http://x?a=b']))).toMatch(
      /no path\), not "http:\/\/x\?a=b"\.$/,
    );
    expect(refusal(() => parseMapFlags(['http://a.com=http://x']))).toMatch(
      /^--map "http:\/\/a\.com": Enter the name alone, without a scheme/,
    );
    expect(refusal(() => parseMapFlags(['=http://x']))).toMatch(/^--map "": Enter the public name/);
  });

  it('refuses one name twice', () => {
    expect(refusal(() => parseMapFlags(['a.com=http://x', 'A.com=http://y']))).toBe(
      '--map names a.com twice: keep one of them ("a.com" and "A.com" are the same name to visitors).',
    );
  });
});
