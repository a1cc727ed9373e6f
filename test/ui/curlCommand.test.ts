// Owns the test of the command that sends a request again: a shell must hand curl exactly the path that came.

import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { followEntrance } from '../../ui/format/addresses.ts';
import { curlCommand } from '../../ui/pages/requests/curlCommand.ts';

const APP = { externalDomain: 'app.example.com', externalPort: 443 };

test.each([
  ['GET', '/', 'curl https://app.example.com/'],
  ['GET', '/a/b.c-d_e', 'curl https://app.example.com/a/b.c-d_e'],
  ['HEAD', '/a', 'curl --head https://app.example.com/a'],
  ['DELETE', '/a', 'curl --request DELETE https://app.example.com/a'],
  ['POST', '/a', "curl --request POST --data '' https://app.example.com/a"],
  ['GET', "/it's", String.raw`curl 'https://app.example.com/it'\''s'`],
  ['GET', '/$(reboot)`reboot`;&|"', "curl 'https://app.example.com/$(reboot)`reboot`;&|\"'"],
  ['GET', '/a/../../b', 'curl --path-as-is https://app.example.com/a/../../b'],
  ['GET', '/[1-3]{a,b}', "curl --globoff 'https://app.example.com/[1-3]{a,b}'"],
  ['GET', '/a\r\nb\u001b[2Jc d', "curl --globoff 'https://app.example.com/a%0D%0Ab%1B[2Jc%20d'"],
  ['GET', '/a#b', "curl 'https://app.example.com/a%23b'"],
  ['OPTIONS', '*', "curl --request OPTIONS --request-target '*' https://app.example.com/"],
  ["X'Y", '/', String.raw`curl --request 'X'\''Y' https://app.example.com/`],
])('%s %s', (method, path, command) => {
  expect(curlCommand({ method, path }, APP)).toBe(command);
});

test('a port other than 443 is part of the address', () => {
  const address = { externalDomain: 'app.example.com', externalPort: 8443 };
  expect(curlCommand({ method: 'GET', path: '/a' }, address)).toBe('curl https://app.example.com:8443/a');
});

test('curl is told to trust the authority of a Caddy that nobody else knows', () => {
  followEntrance({ port: 8443, rootFile: "/home/o'neil/root.crt" });
  onTestFinished(() => followEntrance(null));
  expect(curlCommand({ method: 'GET', path: '/a' }, APP)).toBe(
    String.raw`curl --cacert '/home/o'\''neil/root.crt' https://app.example.com:8443/a`,
  );
});

test('whatever strangers ask for, a shell makes one argument of it, and runs nothing', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  // Many at once: each shell takes its time to start.
  const requests = fc.array(fc.tuple(text, text), { minLength: 100, maxLength: 100 });
  fc.assert(
    fc.property(requests, (asked) => {
      const commands = asked.map(([method, rest]) =>
        curlCommand({ method: method.replaceAll('\0', ''), path: `/${rest}` }, APP),
      );
      const urls = argumentsOf(commands).map((words) => decoded(words.at(-1) ?? ''));
      expect(urls).toEqual(asked.map(([, rest]) => decoded(`https://app.example.com/${rest}`)));
    }),
    { numRuns: 3 },
  );
});

/** What a POSIX shell gives to curl, command by command. */
function argumentsOf(commands: readonly string[]): string[][] {
  const script = [`curl() { printf '%s\\0' "$#" "$@"; }`, ...commands].join('\n');
  const told = execFileSync('/bin/sh', [], { input: script, encoding: 'utf8' }).split('\0').slice(0, -1);
  const all: string[][] = [];
  while (told.length > 0) all.push(told.splice(0, Number(told.shift())));
  return all;
}

/** Characters that we write as percent codes read as what they were. */
function decoded(url: string): string {
  return url.replaceAll(/%(?:[01][\dA-F]|20|23|3F|7F|C2%[89][\dA-F]|E2%80%A[89])/g, (code) =>
    decodeURIComponent(code),
  );
}
