// Owns the tests of a configuration file in JSON: what it may hold, and the words for what is no JSON.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonProblem } from '../../services/config/jsonSyntax.ts';
import { OWN, parse, problems } from './configTextStage.ts';

const VALUE_HERE =
  'a value must stand here: text in double quotes, a number, true, false, null, a list or an object.';
const NO_VALUE =
  'this is no value: text stands in double quotes, names too; beside it there are numbers, true, false and null.';

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
