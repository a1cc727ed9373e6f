// The doctor's checks on an agent's way to its gateway, its origins and its names, each verdict with what to do.

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { encodeControl } from '../../../protocol/control.ts';
import {
  examineClock,
  examineGatewayAnswer,
  examineGatewayName,
  examineGatewayPort,
  examineSecret,
} from '../../../services/agent/doctor/gateway.ts';
import { shakeHands } from '../../../services/agent/doctor/handshake.ts';
import { MAX_EXAMINED, examineOrigins } from '../../../services/agent/doctor/origins.ts';
import { examinePublicNames } from '../../../services/agent/doctor/publicNames.ts';
import { AUTHORITY, ORIGIN_KEY, SELF_SIGNED, TRUSTED } from '../../support/certificates.ts';
import { closedPort, openRawOrigin } from '../../support/rawOrigin.ts';
import { tempDir } from '../spawned.ts';

describe('the way to the gateway', () => {
  it('fails at a name that does not resolve, unless a proxy is to know it', async () => {
    const gatewayUrl = 'wss://gateway.invalid/tunnel';
    const direct = await examineGatewayName({ gatewayUrl, caFile: null, proxyUrl: null });
    expect(direct.finding).toMatchObject({
      verdict: 'failed',
      advice: expect.stringContaining('OCTOPORTY_GATEWAY_URL'),
    });
    const proxied = await examineGatewayName({ gatewayUrl, caFile: null, proxyUrl: 'http://127.0.0.1:1' });
    expect(proxied.finding.verdict).toBe('skipped');
  });

  it('fails at a port that nobody listens on', async () => {
    const finding = await examineGatewayPort(dialling(`ws://127.0.0.1:${await closedPort()}/tunnel`));
    expect(finding).toMatchObject({ verdict: 'failed', saw: expect.stringContaining('refused') });
    expect(finding.advice).toContain('start the gateway');
  });

  it.each([
    ['self-signed', SELF_SIGNED, 'OCTOPORTY_CA_FILE'],
    ['of an unknown authority', TRUSTED, 'OCTOPORTY_CA_FILE'],
  ])('fails at a certificate that is %s', async (_what, cert, advice) => {
    const port = await tlsPort(cert);
    const finding = await examineGatewayPort(dialling(`wss://127.0.0.1:${port}/tunnel`));
    expect(finding.verdict).toBe('failed');
    expect(finding.advice).toContain(advice);
  });

  it('takes a certificate of the authority that is configured, for its own name', async () => {
    const caFile = join(tempDir(), 'ca.pem');
    writeFileSync(caFile, AUTHORITY);
    const port = await tlsPort(TRUSTED);
    const good = await examineGatewayPort({ ...dialling(`wss://127.0.0.1:${port}/tunnel`), caFile });
    expect(good).toMatchObject({ verdict: 'ok', saw: expect.stringContaining('certificate is good') });
    const other = await examineGatewayPort({ ...dialling(`wss://localhost:${port}/tunnel`), caFile });
    expect(other.verdict).toBe('failed');
    expect(other.advice).toContain('as its certificate does');
  });

  it('fails where no TLS is spoken', async () => {
    const origin = await openRawOrigin({ behave: (peer) => peer.send('HTTP/1.1 400 So\r\n\r\n') });
    onTestFinished(() => origin.close());
    const finding = await examineGatewayPort(dialling(`wss://127.0.0.1:${origin.port}/tunnel`));
    expect(finding).toMatchObject({ verdict: 'failed', advice: expect.stringContaining('ws:// gateway') });
  });

  it('fails at something that is no gateway', async () => {
    const server = createServer((_request, response) => response.writeHead(404).end());
    const port = await listen(server);
    const config = dialling(`ws://127.0.0.1:${port}/tunnel`);
    const handshake = await shakeHands(config);
    const finding = examineGatewayAnswer(config.gatewayUrl, handshake);
    expect(finding).toMatchObject({ verdict: 'failed', saw: expect.stringContaining('status 404') });
    expect(examineClock(handshake).verdict).toBe('skipped');
    expect(examineSecret(handshake).verdict).toBe('skipped');
  });

  it.each([
    [-40_000, 'failed', '40 s behind'],
    [40_000, 'failed', '40 s ahead of'],
    [-20_000, 'ok', 'within 20 s'],
  ])('compares the clocks: a gateway %i ms away is %s', async (skewMs, verdict, saw) => {
    const url = await greetingGateway(Date.now() + skewMs);
    const handshake = await shakeHands(dialling(url));
    expect(examineClock(handshake)).toMatchObject({ verdict, saw: expect.stringContaining(saw) });
    expect(examineSecret(handshake)).toMatchObject({ verdict: 'failed' });
  });
});

