// Owns the tests of following the certificates of published names, with a Caddy, name servers and a port 80 that the test plays.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createActors } from '../../../services/actors.ts';
import { createBus } from '../../../services/bus.ts';
import { systemClock } from '../../../services/clock.ts';
import { CertificateBook } from '../../../services/gateway/certificateBook.ts';
import type { Probed } from '../../../services/gateway/certificateProbe.ts';
import { startCertificateWatch } from '../../../services/gateway/certificateWatch.ts';
import type { NameFinding } from '../../../services/gateway/nameCheck.ts';
import { RouteBook, type DesiredRoute, type RouteStanding } from '../../../services/gateway/routeBook.ts';
import { MAX_WIRE_MAPPINGS } from '../../../protocol/limits.ts';
import { until } from '../../support/rig.ts';
import { tempDir } from '../spawned.ts';

/** A minute passes in a quarter of a second: a test that is held up for less takes two lines for one attempt. */
const HURRY = 250;
const clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() * HURRY,
  setTimer: (delayMs: number, callback: () => void) => systemClock.setTimer(delayMs / HURRY, callback),
};

const APPLIED: RouteStanding = { state: 'applied', reason: '' };
const PENDING: RouteStanding = { state: 'pending', reason: '' };
const TAKEN: RouteStanding = { state: 'conflict', reason: 'Taken.' };
const ISSUED: Probed = { kind: 'issued', expiresAtMs: Date.UTC(2027, 0, 1), isLate: false };
const HERE: NameFinding = { kind: 'here', addresses: ['192.0.2.1'], ownAddresses: ['192.0.2.1'], caa: null };
const NO_ADDRESS: NameFinding = { ...HERE, kind: 'none', addresses: [] };

function routeOf(domain: string): DesiredRoute {
  return { owner: 'a', id: domain, domain, port: 443 };
}

/** A watch over names that Caddy does not serve yet, and that DNS finds nothing wrong with. */
async function watching(gatewayHost: string | null = null) {
  const logFile = join(tempDir(), 'caddy.log');
  const certificates = new CertificateBook();
  const book = new RouteBook(certificates);
  const played = {
    probed: new Map<string, Probed>(),
    findings: new Map<string, NameFinding>(),
    closed: null as string | null,
  };
  const probes: string[] = [];
  const checks: string[] = [];
  const logged: string[] = [];
  const facts: string[] = [];
  const note = (fields: object, line: string) => void logged.push(`${line} ${JSON.stringify(fields)}`);
  const bus = createBus((error) => {
    throw error;
  });
  bus.on('certificate.changed', ({ domain, state }) => facts.push(`${domain} ${state}`));
  const stop = startCertificateWatch({
    actors: createActors(clock, (_, error) => {
      throw error;
    }),
    bus,
    clock,
    log: { info: note, warn: note },
    book,
    certificates,
    names: {
      check: async (domain) => {
        checks.push(domain);
        return Promise.resolve(played.findings.get(domain) ?? HERE);
      },
      close: () => {},
    },
    gatewayHost,
    caddyHost: 'caddy.test',
    logFile,
    probe: async ({ host, port, name }) => {
      probes.push(`${name} at ${host}:${port}`);
      return Promise.resolve(played.probed.get(name) ?? { kind: 'none' });
    },
    findClosed: async () => Promise.resolve(played.closed),
  });
  onTestFinished(stop);
  // From then on every line of the log is read.
  await until('the log is missed', () => logged.splice(0).length > 0);
  return {
    ...played,
    played,
    probes,
    checks,
    logged,
    facts,
    stop,
    publish: (names: Readonly<Record<string, RouteStanding>>) => {
      const standings = Object.entries(names).map(([name, standing]) => [routeOf(name), standing] as const);
      book.note(standings, new Map([[443, 8443]]));
    },
    says: (...said: object[]) => {
      const line = { logger: 'tls.obtain', msg: 'could not get certificate from issuer' };
      const lines = said.map((fields) => `${JSON.stringify({ ...line, ...fields })}\n`);
      appendFileSync(logFile, lines.join(''));
    },
    ownCertificate: () => certificates.certificateOf({ domain: 'gateway.example', port: 443 }),
    certificateOf: (name: string) => book.standingOf(routeOf(name)).certificate,
    becomes: (name: string, expected: string) =>
      until(`the certificate of ${name} is ${expected}`, () => {
        const { state, reason } = book.standingOf(routeOf(name)).certificate ?? {};
        return `${state} ${reason}`.includes(expected);
      }),
  };
}

