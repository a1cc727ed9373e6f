// Owns the tests of what the directory tells: the routes that there should be, what sessions ask for, and how many there are.

import { describe, expect, test } from 'vitest';
import { A, A_AGAIN, B, HOUR_MS, mapped, emptyDirectory } from './directoryStage.ts';

describe('the routes that there should be', () => {
  const route = (owner: string, name: string, port = 443) => ({
    owner,
    id: `${owner} ${name} ${port}`,
    domain: `${name}.test`,
    port,
  });

  test('are one for each name and port that is published, its owner’s, by name and port', () => {
    const { directory, apply } = emptyDirectory({ gatewayHost: 'gw.test' });
    expect(directory.desiredRoutes()).toEqual([]);
    apply(1, A, 1, [mapped('a', 'web'), mapped('a', 'app', 8_443), mapped('a', 'app'), mapped('a', 'gw')]);
    apply(2, B, 1, [mapped('b', 'app'), mapped('b', 'all')]);
    apply(3, A_AGAIN, 1, [mapped('a', 'web')]);
    const expected = [route('b', 'all'), route('a', 'app'), route('a', 'app', 8_443), route('a', 'web')];
    expect(directory.desiredRoutes()).toEqual(expected);
  });

  test('stay for a lease when the agent goes, and go at once when it says so', () => {
    const { directory, apply, withdraw, pass } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app'), mapped('a', 'web')]);
    withdraw(1);
    expect(directory.desiredRoutes()).toEqual([route('a', 'app'), route('a', 'web')]);
    apply(2, A_AGAIN, 2, [mapped('a', 'web')]);
    expect(directory.desiredRoutes()).toEqual([route('a', 'web')]);
    withdraw(2);
    pass(24 * HOUR_MS);
    expect(directory.desiredRoutes()).toEqual([route('a', 'web')]);
    pass(1);
    expect(directory.desiredRoutes()).toEqual([]);
  });

  test('are the living’s where a lease and a live claim meet, and the leased one’s again after', () => {
    const { directory, apply, withdraw } = emptyDirectory();
    apply(1, A, 1, [mapped('a', 'app')]);
    withdraw(1);
    apply(2, B, 1, [mapped('b', 'app')]);
    expect(directory.desiredRoutes()).toEqual([route('b', 'app')]);
    apply(2, B, 2, []);
    expect(directory.desiredRoutes()).toEqual([route('a', 'app')]);
  });

  test('are those that were found, from the moment they are adopted: their visitors hear 503', () => {
    const { directory, serving, pass } = emptyDirectory();
    pass(1_000);
    directory.adopt([route('b', 'web'), route('a', 'app', 8_443)]);
    expect(directory.desiredRoutes()).toEqual([route('a', 'app', 8_443), route('b', 'web')]);
    expect([serving('app', 8_443), serving('app', 443)]).toEqual(['lost', 'unknown']);
    expect(directory.find('web.test', 443)).toEqual({ kind: 'lost', atMs: 1_007 });
    pass(HOUR_MS);
    // Once is all: by now whoever is heard says himself what is his.
    directory.adopt([route('b', 'web'), route('b', 'all')]);
    pass(23 * HOUR_MS + 1);
    expect(directory.desiredRoutes()).toEqual([]);
  });

  test('are given back by their agent when it comes: what it leaves out goes', () => {
    const { directory, apply } = emptyDirectory();
    directory.adopt([route('a', 'app'), route('a', 'web'), route('b', 'all')]);
    apply(1, A, 7, [mapped('a', 'web')]);
    expect(directory.desiredRoutes()).toEqual([route('b', 'all'), route('a', 'web')]);
  });

  test('are not adopted from an agent that has spoken and left: what it had left out stays gone', () => {
    const { directory, apply, withdraw } = emptyDirectory();
    apply(1, A, 7, [mapped('a', 'web')]);
    withdraw(1);
    directory.adopt([route('a', 'app'), route('a', 'web')]);
    expect(directory.desiredRoutes()).toEqual([route('a', 'web')]);
  });

  test('are not adopted from an agent that has spoken already, nor where none may be', () => {
    const { directory, apply } = emptyDirectory({ gatewayHost: 'gw.test', offeredPorts: new Set([443]) });
    apply(1, A, 7, [mapped('a', 'web')]);
    directory.adopt([route('a', 'app'), route('b', 'gw'), route('b', 'all', 8_443), route('b', 'web')]);
    expect([directory.desiredRoutes(), directory.isOwned('gw.test')]).toEqual([[route('a', 'web')], false]);
  });
});

test('what a session asks for is told with its owner, refused mappings included', () => {
  const { directory, apply } = emptyDirectory();
  apply(1, B, 1, [mapped('b', 'app')]);
  apply(2, A, 1, [mapped('a', 'app')]);
  expect(directory.routesOf(2)).toEqual([{ owner: 'a', id: 'a app 443', domain: 'app.test', port: 443 }]);
  expect(directory.routesOf(3)).toEqual([]);
});

test('live agents, tunnels and names are counted', () => {
  const { directory, apply, withdraw } = emptyDirectory({ gatewayHost: 'gw.test' });
  expect(directory.counts()).toEqual({ agents: 0, tunnels: 0, names: 0 });
  apply(1, A, 1, [mapped('a', 'app'), mapped('a', 'app', 8_443), mapped('a', 'gw')]);
  apply(2, A_AGAIN, 1, [mapped('a', 'app')]);
  apply(3, B, 1, [mapped('b', 'app'), mapped('b', 'web')]);
  expect(directory.counts()).toEqual({ agents: 2, tunnels: 3, names: 2 });
  for (const sessionId of [1, 2, 3]) withdraw(sessionId);
  expect(directory.counts()).toEqual({ agents: 0, tunnels: 0, names: 0 });
});
