// What is read in documents: their commands, and what tests are told of them.

import { expect, test } from 'vitest';
import { commandsOf, DocumentError } from './markdown.ts';

test('commands are the blocks of sh, each with its line', () => {
  const page = ['# A', '```sh', 'one', 'two', '```', '', '```json', '{}', '```', '```sh', 'three', '```'];
  expect(commandsOf(page.join('\n'))).toEqual([
    { line: 2, code: 'one\ntwo', shell: 'here', until: null, shows: null },
    { line: 10, code: 'three', shell: 'here', until: null, shows: null },
  ]);
});

test('a comment before a block tells where it runs, and what it shows', () => {
  const page = '<!-- test: shell="home" until="It is online" -->\n```sh\nagent\n```';
  expect(commandsOf(page)).toEqual([
    { line: 2, code: 'agent', shell: 'home', until: 'It is online', shows: null },
  ]);
});

test.each([
  '    npm start',
  '\tnpm start',
  '1. First:\n\n       sudo deploy/setup.sh',
  '```text\nexport A=b\nnpx octoporty agent\n```',
  '> ```text\n> $ npm start\n> ```',
  '  - in a list:\n\n      ```bash\n      x\n      ```',
  '```\nx\n```',
  '```bash\nx\n```',
  '```sh\nx',
  '<!-- test: skip="yes" -->\n```sh\nx\n```',
])('what no test would see is refused: %j', (page) => {
  expect(() => commandsOf(page)).toThrow(DocumentError);
});
