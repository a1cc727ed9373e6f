// What people may enter as a mapping, and what is stored of it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseExternalDomain, parseInternalHost } from '../../protocol/hostName.ts';
import {
  MAX_MAPPINGS,
  mappingPatchSchema,
  mappingSchema,
  newMappingSchema,
  wireMappingOf,
  wireMappingSchema,
} from '../../protocol/mapping.ts';
import { MAX_TEXT_MESSAGE_BYTES } from '../../protocol/limits.ts';

const least = {
  name: 'App',
  externalDomain: 'app.example.com',
  internalHost: 'localhost',
  internalPort: 3000,
  internalProtocol: 'http',
};

const stored = {
  ...newMappingSchema.parse(least),
  id: '7a3f0c1e-5d52-4b8e-9f0a-2f6f3f1f0c11',
  createdAt: '2026-11-22T10:00:00.123Z',
  updatedAt: '2026-11-22T10:00:00.123Z',
};

const LABEL_63 = 'a'.repeat(63);
const NAME_253 = `${LABEL_63}.${LABEL_63}.${LABEL_63}.${'b'.repeat(61)}`;

describe('a public name', () => {
  it.each([
    ['app.example.com', 'app.example.com'],
    ['APP.Example.COM', 'app.example.com'],
    ['app.example.com.', 'app.example.com'],
    ['demo.localhost', 'demo.localhost'],
    ['localhost', 'localhost'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah'],
    ['１.example', '1.example'],
    ['3d.example.com', '3d.example.com'],
    ['a--b.example', 'a--b.example'],
    [`${LABEL_63}.example`, `${LABEL_63}.example`],
    [NAME_253, NAME_253],
    [`${NAME_253}.`, NAME_253],
  ])('%s is stored as %s', (text, host) => {
    expect(parseExternalDomain(text)).toEqual({ host });
  });

  it.each([
    ['', /Enter the public name/],
    ['*.example.com', /Wildcard/],
    ['app.*.com', /Wildcard/],
    ['＊.example.com', /Enter the public name/],
    ['https://app.example.com', /scheme/],
    ['app.example.com/', /path/],
    ['app.example.com\\x', /path/],
    ['app.example.com?x', /path/],
    ['app.example.com#x', /path/],
    ['app.example.com／x', /Enter the public name/],
    ['app.example.com:443', /port/],
    ['app.example.com：443', /Enter the public name/],
    ['user@app.example.com', /user name/],
    ['user＠app.example.com', /Enter the public name/],
    [' app.example.com', /spaces/],
    ['app.exa mple.com', /spaces/],
    ['app.example.com\r\nX: y', /control/],
    ['app\0.example.com', /control/],
    ['app%2eexample.com', /Enter the public name/],
    ['127.0.0.1', /not an IP address/],
    ['127.1', /not an IP address/],
    ['0x7f000001', /not an IP address/],
    ['１２７.0.0.1', /not an IP address/],
    ['[::1]', /port/],
    ['.', /Enter the public name/],
    ['.example.com', /Enter the public name/],
    ['app..com', /Enter the public name/],
    ['app.com..', /Enter the public name/],
    ['-app.com', /Enter the public name/],
    ['app-.com', /Enter the public name/],
    ['my_app.com', /Enter the public name/],
    ['a$b.com', /Enter the public name/],
    [`${LABEL_63}a.example`, /shorter/],
    [`${NAME_253}c`, /shorter/],
  ])('%j is refused with what to do', (text, problem) => {
    expect(parseExternalDomain(text)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('is stored in one form, however often it is parsed, and that form is a plain URL host', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), hostishText()), (text) => {
        const parsed = parseExternalDomain(text);
        if ('problem' in parsed) {
          expect(parsed.problem).toMatch(/^[A-Z].*\.$/);
          return;
        }
        expect(parsed.host).toMatch(/^[a-z0-9.-]{1,253}$/);
        expect(parseExternalDomain(parsed.host)).toEqual(parsed);
        const url = new URL(`https://${parsed.host}/`);
        expect([url.host, url.pathname, url.username]).toEqual([parsed.host, '/', '']);
      }),
    );
  });

  it('of ordinary form is always accepted, in any case', () => {
    fc.assert(
      fc.property(fc.domain(), (domain) => {
        fc.pre(!/^xn--|\.xn--/.test(domain));
        expect(parseExternalDomain(domain.toUpperCase())).toEqual({ host: domain.toLowerCase() });
      }),
    );
  });
});

