// Owns the tests of the configuration file: what it says, what is wrong in it, and who wins over it.

import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonProblem } from '../../services/config/jsonSyntax.ts';
import { readConfigFile, whole } from '../../services/config/configFile.ts';
import { parseConfigText } from '../../services/config/configText.ts';
import { mapsOf } from '../../services/config/mapFlag.ts';
import { keyOf } from '../../services/config/names.ts';
import { ALL_SETTINGS } from '../../services/config/settings.ts';
import type { Variables } from '../../services/config/variables.ts';
import { loadAgentConfig, loadGatewayConfig } from '../../services/config.ts';
import { refusal } from './refusal.ts';
import { tempDir } from './spawned.ts';

const SECRET = 'a'.repeat(32);
const OWN = 0o600;
const OPEN = 0o644;

const VALUE_HERE =
  'a value must stand here: text in double quotes, a number, true, false, null, a list or an object.';
const NO_VALUE =
  'this is no value: text stands in double quotes, names too; beside it there are numbers, true, false and null.';

describe('a configuration file', () => {
  it('sets what the variables set, by their names', () => {
    const file = `
authSecret: ${SECRET}
listenPort: 5001          # a number
headTimeout: 90s
allowInsecure: true
trustedProxies: [10.0.0.0/8, "fd00::/8"]
externalPorts:
  - 8443
  - 9000
caddyAdminUrl: http://10.0.0.2:2019
gatewayHost: Tunnel.Example.com`;
    expect(gateway(file)).toMatchObject({
      authSecrets: [SECRET],
      listenPort: 5001,
      headTimeoutMs: 90_000,
      trustedProxies: ['10.0.0.0/8', 'fd00::/8'],
      gatewayHost: 'tunnel.example.com',
      caddy: { adminUrl: 'http://10.0.0.2:2019', externalPorts: new Set([443, 80, 8443, 9000]) },
    });
  });

  it('may be JSON, with tabs', () => {
    const file = `{\n\t"authSecret": "${SECRET}",\n\t"listenPort": 5001,\n\t"externalPorts": [1,\n\t2]\n}`;
    expect(gateway(file, 'octoporty.json').listenPort).toBe(5001);
  });

  it('takes every setting of either service, and leaves out what is the other one’s', () => {
    const both = `authSecret: ${SECRET}\nlistenPort: 1\nuiPort: nonsense\nmappings: {a.com: http://x}`;
    expect(gateway(both).listenPort).toBe(1);
    for (const name of Object.keys(ALL_SETTINGS)) expect(problems(`${keyOf(name)}: x`, OWN)).toEqual([]);
  });

  it('keeps the zeros of a secret that is all digits', () => {
    const digits = `00${'1234567890'.repeat(3)}`;
    expect(gateway(`authSecret: ${digits}`).authSecrets).toEqual([digits]);
    expect(gateway(`authSecret: 0x${digits}`).authSecrets).toEqual([`0x${digits}`]);
  });

  it('takes an empty value as one that is not set, and an empty list of proxies as nobody', () => {
    const empty = gateway(`authSecret: ${SECRET}\nlistenPort:\nstatusToken: ""\nheadTimeout: null`);
    expect(empty).toMatchObject({ listenPort: 5000, statusToken: null, headTimeoutMs: 60_000 });
    expect(gateway(`authSecret: ${SECRET}\ntrustedProxies: []`).trustedProxies).toEqual([]);
    for (const nothing of ['', '# nothing yet\n', '---\n', '{}', 'null'])
      expect(whole(parse(nothing))?.values.size).toBe(0);
  });

  it('may say a value once and mean it twice', () => {
    expect(gateway(`authSecret: &s ${SECRET}\nstatusToken: *s`).statusToken).toBe(SECRET);
  });

  it('is overruled by the environment, and that by flags; it overrules defaults', () => {
    const file = parse('listenPort: 1\nheadTimeout: 1s\nrouteLease: 1h');
    const environment = {
      OCTOPORTY_AUTH_SECRET: SECRET,
      OCTOPORTY_LISTEN_PORT: '2',
      OCTOPORTY_HEAD_TIMEOUT: '2s',
    };
    const flags = { OCTOPORTY_LISTEN_PORT: '3' };
    const defaults = { OCTOPORTY_ROUTE_LEASE: '9h', OCTOPORTY_LISTEN_HOST: '127.0.0.1' };
    expect(loadGatewayConfig({ flags, environment, file, defaults })).toMatchObject({
      listenPort: 3,
      headTimeoutMs: 2000,
      routeLeaseMs: 3_600_000,
      listenHost: '127.0.0.1',
    });
  });

  it('may have a byte order mark and any line ends', () => {
    expect(gateway(`\uFEFFauthSecret: ${SECRET}\r\nlistenPort: 5001\r\n`).listenPort).toBe(5001);
  });

  it('means its paths from its own folder', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'secret'), `${SECRET}\n`);
    const text = `authSecretFile: secret\ncaddyLog: logs/caddy.log\ncaddyAdminUrl: unix:/x\ngatewayHost: t.example`;
    const config = gateway(text, join(dir, 'octoporty.yaml'));
    expect(config.authSecrets).toEqual([SECRET]);
    expect(config.caddy?.logFile).toBe(join(dir, 'logs', 'caddy.log'));
    const values = parse(
      'caddy: caddy-2.11\ndataDir: ../d\ncaFile: /abs/ca.pem',
      OWN,
      '/etc/o/octoporty.yml',
    ).values;
    expect([...values.values()].map(({ text: path }) => path)).toEqual([
      'caddy-2.11',
      '/etc/d',
      '/abs/ca.pem',
    ]);
  });
});

