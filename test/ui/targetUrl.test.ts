// The target in one line: everything that people write, and what each part becomes.

import { expect, test } from 'vitest';
import { isAddress, parseTarget } from '../../ui/pages/mapping/targetUrl.ts';

test.each([
  ['http://nas.local:8080', 'http', 'nas.local', 8080],
  ['http://nas.local:8080/', 'http', 'nas.local', 8080],
  ['  https://nas.local ', 'https', 'nas.local', 443],
  ['HTTP://nas.local', 'http', 'nas.local', 80],
  ['nas.local:8080', 'http', 'nas.local', 8080],
  ['nas.local', 'http', 'nas.local', 80],
  ['nas.local:443', 'https', 'nas.local', 443],
  ['http://nas.local:443', 'http', 'nas.local', 443],
  ['localhost:3000', 'http', 'localhost', 3000],
  ['192.168.1.10:3000', 'http', '192.168.1.10', 3000],
  ['https://[fd00::10]:8443', 'https', '[fd00::10]', 8443],
  ['[fd00::10]', 'http', '[fd00::10]', 80],
  ['fd00::10', 'http', '[fd00::10]', 80],
  ['nas.local:', 'http', 'nas.local', 80],
  ['nas.local:99999', 'http', 'nas.local', 99999],
])('%j is understood', (text, internalProtocol, internalHost, internalPort) => {
  expect(parseTarget(text)).toEqual({ target: { internalProtocol, internalHost, internalPort } });
});

test.each([
  ['', /Enter where the service is/],
  ['   ', /Enter where the service is/],
  ['http://', /Enter where the service is/],
  [':8080', /Enter where the service is/],
  ['nas.local:eighty', /Enter where the service is/],
  ['x:y:z', /Enter where the service is/],
  ['ftp://nas.local', /begins with http/],
  ['javascript://nas.local', /begins with http/],
  ['http://admin:secret@nas.local', /without a user name/],
  ['http://nas.local/photos', /without a path/],
  ['http://nas.local?x=1', /without a path/],
])('%j is refused with what to enter instead', (text, says) => {
  expect(parseTarget(text)).toEqual({ problem: expect.stringMatching(says) });
});

test('an address needs no look-up, a name does', () => {
  expect(['192.168.1.10', '[fd00::10]', 'fd00::10'].every(isAddress)).toBe(true);
  expect(['localhost', 'nas.local', '10.example.com'].some(isAddress)).toBe(false);
});
