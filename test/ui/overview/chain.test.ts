// Owns the tests of the chain: what each situation looks like, from the visitors to the agent, and what is to be done.

import { describe, expect, test } from 'vitest';
import { describeError, type ErrorCode } from '../../../protocol/errors.ts';
import { unbroken } from '../support/unbroken.ts';
import { ONE, type Scene, at, machine, well, look, broken } from './chainScenes.ts';

/** The tunnel went at 30 s, and why. */
function offline(code: ErrorCode, state = 'waiting'): Scene {
  const scene = well();
  scene.status = {
    ...scene.status,
    state,
    since: at(50),
    attempt: 7,
    lastError: { code, message: describeError(code).says },
    tunnels: 0,
  };
  const moves: Parameters<typeof machine>[2] = [
    ['attempt.ended', 'online.lively', 'waiting', 30],
    ['dial.due', 'waiting', 'trying.dialing', 31],
    ['attempt.ended', 'trying.dialing', state, 50],
  ];
  // Without a tunnel the gateway tells of none of its machines.
  scene.machines = [machine('connection', state, moves)];
  scene.routes = new Map([[ONE, { state: 'offline' }]]);
  return scene;
}

test('when all is well every link says so, with its number and since when', () => {
  const chain = look(well());
  expect(Object.values(chain).map(({ tone }) => tone)).toEqual(Array.from({ length: 6 }, () => 'ok'));
  expect(Object.values(chain).map(({ figure }) => `${figure?.value} ${figure?.unit}`)).toEqual([
    '2.5 requests/s',
    '2/2 routes live',
    '1.2.0 version',
    unbroken('12 ms round trip'),
    '3 requests in flight',
    unbroken('0 % errors'),
  ]);
  expect(chain.tunnel.since).toBe(at(9));
  expect(broken(well())).toEqual([]);
});

test('without a Caddy its link is not used, and nothing is broken', () => {
  const scene = well();
  scene.machines = scene.machines.filter(({ machine: name }) => name !== 'reconciler');
  expect(look(scene).caddy).toMatchObject({ tone: 'off', label: 'Not used', figure: null });
  expect(broken(scene)).toEqual([]);
});

describe('without a tunnel', () => {
  test.each<[ErrorCode, keyof ReturnType<typeof look>, string, string]>([
    ['dial_failed', 'gateway', 'Unreachable', 'wss://gateway.example.com/tunnel'],
    ['dial_timeout', 'gateway', 'Unreachable', 'firewall'],
    ['not_a_gateway', 'gateway', 'Not a gateway', 'tries again by itself'],
    ['gateway_untrusted', 'gateway', 'Not trusted', 'tries again by itself'],
    ['version_mismatch', 'gateway', 'Other version', 'Update the older one'],
    ['proxy_unreachable', 'tunnel', 'Waiting', 'tries again by itself'],
    ['proxy_login_failed', 'tunnel', 'Refused', 'Restart the agent'],
    ['going_away', 'gateway', 'Restarting', 'tries again by itself'],
    ['auth_failed', 'tunnel', 'Refused', 'Restart the side that you change'],
    ['duplicate_agent', 'tunnel', 'Refused', 'tries again by itself'],
    ['peer_silent', 'tunnel', 'Waiting', 'tries again by itself'],
    ['wire_closed', 'tunnel', 'Waiting', 'tries again by itself'],
  ])('%s is to blame on the %s alone, with what to do', (code, blamed, label, advice) => {
    const scene = offline(code, describeError(code).retryable ? 'waiting' : 'rejected');
    expect(broken(scene)).toEqual([[blamed, describeError(code).says]]);
    const link = look(scene)[blamed];
    expect(link.label).toBe(label);
    expect(link.trouble?.advice).toContain(advice);
  });

  test('it is told since when, however often it was dialled since, and how often that was', () => {
    const { tunnel, gateway, visitors, caddy } = look(offline('dial_failed'));
    expect(tunnel).toMatchObject({ since: at(30), figure: { value: '7', unit: 'attempts' } });
    expect(gateway.since).toBe(at(30));
    expect(visitors).toMatchObject({ tone: 'warn', label: 'Turned away', trouble: null });
    expect(caddy).toMatchObject({ tone: 'off', label: 'Not known' });
  });

  test('what its machine has forgotten is taken from the connection log', () => {
    const scene = offline('dial_failed');
    scene.machines = [machine('connection', 'waiting', [['attempt.ended', 'trying.dialing', 'waiting', 50]])];
    scene.recent = { ...scene.recent, lastOnlineAt: at(5) };
    expect(look(scene).tunnel.since).toBe(at(5));
  });

  test('an agent that was never online says so from its start', () => {
    const scene = offline('dial_failed');
    scene.machines = [
      machine('connection', 'waiting', [
        ['start', 'offline', 'waiting', 2],
        ['dial.due', 'waiting', 'trying.dialing', 3],
        ['attempt.ended', 'trying.dialing', 'waiting', 4],
      ]),
    ];
    expect(look(scene).tunnel.since).toBe(at(2));
  });

  test('a wrong secret says which variable is to be set, and that the gateway answers', () => {
    const { gateway, tunnel } = look(offline('auth_failed', 'rejected'));
    expect(gateway).toMatchObject({ tone: 'ok', label: 'Answers' });
    expect(tunnel.trouble?.says).toContain('OCTOPORTY_AUTH_SECRET on both sides');
    expect(tunnel).toMatchObject({ tone: 'bad', label: 'Refused' });
  });
});

test('a silent gateway is told while the tunnel still stands', () => {
  const scene = well();
  scene.status = { ...scene.status, state: 'online.doubtful' };
  expect(look(scene).tunnel).toMatchObject({ tone: 'warn', label: 'Silent' });
  expect(broken(scene)).toEqual([['tunnel', expect.stringContaining('gone silent')]]);
});

test('a lost database says what still works', () => {
  const scene = well();
  scene.status = { ...scene.status, database: 'lost' };
  scene.machines = scene.machines.map((each) =>
    each.machine === 'database'
      ? machine('database', 'lost.resting', [
          ['database.failed', 'open.quiet', 'lost.resting', 33],
          ['after rest', 'lost.resting', 'lost.recovering', 34],
          ['database.failed', 'lost.recovering', 'lost.resting', 35],
        ])
      : each,
  );
  expect(look(scene).agent).toMatchObject({ tone: 'bad', label: 'Database lost', since: at(33) });
  expect(broken(scene)).toEqual([['agent', expect.stringContaining('served on')]]);
});

test('a database that opens slowly at the start is told after a moment', () => {
  const scene = offline('stopped', 'offline');
  const starting = { ...scene.status, lastError: null, database: 'starting' } as const;
  expect(broken({ ...scene, status: { ...starting, uptimeSeconds: 1 } })).toEqual([]);
  expect(broken({ ...scene, status: { ...starting, uptimeSeconds: 9 } })).toEqual([
    ['agent', expect.stringContaining('does not open')],
  ]);
});

test('the agent is up since it was started, whenever its status was told', () => {
  const { agent } = look(well());
  expect([agent.label, agent.since]).toEqual(['Up', at(0)]);
});

test('a gateway that refuses answers, and since when is not claimed', () => {
  const scene = well();
  const lastError = { code: 'auth_failed', message: 'The secrets differ.' };
  const { gateway } = look({ ...scene, status: { ...scene.status, state: 'rejected', lastError } });
  expect([gateway.label, gateway.since]).toEqual(['Answers', null]);
});