describe('an internal host', () => {
  it.each([
    ['localhost', 'localhost'],
    ['NAS.local', 'nas.local'],
    ['nas.local.', 'nas.local'],
    ['my_service', 'my_service'],
    ['bücher.lan', 'xn--bcher-kva.lan'],
    ['192.168.1.10', '192.168.1.10'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['FD00:0:0::0010', 'fd00::10'],
    ['[FD00::10]', 'fd00::10'],
    ['::ffff:192.168.1.10', '::ffff:c0a8:10a'],
  ])('%s is stored as %s', (text, host) => {
    expect(parseInternalHost(text)).toEqual({ host });
  });

  it.each([
    ['', /Enter a host name/],
    ['http://nas', /scheme/],
    ['nas:8080', /port/],
    ['[::1]:8080', /port/],
    ['127.0.0.1:80', /port/],
    ['nas/path', /path/],
    ['user@nas', /user name/],
    ['user:pw@nas', /user name/],
    ['my nas', /spaces/],
    ['nas\n', /control/],
    ['nas%41', /Enter a host name/],
    ['fe80::1%eth0', /port/],
    ['[nas]', /IPv6 address between the brackets/],
    ['[]', /IPv6 address between the brackets/],
    ['[::1', /port/],
    ['::1]/x', /path/],
    ['[::1]/[x]', /IPv6 address between the brackets/],
    ['127.1', /four numbers/],
    ['010.0.0.1', /four numbers/],
    ['0x7f.0.0.1', /four numbers/],
    ['2130706433', /four numbers/],
    ['256.0.0.1', /Enter a host name/],
    ['*.lan', /Enter a host name/],
    ['nas..lan', /Enter a host name/],
  ])('%j is refused with what to do', (text, problem) => {
    expect(parseInternalHost(text)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('is stored in one form, however often it is parsed, and never carries more than a host', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), hostishText()), (text) => {
        const parsed = parseInternalHost(text);
        if ('problem' in parsed) {
          expect(parsed.problem).toMatch(/^[A-Z].*\.$/);
          return;
        }
        expect(parseInternalHost(parsed.host)).toEqual(parsed);
        const inUrl = parsed.host.includes(':') ? `[${parsed.host}]` : parsed.host;
        const url = new URL(`http://${inUrl}:8080/`);
        expect([url.host, url.pathname, url.username]).toEqual([`${inUrl}:8080`, '/', '']);
      }),
    );
  });
});