describe('what is wrong in a configuration file', () => {
  it.each([
    ['listnPort: 1', 'octoporty.yaml:1: there is no setting "listnPort": did you mean "listenPort"?'],
    ['\nlisten-port: 1', 'octoporty.yaml:2: there is no setting "listen-port": did you mean "listenPort"?'],
    [
      'OCTOPORTY_UI_PORT: 1',
      'octoporty.yaml:1: there is no setting "OCTOPORTY_UI_PORT": did you mean "uiPort"?',
    ],
    [
      'authSecret=hunter2-hunter2: x',
      'octoporty.yaml:1: there is no setting "authSecret=…": did you mean "authSecret"?',
    ],
    ['mapings: {}', 'octoporty.yaml:1: there is no setting "mapings": did you mean "mappings"?'],
    ['__proto__: 1', /^octoporty\.yaml:1: there is no setting "__proto__": did you mean/],
    ['42: 1', 'octoporty.yaml:1: there is no setting "42": "octoporty config --help" lists them.'],
    ['[a]: 1', 'octoporty.yaml:1: there is no setting "": "octoporty config --help" lists them.'],
    [`${'k'.repeat(1100)}: 1`, /^octoporty\.yaml:1:1: The : indicator must be at most 1024 chars/],
    ['listenPort: [1, 2]', 'octoporty.yaml:1: listenPort must be one value.'],
    ['listenPort: {a: 1}', 'octoporty.yaml:1: listenPort must be one value.'],
    ['externalPorts: [[1]]', 'octoporty.yaml:1: externalPorts must be a list of values.'],
    ['mappings: [a]', /^octoporty\.yaml:1: mappings must be like "app\.example\.com: http/],
    ['mappings:\n  a.com: [x]', /^octoporty\.yaml:2: mappings "a\.com" must be a URL/],
    [
      'listenPort',
      'octoporty.yaml:1: there must be settings, such as "listenPort: 5000" with a space behind the colon.',
    ],
    [
      '- listenPort',
      'octoporty.yaml:1: there must be settings, such as "listenPort: 5000" with a space behind the colon.',
    ],
    ['a: 1\nlistenPort: [', /^octoporty\.yaml:2:14: a bracket that opens is not closed/],
    [
      'listenPort: 1\nlistenPort: 2',
      'octoporty.yaml:2:1: "listenPort" stands in line 1 already: keep one of them.',
    ],
    [
      '{authSecret:hunter2}',
      'octoporty.yaml:1: there is no setting "authSecret:…": a value stands behind a colon and a space.',
    ],
    [
      'listenPort: 1\nauthSecret:hunter2',
      'octoporty.yaml:2:1: each line must be like "listenPort: 5000", with a colon and a space.',
    ],
    [
      'listenPort: 1\nOCTOPORTY_UI_PORT=2',
      'octoporty.yaml:2:1: each line must be like "listenPort: 5000", with a colon and a space.',
    ],
    ['mappings:\n\ta.com: http://x', 'octoporty.yaml:2:1: a tab begins this line: begin it with spaces.'],
    ['agentName: "attic', 'octoporty.yaml:1:18: a quote that opens is not closed.'],
    [
      'agentName: attic: b',
      'octoporty.yaml:1:12: a second ": " in a value needs quotes around it; a line below it must not begin further right.',
    ],
    ['agentName: @attic', 'octoporty.yaml:1:12: a value that begins with this sign must stand in quotes.'],
    [
      "agentName: 'it's'",
      'octoporty.yaml:1:16: nothing can follow here: put the value in quotes, or take out what is too much.',
    ],
    [
      'mappings:\n  a.com: http://x\n b.com: http://y',
      'octoporty.yaml:3:1: this line begins further left or right than those that belong to it.',
    ],
    [
      'dataDir: "C:\\data"',
      String.raw`octoporty.yaml:1:13: a backslash in double quotes begins an escape: write \\, or take single quotes.`,
    ],
    ['uiAllowedHosts: *.local', 'octoporty.yaml:1: uiAllowedHosts begins with "*": put the value in quotes.'],
    ['l\0i\0s\0', 'octoporty.yaml:1:2: there is a NUL in the file, as in UTF-16: save it as UTF-8.'],
    ['listenPort: *nowhere', 'octoporty.yaml:1: listenPort begins with "*": put the value in quotes.'],
    ['listenPort: !port 5', 'octoporty.yaml:1:13: a value that begins with "!" must stand in quotes.'],
    ['a: 1\n---\nb: 1', 'octoporty.yaml:2:1: a second document begins here: a file holds one.'],
  ])('%j is told by its line', (text, line) => {
    expect(problems(text, OWN)[0]).toEqual(typeof line === 'string' ? line : expect.stringMatching(line));
  });

  it('is told where a value is wrong, and names the key', () => {
    const load = (text: string) => refusal(() => gateway(`authSecret: ${SECRET}\n${text}`));
    expect(load('listenPort: x')).toBe(
      'octoporty.yaml:2: listenPort must be a port from 0 to 65535, not "x".',
    );
    expect(load('\nheadTimeout: 60')).toMatch(/^octoporty\.yaml:3: headTimeout must be a time such as/);
    expect(load('caddyAdminUrl: ftp://x\ngatewayHost: a.example')).toMatch(
      /^octoporty\.yaml:2: caddyAdminUrl must be like/,
    );
    expect(refusal(() => gateway('authSecret: short'))).toMatch(/^octoporty\.yaml:1: authSecret has 5 bytes/);
    const agent = `authSecret: ${SECRET}\nuiPassword: x\ngatewayUrl: wss://x`;
    expect(
      refusal(() => loadAgentConfig({ environment: {}, file: parse(`${agent}\ncaFile: /no/ca.pem`) })),
    ).toBe('octoporty.yaml:4: caFile: cannot read /no/ca.pem (ENOENT).');
  });

  it('is told when a secret is there twice', () => {
    expect(refusal(() => gateway(`authSecret: ${SECRET}\nauthSecretFile: x`))).toBe(
      'Set octoporty.yaml:2: authSecretFile or authSecret, not both.',
    );
  });

  it('never repeats a secret', () => {
    for (const text of [
      `authSecret: hunter2\n]hunter2: x`,
      `authSecret: "hunter2`,
      'authSecret: hunter2: hunter2',
      'authSecret: @hunter2',
      'authSecret: !hunter2 x',
      'authSecret: |hunter2',
      `statusToken: hunter2\n}hunter2`,
    ]) {
      expect(problems(text, OPEN)).not.toEqual([]);
      expect(problems(text, OPEN).join()).not.toContain('hunter2');
    }
  });
});

describe('a JSON file', () => {
  it.each([
    [
      '{\n  "listenPort": 1,\n}',
      '2:18: there is a comma behind the last entry, which JSON does not allow: take it out.',
    ],
    [
      '{"externalPorts": [1, 2, ]}',
      '1:24: there is a comma behind the last entry, which JSON does not allow: take it out.',
    ],
    ['{"a": 1,, "b": 2}', '1:9: a name must stand here in double quotes, such as "listenPort".'],
    ['{"a": [,]}', `1:8: ${VALUE_HERE}`],
    ...['// why\n{}', '/* why */ {}', '# why\n{}'].map((text) => [text, comment('1:1')]),
    ['{\n  "a": 1, // why\n  "b": 2\n}', comment('2:11')],
    ['{"a": 1 # why\n}', comment('1:9')],
    ['{} // why', comment('1:4')],
    [
      '{\n  "listenPort": 1,\n  "listenPort": 2\n}',
      '3:3: "listenPort" stands in line 2 already: keep one of them.',
    ],
    ['{"uiPort": 1, "uiPort": 2}', '1:15: "uiPort" stands in this line already: keep one of them.'],
    ['{\n  "a": 1\n  "b": 2\n}', '3:3: a comma is missing before this.'],
    ['{"a": [1 2]}', '1:10: a comma is missing before this.'],
    ['{"a": 1', '1:8: the file ends here, and a } is missing.'],
    ['{"a": [1', '1:9: the file ends here, and a ] is missing.'],
    ['{"a": 1}}', '1:9: this stands behind the end: a JSON file holds one {…} and nothing else.'],
    ['{"a" 1}', '1:6: a colon is missing between the name and its value.'],
    ['{"a": }', `1:7: ${VALUE_HERE}`],
    ['{"a":', `1:6: ${VALUE_HERE}`],
    ...['{a: 1}', "{'a': 1}"].map((text) => [text, `1:2: ${NO_VALUE}`]),
    ['{1: 1}', '1:2: a name must stand here in double quotes, such as "listenPort".'],
    ...['+1', '.5', 'True', 'nul', 'hunter2', "'hunter2'"].map((value) => [
      `{"a": ${value}}`,
      `1:7: ${NO_VALUE}`,
    ]),
    ['{"a": 01}', '1:8: a comma is missing before this.'],
    ['{"a": 0x10}', `1:8: ${NO_VALUE}`],
    ...['1.', '1e'].map((value) => [
      `{"a": ${value}}`,
      '1:7: this number breaks off: write it like 5000 or -1.5.',
    ]),
    ['{"a": "hunter2\n}', '1:7: this quote has no second one in its line to close it.'],
    ['{"a": "hunter2', '1:7: this quote has no second one in its line to close it.'],
    [
      String.raw`{"a": "C:\data"}`,
      String.raw`1:7: in this text a backslash begins an escape: write \\ for the backslash itself.`,
    ],
    [String.raw`{"a": "\u12"}`, String.raw`1:7: in this text \u is not followed by four digits from 0 to f.`],
    ...['\t', '\u0007'].map((sign) => [
      `{"a": "x${sign}y"}`,
      String.raw`1:7: in this text there is a tab or another control character: write \t for a tab.`,
    ]),
    ['{"a": 1\0}', '1:8: there is a NUL in the file, as in UTF-16: save it as UTF-8.'],
    ['listenPort: 1', `1:1: ${NO_VALUE}`],
  ])('is told what JSON it is not: %j', (text = '', line) => {
    expect(problems(text, OWN, 'octoporty.json')[0]).toBe(`octoporty.json:${line}`);
    expect(problems(text, OWN, 'octoporty.json').join()).not.toContain('hunter2');
  });

  it.each(['octoporty.json', 'octoporty.yaml'])('is no file of brackets alone: %s', (path) => {
    const [problem] = problems('['.repeat(20_000), OWN, path);
    expect(problem).toMatch(/^octoporty\.\w+:1:\d+: no configuration is nested as deep as this\.$/);
  });

  it('may be what RFC 8259 allows, with a byte order mark, tabs and any line ends, and may say nothing', () => {
    const text =
      '\uFEFF\r\n{\t"listenPort":\r1 , "headTimeout" : "1s", "agentName": "\\u00e9\\/\\\\\\n", "externalPorts":[ ],\n"uiPort":-0.5e+3,"dataDir":null}\r\n';
    expect(problems(text, OWN, 'octoporty.json')).toEqual([]);
    expect(parse(text, OWN, 'octoporty.json').values.get('OCTOPORTY_AGENT_NAME')?.text).toBe('é/\\\n');
    for (const nothing of ['', ' \r\n\t', '\uFEFF', '{}'])
      expect(problems(nothing, OWN, 'octoporty.json')).toEqual([]);
  });

  it('reads any value as JSON itself does', () => {
    const values = fc.record({ agentName: fc.string({ unit: 'binary' }), listenPort: fc.integer() });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2, '\t'), (value, indent) => {
        const read = parse(JSON.stringify(value, null, indent), OWN, 'octoporty.json');
        expect(read.problems).toEqual([]);
        expect(read.values.get('OCTOPORTY_AGENT_NAME')?.text).toBe(value.agentName);
        expect(read.values.get('OCTOPORTY_LISTEN_PORT')?.text).toBe(String(value.listenPort));
      }),
    );
  });

  it('is refused with one piece less exactly where JSON refuses it', () => {
    const whole = '{"a": [1, "b\\n", {"c": true}], "d": -1.5e3}';
    for (const at of whole.split('').keys()) {
      const text = whole.slice(0, at) + whole.slice(at + 1);
      expect([text, jsonProblem(text) === null]).toEqual([text, isJson(text)]);
    }
  });
});

