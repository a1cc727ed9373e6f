// Owns the tests of what the mappings' routes refuse of a request: every field by its name, with a word that helps.

import { expect, test } from 'vitest';
import { DRAFT, openMappings, PATH, problemIn } from './mappingStage.ts';

const NAME = 'Enter a name of 1 to 100 characters.';
const PORT = 'Enter a port: a whole number from 1 to 65535.';
const DOMAIN = 'Enter the public name, such as app.example.com.';
const HOST = 'Enter the host of the service, such as localhost or 192.168.1.10.';
const HOST_NAME = 'Enter a host name or an IP address, such as nas.local or 192.168.1.10.';
const HEADER =
  'Enter preserve, target, or a fixed host name such as app.example.com or app.example.com:8080.';
const FLAG = 'Enter true or false.';
const WILDCARD = 'Wildcard names are not supported: enter one full name, such as app.example.com.';
const ADDRESS = 'Enter a name, not an IP address: visitors are told apart by name.';
const SPACES = 'Enter the name without spaces or control characters.';
const SCHEME = 'Enter the name alone, without a scheme such as https://.';
const USER = 'Enter the name alone, without a user name or password.';
const BARE = 'Enter the name alone, without a path.';
const OWN_FIELD = 'Enter the name alone: the port has its own field.';
const TOO_LONG = 'Enter a shorter name: at most 63 characters between dots, and 253 in all.';
const BRACKETS = 'Enter an IPv6 address between the brackets, such as [fd00::10].';
const IPV4 = 'Enter the IPv4 address as four numbers from 0 to 255, such as 192.168.1.10.';

const REFUSED: readonly (readonly [field: string, values: readonly unknown[], says: string])[] = [
  ['name', ['', '   ', 'x'.repeat(101), null, 5, {}], NAME],
  ['name', ['a\nb', 'a\u0000b', 'a\u0085b', 'a\ud800b'], 'Enter the name without control characters.'],
  ['externalDomain', [null, 5, ['a.example'], '', '.', 'a..example', '-a.example', 'a_b.example'], DOMAIN],
  ['externalDomain', ['%2e', 'a%2eexample'], DOMAIN],
  ['externalDomain', ['*', '*.example.com', 'a.*.example'], WILDCARD],
  ['externalDomain', ['192.168.1.10', '0x7f.1'], ADDRESS],
  ['externalDomain', ['a example', ' a.example', 'a.example\r\nX: y', 'a\u0000.example'], SPACES],
  ['externalDomain', ['https://a.example'], SCHEME],
  ['externalDomain', ['user:word@a.example'], USER],
  ['externalDomain', ['a.example/path', 'a.example?q', 'a.example#f', 'a.example\\b'], BARE],
  ['externalDomain', ['a.example:443', '[::1]', '::1'], OWN_FIELD],
  ['externalDomain', [`${'a'.repeat(64)}.example`, `${'a.'.repeat(126)}example`], TOO_LONG],
  ['externalPort', [0, -1, 65_536, 1.5, 1e99, '443', null, true], PORT],
  ['internalHost', [null, 5, {}], HOST],
  ['internalHost', ['', '-nas', 'nas..local', 'na%73'], HOST_NAME],
  ['internalHost', ['http://nas'], SCHEME],
  ['internalHost', ['user@nas'], USER],
  ['internalHost', ['nas/path', 'nas?q', 'nas#f', 'nas\\b'], BARE],
  ['internalHost', ['nas:80', '127.0.0.1:80'], OWN_FIELD],
  ['internalHost', ['nas local', 'nas\n'], SPACES],
  ['internalHost', ['[nas]', '[127.0.0.1]', '[]'], BRACKETS],
  ['internalHost', ['127.1', '010.0.0.1', '2130706433', '0x7f000001'], IPV4],
  ['internalHost', ['a'.repeat(64)], TOO_LONG],
  ['internalPort', [0, -1, 65_536, 1.5, 1e99, '80', null, false], PORT],
  ['internalProtocol', ['ftp', 'HTTP', '', null, 1], 'Enter http or https.'],
  ['allowInvalidCertificates', ['true', 1, null], FLAG],
  ['hostHeader', [null, 5, '', 'a b', 'a.example/x', 'a\r\nX: y', '[::1]:80', '::1', 'u@a.example'], HEADER],
  ['hostHeader', ['a.example:0', 'a.example:65536'], PORT],
  ['enabled', ['false', 0, null], FLAG],
];