describe('origins', () => {
  const config = { allowedTargets: [], connectTimeoutMs: 2000, uiPort: 1 };

  it('are tried out behind each mapping, and told in order', async () => {
    const origin = await openRawOrigin({ behave: (peer) => peer.send('HTTP/1.1 204 So\r\n\r\n') });
    onTestFinished(() => origin.close());
    const mappings = [await closedPort(), origin.port].map((internalPort, n) => ({
      id: `${n}1111111-1111-4111-8111-111111111111`,
      internalHost: '127.0.0.1',
      internalProtocol: 'http' as const,
      hostHeader: 'preserve',
      allowInvalidCertificates: false,
      externalDomain: `app${n}.localhost`,
      internalPort,
    }));
    const findings = await examineOrigins(mappings, config);
    expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
      ['origin of app0.localhost', 'failed'],
      ['origin of app1.localhost', 'ok'],
    ]);
  });
});

describe('public names', () => {
  const find = async (name: string): Promise<readonly string[]> => {
    if (name === 'gone.example.com') throw Object.assign(new Error('gone'), { code: 'ENOTFOUND' });
    return name === 'cdn.example.com' ? ['203.0.113.9'] : ['203.0.113.1', '203.0.113.2'];
  };

  it('lead to the gateway, elsewhere, or nowhere', async () => {
    const names = [
      'app.example.com',
      'cdn.example.com',
      'gone.example.com',
      'app.localhost',
      'app.example.com',
    ];
    const findings = await examinePublicNames(names, ['203.0.113.1'], find);
    expect(findings).toMatchObject([
      { verdict: 'ok', saw: '203.0.113.1, 203.0.113.2, as the gateway' },
      { verdict: 'ok', saw: expect.stringContaining("not the gateway's 203.0.113.1") },
      { verdict: 'failed', advice: 'create a DNS record that leads to 203.0.113.1' },
      { verdict: 'skipped' },
    ]);
  });

  it('are not compared with a gateway on this machine', async () => {
    const findings = await examinePublicNames(['app.example.com', 'gone.example.com'], ['127.0.0.1'], find);
    expect(findings).toMatchObject([
      { verdict: 'ok', saw: '203.0.113.1, 203.0.113.2' },
      { verdict: 'failed', advice: "create a DNS record that leads to the gateway's public address" },
    ]);
  });

  it('are looked up to a bound, and the rest is told', async () => {
    const names = Array.from({ length: MAX_EXAMINED + 3 }, (_, n) => `app${n}.example.com`);
    const findings = await examinePublicNames(names, [], find);
    expect(findings).toHaveLength(MAX_EXAMINED + 1);
    expect(findings.at(-1)).toMatchObject({ verdict: 'skipped', saw: '3 more names are not looked up' });
  });
});

function dialling(gatewayUrl: string) {
  return {
    gatewayUrl,
    caFile: null,
    proxyUrl: null,
    authSecrets: ['a secret for tests that is long enough'],
  };
}

async function tlsPort(cert: string): Promise<number> {
  const origin = await openRawOrigin({ tls: { key: ORIGIN_KEY, cert }, behave: () => {} });
  onTestFinished(() => origin.close());
  return origin.port;
}

/** Says hello at that time, and refuses every secret. */
async function greetingGateway(wallMs: number): Promise<string> {
  const server = createServer();
  const wires = new WebSocketServer({ server });
  wires.on('connection', (wire) => {
    wire.send(encodeControl({ type: 'hello', version: '1.2.3', nonce: 'n'.repeat(22), wallMs }));
    wire.on('message', () => {
      wire.send(encodeControl({ type: 'auth_result', ok: false, code: 'auth_failed' }));
    });
  });
  return `ws://127.0.0.1:${await listen(server)}/tunnel`;
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // A listening TCP server has no other kind of address.
  return (server.address() as AddressInfo).port;
}
