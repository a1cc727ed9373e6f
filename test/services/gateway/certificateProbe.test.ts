// Owns the tests of one look at what visitors are shown by TLS.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer, createSecureContext } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { probeCertificate } from '../../../services/gateway/certificateProbe.ts';
import { EXPIRED, ORIGIN_KEY, SELF_SIGNED, TRUSTED } from '../../support/certificates.ts';
import { closedPort } from '../../support/rawOrigin.ts';

const NAME = 'origin.test';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return z.object({ port: z.number() }).parse(server.address()).port;
}

/** Shows one certificate for its name alone, as Caddy does: whoever asks for another one hears an alert. */
function showing(cert: string): Promise<number> {
  return listening(
    createTlsServer({
      SNICallback: (name, answer) =>
        name === NAME
          ? answer(null, createSecureContext({ key: ORIGIN_KEY, cert }))
          : answer(new Error('none')),
    }),
  );
}

function probe(port: number, name = NAME, signal = new AbortController().signal, nowMs = Date.now()) {
  return probeCertificate({ host: '127.0.0.1', port, name, nowMs, signal });
}

test('a certificate for the name is issued until it expires, whoever has signed it', async () => {
  const issued = { kind: 'issued', expiresAtMs: expect.any(Number), isLate: false };
  for (const cert of [TRUSTED, SELF_SIGNED]) {
    const probed = await probe(await showing(cert));
    expect(probed).toEqual(issued);
    if (probed.kind === 'issued') expect(new Date(probed.expiresAtMs).getUTCFullYear()).toBe(2120);
  }
});

test('one that is late has less than a sixth of its time left, however long that is', async () => {
  const port = await showing(TRUSTED);
  const { validFrom, validTo } = new X509Certificate(TRUSTED);
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
  const lateMs = toMs - (toMs - fromMs) / 6;
  for (const [nowMs, isLate] of [
    [lateMs - 1_000, false],
    [lateMs + 1_000, true],
  ] as const)
    expect(await probe(port, NAME, undefined, nowMs)).toMatchObject({ kind: 'issued', isLate });
});

test('one that has expired, one for another name, and an alert instead of one are none', async () => {
  expect(await probe(await showing(EXPIRED))).toEqual({ kind: 'none' });
  const forAll = await listening(createTlsServer({ key: ORIGIN_KEY, cert: TRUSTED }));
  expect(await probe(forAll, 'other.test')).toEqual({ kind: 'none' });
  const alerting = createTlsServer({ minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' });
  expect(await probe(await listening(alerting))).toEqual({ kind: 'none' });
});

test('a server that answers in plain HTTP is plain', async () => {
  expect(await probe(await listening(createHttpServer()))).toEqual({ kind: 'plain' });
});

test('nobody there, somebody who hangs up, and a look that is given up are unreachable', async () => {
  expect(await probe(await closedPort())).toEqual({ kind: 'unreachable' });
  const rude = await listening(createTcpServer((socket) => socket.destroy()));
  expect(await probe(rude)).toEqual({ kind: 'unreachable' });
  const giving = new AbortController();
  const silent = await listening(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      giving.abort();
    }),
  );
  expect(await probe(silent, NAME, giving.signal)).toEqual({ kind: 'unreachable' });
  expect(await probe(silent, NAME, giving.signal)).toEqual({ kind: 'unreachable' });
});