describe('a mapping', () => {
  it('gets the documented defaults where a new one leaves fields out', () => {
    expect(newMappingSchema.parse(least)).toEqual({
      ...least,
      externalPort: 443,
      allowInvalidCertificates: false,
      hostHeader: 'preserve',
      enabled: true,
    });
  });

  it('keeps every field a patch leaves out', () => {
    expect(mappingPatchSchema.parse({})).toEqual({});
    expect(mappingPatchSchema.parse({ externalDomain: 'NEW.example.' })).toEqual({
      externalDomain: 'new.example',
    });
  });

  it.each([
    ['preserve', 'preserve'],
    ['target', 'target'],
    ['App.Example.com', 'app.example.com'],
    ['app.example.com:8080', 'app.example.com:8080'],
    ['app.example.com:0080', 'app.example.com:80'],
    ['192.168.1.10:81', '192.168.1.10:81'],
  ])('stores the Host header %s as %s', (hostHeader, host) => {
    expect(newMappingSchema.parse({ ...least, hostHeader }).hostHeader).toBe(host);
  });

  it.each([
    '',
    'a b',
    'app:0',
    'app:65536',
    'app:',
    ':80',
    'app:80:81',
    'app\r\nX: y',
    'http://app',
    '[nas]',
    '[::1]',
    '[::1]:80',
    'fd00::a',
    '1::2:80',
  ])('refuses the Host header %j', (hostHeader) => {
    expect(problemsOf({ ...least, hostHeader })).toEqual([['hostHeader', expect.stringMatching(/^Enter/)]]);
  });

  it('takes a name of 1 to 100 characters, without the blanks around it', () => {
    expect(newMappingSchema.parse({ ...least, name: ' A ' }).name).toBe('A');
    expect(problemsOf({ ...least, name: 'n'.repeat(100) })).toEqual([]);
    expect(problemsOf({ ...least, name: 'n'.repeat(101) })).toEqual([
      ['name', 'Enter a name of 1 to 100 characters.'],
    ]);
  });

  it.each([1, 65_535])('takes %i as a port', (port) => {
    expect(problemsOf({ ...least, externalPort: port, internalPort: port })).toEqual([]);
  });

  it.each([0, 65_536, 1.5, -1, Number.NaN, Infinity, '443', null])('refuses %j as a port', (port) => {
    expect(problemsOf({ ...least, externalPort: port, internalPort: port })).toEqual([
      ['externalPort', 'Enter a port: a whole number from 1 to 65535.'],
      ['internalPort', 'Enter a port: a whole number from 1 to 65535.'],
    ]);
  });

  it('names each wrong field once, with a sentence that says what to do', () => {
    const problems = problemsOf({
      externalDomain: 1,
      externalPort: 'x',
      internalHost: {},
      internalProtocol: 'ftp',
      allowInvalidCertificates: 'no',
      hostHeader: 5,
      enabled: 1,
      name: ' ',
    });
    expect(problems.map(([field]) => field).sort()).toEqual(Object.keys(newMappingSchema.shape).sort());
    for (const [, message] of problems) expect(message).toMatch(/^Enter .*\.$/);
  });

  it.each(['http', 'https'])('leads to an origin by %s', (internalProtocol) => {
    expect(newMappingSchema.parse({ ...least, internalProtocol })).toMatchObject({ internalProtocol });
  });

  it('reads back as it was stored', () => {
    expect(mappingSchema.parse(stored)).toEqual(stored);
  });

  it.each(['\u202egnp.exe', 'a\u2066b', 'a\u200fb', 'a\u061cb', 'a\u2028b'])(
    'takes no name that shows as something else (%j), and reads back one that was stored',
    (name) => {
      const problems = newMappingSchema.safeParse({ ...least, name }).error?.issues ?? [];
      expect(problems.map(({ path, message }) => [path.join('.'), message])).toEqual([
        ['name', expect.stringMatching(/^Enter the name without .*\.$/)],
      ]);
      expect(mappingSchema.parse({ ...stored, name })).toEqual({ ...stored, name });
    },
  );

  it.each(['תמונות 1', 'صور (2)', '写真', '👩‍👩‍👧'])('takes the name %s', (name) => {
    expect(newMappingSchema.parse({ ...least, name })).toMatchObject({ name });
  });

  it('is not read back with an id or a time of another form, and what to enter is said', () => {
    const wrong = { ...stored, id: '7', createdAt: '2026-11-22T10:00:00Z', updatedAt: '22 November' };
    const problems = mappingSchema.safeParse(wrong).error?.issues ?? [];
    expect(problems.map(({ path }) => path.join('.'))).toEqual(['id', 'createdAt', 'updatedAt']);
    for (const { message } of problems) expect(message).toMatch(/^Enter .*\.$/);
  });

  it('crosses the wire as id, name and port only', () => {
    const wire = wireMappingOf(stored);
    expect(wire).toEqual({ id: stored.id, externalDomain: 'app.example.com', externalPort: 443 });
    expect(wireMappingSchema.parse({ ...stored, novel: true })).toEqual(wire);
  });

  it('fits one config message however many there are and however long their names', () => {
    const longest = { id: stored.id, externalDomain: NAME_253, externalPort: 65_535 };
    const bytes = (JSON.stringify(longest).length + 1) * MAX_MAPPINGS;
    expect(bytes).toBeLessThan(MAX_TEXT_MESSAGE_BYTES);
  });
});

function problemsOf(input: unknown): [string, string][] {
  const issues = newMappingSchema.safeParse(input).error?.issues ?? [];
  return issues.map((issue) => [issue.path.join('.'), issue.message]);
}

/** Text made of the characters that matter to URL and DNS parsers. */
function hostishText(): fc.Arbitrary<string> {
  const unit = fc.constantFrom(...Array.from('ab0-._:/\\@[]#?%* \n\0ü。＊／：\u00ad'));
  return fc.string({ unit, maxLength: 24 });
}