test.each(REFUSED.flatMap(([field, values, says]) => values.map((value) => [field, value, says] as const)))(
  '%s %j is refused by every edit, with a word',
  async (field, value, says) => {
    const { ask, has, memory } = await openMappings();
    const { id } = await has({ externalDomain: 'other.example' });
    const before = memory.snapshot();
    for (const [method, path, body] of [
      ['POST', PATH, { ...DRAFT, [field]: value }],
      ['PUT', `${PATH}/${id}`, { ...DRAFT, [field]: value }],
      ['PATCH', `${PATH}/${id}`, { [field]: value }],
    ] as const) {
      const problem = problemIn(await ask(method, path, { body }));
      expect(problem).toEqual({ status: 400, code: 'invalid', errors: [`${field}: ${says}`] });
    }
    expect(memory.snapshot()).toEqual(before);
  },
);

test.each(['POST', 'PUT'])('%s names every field that is missing and has no default', async (method) => {
  const { ask, has } = await openMappings();
  const { id } = await has();
  const answer = await ask(method, method === 'POST' ? PATH : `${PATH}/${id}`, { body: {} });
  expect(problemIn(answer)).toEqual({
    status: 400,
    code: 'invalid',
    errors: [
      `name: ${NAME}`,
      `externalDomain: ${DOMAIN}`,
      `internalHost: ${HOST}`,
      `internalPort: ${PORT}`,
      'internalProtocol: Enter http or https.',
    ],
  });
});

test('all that is wrong is told at once', async () => {
  const { ask } = await openMappings();
  const body = { ...DRAFT, externalPort: 0, internalProtocol: 'ftp', enabled: 'yes' };
  expect(problemIn(await ask('POST', PATH, { body })).errors).toEqual([
    `externalPort: ${PORT}`,
    'internalProtocol: Enter http or https.',
    `enabled: ${FLAG}`,
  ]);
});

test('nothing of what was sent is in the answer to it', async () => {
  const { ask } = await openMappings();
  const body = { ...DRAFT, externalDomain: 'secret-word.example/x', internalHost: 'secret-word:1' };
  expect((await ask('POST', PATH, { body })).text).not.toContain('secret-word');
});

const LIMIT = 'limit: Enter a whole number from 1 to 500.';
const OFFSET = 'offset: Enter a whole number from 0 on.';

test.each([
  ['limit=0', [LIMIT]],
  ['limit=501', [LIMIT]],
  ['limit=-1', [LIMIT]],
  ['limit=1.5', [LIMIT]],
  ['limit=ten', [LIMIT]],
  ['limit=', [LIMIT]],
  ['limit=1e400', [LIMIT]],
  ['offset=-1', [OFFSET]],
  ['offset=1.5', [OFFSET]],
  ['offset=x', [OFFSET]],
  ['offset=99999999999999999999', [OFFSET]],
  ['enabled=yes', [`enabled: ${FLAG}`]],
  ['enabled=', [`enabled: ${FLAG}`]],
  ['enabled=TRUE', [`enabled: ${FLAG}`]],
  [`search=${'x'.repeat(254)}`, ['search: Enter at most 253 characters.']],
  ['enabled=1&limit=0&offset=-1', [`enabled: ${FLAG}`, LIMIT, OFFSET]],
])('the list cannot be asked for with %s', async (query, errors) => {
  const { ask } = await openMappings();
  const problem = problemIn(await ask('GET', `${PATH}?${query}`));
  expect(problem).toEqual({ status: 400, code: 'invalid', errors });
});