test('a name is looked at where Caddy listens for its port, and its route waits for nothing', async () => {
  const { publish, becomes, certificateOf, probed, probes, checks, facts } = await watching();
  probed.set('app.example', ISSUED);
  publish({ 'app.example': APPLIED });
  expect(certificateOf('app.example')).toBeUndefined();
  await becomes('app.example', 'issued');
  expect(certificateOf('app.example')).toEqual({
    state: 'issued',
    reason: '',
    expiresAtMs: Date.UTC(2027, 0, 1),
  });
  expect([probes, checks, facts]).toEqual([['app.example at caddy.test:8443'], [], ['app.example issued']]);
});

test('DNS is asked about a name before its route is written, and again until it has its certificate', async () => {
  const { publish, becomes, certificateOf, findings, probed, checks, logged } = await watching();
  findings.set('app.example', NO_ADDRESS);
  publish({ 'app.example': PENDING });
  await until('DNS is asked', () => checks.length > 0);
  expect(certificateOf('app.example')).toBeUndefined();
  publish({ 'app.example': APPLIED });
  await becomes('app.example', 'failed app.example has no address in DNS');
  findings.set('app.example', HERE);
  await becomes('app.example', 'pending');
  probed.set('app.example', ISSUED);
  await becomes('app.example', 'issued');
  expect(logged.filter((line) => line.includes('published name'))).toEqual([
    expect.stringMatching(/^A published name has no certificate\. .*no address in DNS/),
    expect.stringMatching(/^A published name has its certificate now\. .*app\.example/),
  ]);
});

test('a route that is applied is looked at at once', async () => {
  const { publish, probes } = await watching();
  publish({ 'app.example': PENDING });
  await until('it was looked at often', () => probes.length >= 7);
  const before = probes.length;
  publish({ 'app.example': APPLIED });
  expect(probes.length).toBe(before + 1);
});

test('as many routes as an agent may have are applied at once without a standstill', async () => {
  const { publish, stop } = await watching();
  const all = (standing: RouteStanding) =>
    Object.fromEntries(Array.from({ length: MAX_WIRE_MAPPINGS }, (_, n) => [`app${n}.example`, standing]));
  publish(all(PENDING));
  const beganMs = performance.now();
  publish(all(APPLIED));
  const tookMs = performance.now() - beganMs;
  await stop();
  // Far less; with an event for each name it took many seconds, and tunnels are lost by that.
  expect(tookMs).toBeLessThan(2_000);
});

test('the gateway’s own name is followed too, with mappings or without, and is no mapping’s', async () => {
  const { publish, ownCertificate, probed, findings } = await watching('gateway.example');
  findings.set('gateway.example', NO_ADDRESS);
  publish({});
  await until('it has failed', () => ownCertificate()?.state === 'failed');
  probed.set('gateway.example', ISSUED);
  await until('it is issued', () => ownCertificate()?.state === 'issued');
  publish({ 'app.example': APPLIED });
  expect(ownCertificate()?.state).toBe('issued');
});

test('where nobody speaks TLS there is no certificate to tell of, and DNS is not asked', async () => {
  const { publish, becomes, probed, findings, certificateOf, probes, checks } = await watching();
  probed.set('app.example', { kind: 'plain' });
  findings.set('app.example', NO_ADDRESS);
  probed.set('later.example', ISSUED);
  publish({ 'app.example': APPLIED, 'later.example': APPLIED });
  await becomes('later.example', 'issued');
  expect([probes.length, certificateOf('app.example'), checks]).toEqual([2, undefined, []]);
});

test('a name that somebody else’s route has is not looked at, nor one that has gone', async () => {
  const { publish, probes, certificateOf, becomes, probed } = await watching();
  probed.set('gone.example', ISSUED);
  publish({ 'taken.example': TAKEN, 'gone.example': APPLIED });
  await becomes('gone.example', 'issued');
  probed.delete('gone.example');
  publish({ 'taken.example': TAKEN });
  publish({ 'taken.example': TAKEN, 'gone.example': APPLIED });
  expect(certificateOf('gone.example')).toBeUndefined();
  await becomes('gone.example', 'pending');
  expect(probes.join()).not.toContain('taken.example');
});

