// Owns the tests of what is wrong in a configuration file: each thing told by its line, and secrets that others could read.

import { describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../services/config.ts';
import { SECRET } from './configStage.ts';
import { gateway, OPEN, OWN, parse, problems } from './configTextStage.ts';
import { refusal } from './refusal.ts';

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