describe('secrets in a configuration file', () => {
  it('are refused where group or others may read it', () => {
    for (const mode of [0o640, 0o644, 0o604, 0o666])
      expect(problems(`uiPassword: hunter2`, mode)).toEqual([
        expect.stringMatching(
          /^octoporty\.yaml:1: uiPassword is a secret, and others may read this file \(mode 06\d\d\): run "chmod 600 octoporty\.yaml", or .*uiPasswordFile\.$/,
        ),
      ]);
    for (const mode of [0o600, 0o400, 0o700]) expect(problems(`uiPassword: hunter2`, mode)).toEqual([]);
  });

  it('are not its paths of secrets, nor a database without a password', () => {
    expect(problems('authSecretFile: x\nuiPassword:\nconnectionString: sqlite:/x', OPEN)).toEqual([]);
    expect(problems('connectionString: mssql://sa:hunter2@db/x', OPEN)).toHaveLength(1);
  });
});

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

describe('the configuration file that is read', () => {
  it('is the one that is named, as it is on the disk', async () => {
    const path = join(tempDir(), 'own.yaml');
    writeFileSync(path, 'uiPassword: hunter2');
    chmodSync(path, OPEN);
    const read = await readConfigFile({ path, label: '--config' });
    expect(read?.path).toBe(path);
    expect(refusal(() => whole(read))).toMatch(/uiPassword is a secret/);
    chmodSync(path, OWN);
    expect(whole(await readConfigFile({ path, label: '--config' }))?.values.size).toBe(1);
  });

  it('must be text', async () => {
    const path = join(tempDir(), 'own.yaml');
    writeFileSync(path, Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    expect(await refusalOf(path)).toBe(`--config: ${path} is not plain text: save it as UTF-8.`);
  });

  it('must be there when it is named', async () => {
    expect(await refusalOf('/no/such.yaml')).toBe('--config: cannot read /no/such.yaml (ENOENT).');
    expect(await refusalOf('')).toBe('--config names no file: give its path.');
  });

  it('must be a file, of a size that a configuration has', async () => {
    const folder = tempDir();
    const large = join(folder, 'large.yaml');
    writeFileSync(large, '#'.repeat(2 * 1024 * 1024 + 1));
    expect(await refusalOf(large)).toBe(
      `--config: ${large} is larger than 2 MiB, which no configuration is.`,
    );
    expect(await refusalOf(folder)).toBe(`--config: ${folder} is no file.`);
    const nowhere = join(folder, 'octoporty.yaml');
    symlinkSync('nothing', nowhere);
    expect(await refusalOf(nowhere)).toContain('ENOENT');
  });

  it('is none where there is none of the usual ones', async () => {
    expect(await readConfigFile(null)).toBeNull();
  });
});

async function refusalOf(path: string): Promise<string> {
  const read = await readConfigFile({ path, label: '--config' }).catch((error: unknown) => error);
  return refusal(() => {
    throw read;
  });
}

function parse(text: string, mode = OWN, path = 'octoporty.yaml') {
  return parseConfigText(path, text, mode);
}

function comment(at: string): string {
  return `${at}: JSON has no comments: take it out, or write the file as YAML (octoporty.yaml).`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function problems(text: string, mode: number, path?: string): string[] {
  return parse(text, mode, path).problems.map(({ says }) => says);
}

function gateway(text: string, path = 'octoporty.yaml', environment: Variables = {}) {
  return loadGatewayConfig({ environment, file: whole(parse(text, OWN, path)) });
}
