// Owns the tests of the way through a proxy, against proxies that say what we like.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { ProxyError, connectThrough, type ProxyTarget } from '../../../services/agent/proxyTunnel.ts';
import { closedPort, openRawOrigin } from '../../support/rawOrigin.ts';

const TARGET = { host: 'tunnel.example.com', port: 443 };

it('asks for the target as it is, shows its login, and passes the first bytes on', async () => {
  const proxy = await openRawOrigin();
  onTestFinished(() => proxy.close());
  const connected = connect(`http://me:p%40w@127.0.0.1:${proxy.port}`, { host: 'fd00::5', port: 8443 });
  const peer = await proxy.accept();
  const head = await peer.head();
  expect(head).toMatch(/^CONNECT \[fd00::5\]:8443 HTTP\/1\.1\r\n/);
  expect(head).toContain('Host: [fd00::5]:8443\r\n');
  expect(head).toContain(`Proxy-Authorization: Basic ${Buffer.from('me:p@w').toString('base64')}\r\n`);
  peer.send('HTTP/1.1 200 Connection established\r\n\r\nfirst');
  const socket = await connected;
  const [first] = await once(socket, 'data');
  expect(String(first)).toBe('first');
  socket.destroy();
});

it('takes a login as it is written where its escapes are none', async () => {
  const proxy = await openRawOrigin();
  onTestFinished(() => proxy.close());
  const connected = connect(`http://me:50%25%@127.0.0.1:${proxy.port}`, TARGET);
  const peer = await proxy.accept();
  expect(await peer.head()).toContain(`Basic ${Buffer.from('me:50%25%').toString('base64')}\r\n`);
  peer.send('HTTP/1.1 200 So\r\n\r\n');
  (await connected).destroy();
});

it('shows no login that nobody gave', async () => {
  const proxy = await openRawOrigin();
  onTestFinished(() => proxy.close());
  const connected = connect(`http://127.0.0.1:${proxy.port}`, TARGET);
  const peer = await proxy.accept();
  expect(await peer.head()).not.toContain('Proxy-Authorization');
  peer.send('HTTP/1.1 200 So\r\n\r\n');
  (await connected).destroy();
});

it.each([
  ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'proxy_login_failed'],
  ['HTTP/1.1 401 Unauthorized\r\n\r\n', 'proxy_login_failed'],
  ['HTTP/1.1 403 Forbidden\r\n\r\n', 'proxy_refused'],
  ['HTTP/1.1 302 Found\r\nLocation: http://portal\r\n\r\n', 'proxy_refused'],
  ['HTTP/1.1 502 Bad Gateway\r\n\r\n', 'dial_failed'],
  ['SSH-2.0-OpenSSH_9.2\r\n', 'proxy_unreachable'],
  ['', 'proxy_unreachable'],
])('tells what a proxy means by %j', async (answer, code) => {
  const proxy = await openRawOrigin();
  onTestFinished(() => proxy.close());
  const refused = connect(`http://127.0.0.1:${proxy.port}`, TARGET);
  const peer = await proxy.accept();
  await peer.head();
  if (answer !== '') peer.send(answer);
  peer.end();
  await expect(refused).rejects.toMatchObject({ code });
});

it('tells of a proxy that is not there', async () => {
  await expect(connect(`http://127.0.0.1:${await closedPort()}`, TARGET)).rejects.toMatchObject({
    code: 'proxy_unreachable',
    detail: 'ECONNREFUSED',
  });
});

function connect(proxyUrl: string, target: ProxyTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connectThrough(proxyUrl, target, (error, socket) => {
      if (socket === undefined) reject(error ?? new ProxyError('internal', 'neither'));
      else resolve(socket);
    });
  });
}
