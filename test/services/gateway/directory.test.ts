// Owns the tests of the gateway's routing table.

import { expect, test } from 'vitest';
import { Directory } from '../../../services/gateway/directory.ts';

const OLD = { agentId: 'a', epoch: 'boot', slot: 0, attempt: 1 };
const NEW = { ...OLD, attempt: 2 };
const APP = { id: 'app', externalDomain: 'app.test', externalPort: 443 };
const WEB = { id: 'web', externalDomain: 'web.test', externalPort: 443 };

test('a name whose only tunnel ends is lost, not unknown', () => {
  const directory = new Directory(null, () => 7);
  directory.apply(1, OLD, 1, [APP]);
  directory.withdraw(1);
  expect(directory.find('app.test')).toEqual({ kind: 'lost', atMs: 7 });
});

test('a name that the newer wire of its agent left out is unknown once the older wire ends', () => {
  const directory = new Directory(null, () => 7);
  directory.apply(1, OLD, 1, [APP, WEB]);
  directory.apply(2, NEW, 2, [WEB]);
  directory.withdraw(1);
  expect(directory.find('app.test')).toEqual({ kind: 'unknown' });
  expect(directory.find('web.test')).toMatchObject({ kind: 'live', sessionId: 2 });
});

test('a name that only a lagging wire of its agent left out is lost', () => {
  const directory = new Directory(null, () => 7);
  directory.apply(1, OLD, 1, [WEB]);
  directory.apply(2, NEW, 2, [WEB, APP]);
  directory.withdraw(2);
  expect(directory.find('app.test')).toEqual({ kind: 'lost', atMs: 7 });
});
