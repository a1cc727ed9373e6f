// The doctor's checks on a gateway, each verdict with what to do.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../../services/doctor.ts';
import { loadGatewayConfig } from '../../../services/config.ts';
import { examineCertificates } from '../../../services/gateway/doctor/certificates.ts';
import { examineCaddy } from '../../../services/gateway/doctor/caddy.ts';
import { examineRoutes } from '../../../services/gateway/doctor/routes.ts';
import { examineClock, examineGateway } from '../../../services/gateway/doctor/examineGateway.ts';
import { closedPort } from '../../support/rawOrigin.ts';
import { tempDir } from '../spawned.ts';

describe('a gateway', () => {
  it('that does not answer fails, and nothing is asked of it', async () => {
    const findings = await examineOn(await closedPort());
    expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
      ['gateway', 'failed'],
      ['agents', 'skipped'],
      ['caddy', 'skipped'],
      ['clock', 'ok'],
    ]);
    expect(findings[0]?.advice).toContain('octoporty gateway');
  });

  it.each([
    [{ version: '9.9.9', agents: 2, tunnels: 3 }, 'ok', /^2 connected, tunnels: 3; .*version 9\.9\.9/],
    [{ version: '9.9.9', agents: 0, tunnels: 0 }, 'failed', /^none is connected/],
    [{ other: 'service' }, 'failed', /not as a gateway/],
  ])('that tells %j of its agents is %s', async (status, verdict, saw) => {
    const port = await listen((_request, response) => response.end(JSON.stringify(status)));
    const agents = (await examineOn(port)).find(({ check }) => check === 'agents');
    expect(agents?.verdict).toBe(verdict);
    expect(agents?.saw).toMatch(saw);
  });
});

describe('the routes', () => {
  const conflict = (name: string) => ({ domain: `${name}.test`, port: 443, reason: `${name} is taken.` });
  const right = { state: 'right', desired: 3, applied: 3, conflicts: [], lastError: null };

  it.each([
    [right, 'ok', '3 of 3 are in Caddy'],
    [{ ...right, state: 'changing', applied: 1 }, 'ok', '1 of 3 are in Caddy, the others are on their way'],
    [
      { ...right, state: 'failing', applied: 1, lastError: 'Caddy cannot be reached.' },
      'failed',
      '1 of 3 are in Caddy: Caddy cannot be reached.',
    ],
    [{ ...right, applied: 2, conflicts: [conflict('app')] }, 'failed', '2 of 3 are in Caddy: app is taken.'],
    [
      { ...right, applied: 0, conflicts: ['a', 'a', 'b', 'c', 'd'].map(conflict) },
      'failed',
      '0 of 3 are in Caddy: a is taken. b is taken. c is taken. And 1 more.',
    ],
    [null, 'failed', 'the gateway runs without Caddy'],
    [undefined, 'failed', 'the gateway does not tell of its routes'],
  ])('that the gateway tells of as %j: %s', async (caddy, verdict, saw) => {
    const asked: (string | undefined)[] = [];
    const port = await listen((request, response) => {
      asked.push(request.url, request.headers.authorization);
      // A gateway with many sessions tells more than other answers may hold.
      response.end(JSON.stringify({ sessions: 'x'.repeat(100_000), caddy }));
    });
    const gateway = { listenHost: '127.0.0.1', listenPort: port, statusToken: 'a token' };
    expect(await examineRoutes(gateway)).toMatchObject({ check: 'routes', verdict, saw });
    expect(asked).toEqual(['/api/v1/status', 'Bearer a token']);
  });

  it('are nobody’s to know without the token, and not asked for without Caddy', async () => {
    const port = await listen((_request, response) => response.end('{"status":"ok","version":"1"}'));
    const gateway = { listenHost: '127.0.0.1', listenPort: port, statusToken: null };
    const { verdict, saw } = await examineRoutes(gateway);
    expect([verdict, saw]).toEqual(['skipped', expect.stringContaining('OCTOPORTY_STATUS_TOKEN')]);
    expect((await examineOn(port)).map(({ check }) => check)).not.toContain('routes');
    const withCaddy = await examineOn(port, `http://127.0.0.1:${await closedPort()}`);
    expect(withCaddy.find(({ check }) => check === 'routes')?.verdict).toBe('skipped');
  });
});