test('what Caddy logs of a name is told, until DNS says something else', async () => {
  const { publish, becomes, says, findings, certificateOf } = await watching();
  publish({ 'app.example': APPLIED, 'other.example': APPLIED });
  await becomes('app.example', 'pending');
  says({ identifier: 'app.example', error: 'HTTP 400 urn:ietf:params:acme:error:connection - refused' });
  await becomes('app.example', 'failed The certificate authority cannot connect to app.example');
  expect(certificateOf('other.example')?.state).toBe('pending');
  findings.set('app.example', { ...HERE, addresses: ['192.0.2.2'] });
  await becomes('app.example', 'pending');
});

test('an authority that only says it does not know us hides no better reason of the same attempt', async () => {
  const { publish, becomes, says, certificateOf } = await watching();
  publish({ 'app.example': APPLIED, 'second.example': APPLIED });
  await becomes('app.example', 'pending');
  says(
    { identifier: 'app.example', error: 'HTTP 400 urn:ietf:params:acme:error:dns - NXDOMAIN' },
    { identifier: 'app.example', error: 'no account here' },
    { identifier: 'second.example', error: 'no account here' },
  );
  await becomes('second.example', 'failed Caddy gets no certificate for second.example: no account here');
  expect(certificateOf('app.example')?.reason).toContain('cannot resolve app.example');
});

test('a certificate that Caddy logs is looked at at once', async () => {
  const { publish, becomes, probed, says, probes } = await watching();
  probed.set('app.example', ISSUED);
  publish({ 'app.example': APPLIED });
  await becomes('app.example', 'issued');
  const before = probes.length;
  says({ identifier: 'app.example', msg: 'certificate obtained successfully' });
  // Long before it would be for its renewal.
  await until('it is looked at', () => probes.length > before, 2_000);
});

test('port 80 is suspected only after a while, and a name that only its owner would vouch for never', async () => {
  const { publish, becomes, findings, played, certificateOf, probes, facts } = await watching();
  played.closed = '192.0.2.1';
  findings.set('a.local', { ...HERE, kind: 'local' });
  publish({ 'app.example': APPLIED, 'a.local': APPLIED });
  await becomes('app.example', 'failed Port 80 of 192.0.2.1 is closed');
  expect(facts.filter((fact) => fact.startsWith('app'))).toEqual([
    'app.example pending',
    'app.example failed',
  ]);
  expect(probes.filter((probe) => probe.startsWith('app')).length).toBeGreaterThan(5);
  await until(
    'the other is looked at as often',
    () => probes.filter((probe) => probe.startsWith('a.local')).length > 6,
  );
  expect(certificateOf('a.local')?.state).toBe('pending');
});

test('name servers that are silent take back nothing of what they said', async () => {
  const { publish, becomes, findings, checks, certificateOf } = await watching();
  findings.set('app.example', NO_ADDRESS);
  publish({ 'app.example': APPLIED });
  await becomes('app.example', 'failed');
  findings.set('app.example', { ...NO_ADDRESS, kind: 'unknown' });
  const before = checks.length;
  await until('they are asked again', () => checks.length > before + 1);
  expect(certificateOf('app.example')?.state).toBe('failed');
});

test('a Caddy that is away for a moment takes no certificate away', async () => {
  const { publish, becomes, probed, says, probes, certificateOf, checks } = await watching();
  probed.set('app.example', ISSUED);
  publish({ 'app.example': APPLIED });
  await becomes('app.example', 'issued');
  probed.set('app.example', { kind: 'unreachable' });
  says({ identifier: 'app.example', msg: 'certificate renewed successfully' });
  await until('it is looked at again and again', () => probes.length > 3, 2_000);
  expect([certificateOf('app.example')?.state, checks]).toEqual(['issued', []]);
});

test('after its stop nothing is looked at any more', async () => {
  const { publish, becomes, stop, probes } = await watching();
  publish({ 'app.example': APPLIED });
  await becomes('app.example', 'pending');
  await stop();
  const before = probes.length;
  let isLater = false;
  clock.setTimer(200_000, () => (isLater = true));
  await until('long enough', () => isLater);
  expect(probes.length).toBe(before);
});