describe('the certificates', () => {
  const all = (issued: number, pending: number, failed: number) => ({ issued, pending, failed });
  const lacking = [{ domain: 'a.test', port: 443, reason: 'a.test has no address in DNS: create one.' }];

  it.each([
    [{ certificates: all(3, 0, 0), withoutCertificate: [] }, 'ok', /^3 of 3 are issued$/],
    [
      { certificates: all(0, 0, 0), withoutCertificate: [] },
      'ok',
      /^no published name is served by TLS yet$/,
    ],
    [{ certificates: all(1, 2, 0), withoutCertificate: [] }, 'ok', /^1 of 3 are issued; 2 are awaited: /],
    [
      { certificates: all(1, 1, 1), withoutCertificate: lacking },
      'failed',
      /^1 of 3 are issued\. a\.test has no address in DNS: create one\.$/,
    ],
    [
      { certificates: all(1, 0, 2), withoutCertificate: [...lacking, ...lacking] },
      'failed',
      /create one\. And 1 more: see the status/,
    ],
    [{ state: 'right' }, 'skipped', /does not tell/],
    [null, 'skipped', /does not tell/],
  ])('that the gateway tells of as %j are %s', async (caddy, verdict, saw) => {
    const port = await listen((request, response) => {
      const isAllowed = request.headers.authorization === 'Bearer a token';
      response.end(isAllowed ? JSON.stringify({ caddy }) : '{}');
    });
    const finding = await examineCertificates({ listenHost: '127.0.0.1', listenPort: port }, 'a token');
    expect(finding).toMatchObject({ check: 'certificates', verdict });
    expect(finding.saw).toMatch(saw);
  });
});

describe('the clock', () => {
  it('fails on a machine that woke up before this program was installed', () => {
    expect(examineClock(0)).toMatchObject({ verdict: 'failed', advice: 'set this machine by NTP' });
    expect(examineClock(Date.now()).verdict).toBe('ok');
  });
});

describe('Caddy', () => {
  it.each([
    [200, 'ok', undefined],
    [403, 'failed', 'origins'],
    [404, 'failed', 'OCTOPORTY_CADDY_ADMIN_URL'],
  ])('that answers with %i is %s', async (status, verdict, advice) => {
    const asked: (string | undefined)[] = [];
    const port = await listen((request, response) => {
      asked.push(request.url, request.headers.origin, request.headers.host);
      response.writeHead(status).end('null');
    });
    const finding = await examineCaddy(`http://127.0.0.1:${port}`);
    expect(finding.verdict).toBe(verdict);
    if (advice !== undefined) expect(finding.advice).toContain(advice);
    expect(asked).toEqual(['/config/', undefined, `127.0.0.1:${port}`]);
  });

  it('is asked over its unix socket, under a name that it takes there', async () => {
    const path = join(tempDir(), 'admin.sock');
    const asked: (string | undefined)[] = [];
    await listen((request, response) => {
      asked.push(request.headers.host);
      response.end('{}');
    }, path);
    for (const url of [`unix:${path}`, `unix://${path}`])
      expect(await examineCaddy(url)).toMatchObject({ verdict: 'ok' });
    expect(asked).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  it('that is not there fails, with what to do', async () => {
    for (const url of [`http://127.0.0.1:${await closedPort()}`, `unix:${join(tempDir(), 'none')}`]) {
      const finding = await examineCaddy(url);
      expect(finding).toMatchObject({ verdict: 'failed', advice: expect.stringContaining('start Caddy') });
      expect(finding.saw).toMatch(/ECONNREFUSED|ENOENT/);
    }
  });
});

function examineOn(port: number, caddy = ''): Promise<Finding[]> {
  const flags = {
    OCTOPORTY_GATEWAY_HOST: 'tunnel.test',
    OCTOPORTY_CADDY_ADMIN_URL: caddy,
    OCTOPORTY_AUTH_SECRET: 'a secret for tests that is long enough',
    OCTOPORTY_LISTEN_PORT: String(port),
  };
  return examineGateway(loadGatewayConfig({ flags, environment: {} }));
}

async function listen(answer: RequestListener, path?: string): Promise<number> {
  const server = createServer(answer);
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  // A TCP server's address has a port; that of a unix socket is not asked for.
  return path === undefined ? (server.address() as AddressInfo).port : 0;
}
