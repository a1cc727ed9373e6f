// Owns the tests of which requests reach the relays and in which turn, by the bytes on the wire.

import { describe, expect, it } from 'vitest';
import { exchangeRaw, valuesIn } from '../../support/rawClient.ts';
import { CHUNKED, SMUGGLED, get, openReplying, openStaged, post } from './listenerStage.ts';

describe('a request', () => {
  it('behind another on its connection is read by its own bytes', async () => {
    const { relayed, port } = await openReplying();
    const loose = get().replace('GET /', 'GET  /b');
    const { bytes } = await exchangeRaw(port, get() + loose);
    expect(bytes.match(/HTTP\/1\.1 (200|400)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(relayed).toHaveLength(1);
  });

  it.each(['GET  /', 'POST /x  HTTP/1.1'])('may hold "%s" in its body', async (text) => {
    const edge = await openReplying();
    const client = await edge.connect();
    const body = `\n${text}`;
    client.send(post(body, `Content-Length: ${body.length}`));
    expect((await client.answer()).status).toBe(200);
  });

  it('reaches the relays as sent, but for what belongs to this hop', async () => {
    const edge = await openReplying();
    const client = await edge.connect();
    client.send(
      'POST //a/%2F/../b?c?d HTTP/1.1\r\nhOST: A.Localhost:81\r\nX-Bravo: 1\r\nx-alpha: \xe9\r\nX-Bravo:\r\n' +
        'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nX-Octoporty-Error: x\r\nTE: gzip, trailers\r\n' +
        'Content-Length: 0\r\n\r\n',
    );
    await client.answer();
    const request = edge.relayed[0]?.request;
    expect(request).toMatchObject({
      host: 'a.localhost',
      method: 'POST',
      target: '//a/%2F/../b?c?d',
      hasBody: false,
    });
    expect(request).toMatchObject({ isUpgrade: false, expectsContinue: false, address: '127.0.0.1' });
    expect(request?.headers).toEqual([
      ...['hOST', 'A.Localhost:81', 'X-Bravo', '1', 'x-alpha', '\xe9', 'X-Bravo', '', 'Content-Length', '0'],
      ...['TE', 'trailers', 'X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'http'],
      ...[
        'X-Forwarded-Host',
        'A.Localhost:81',
        'Forwarded',
        'for=127.0.0.1;host="A.Localhost:81";proto=http',
      ],
      ...['Via', '1.1 octoporty-test'],
    ]);
  });

  it('keeps every header line, however many', async () => {
    const edge = await openReplying();
    const client = await edge.connect();
    await client.send(get(...Array.from({ length: 2_500 }, () => 'a:b'))).answer();
    expect(edge.relayed[0]?.request.headers.filter((name) => name === 'a')).toHaveLength(2_500);
  });

  it('through our Caddy comes to the external port that Caddy tells', async () => {
    const edge = await openReplying({ isBehindCaddy: true, trustedProxies: ['127.0.0.1/32'] });
    const client = await edge.connect();
    await client.send(get('X-Forwarded-Port: 8443')).answer();
    await client.send(get()).answer();
    expect(edge.relayed.map(({ request }) => request.port)).toEqual([8_443, null]);
  });

  it('that came through this gateway before is a loop', async () => {
    const edge = await openReplying();
    const client = await edge.connect();
    const answer = await client.send(get('Via: 1.1 octoporty-test')).answer();
    expect(answer.status).toBe(508);
    expect(valuesIn(answer, 'X-Octoporty-Error')).toEqual(['loop_detected']);
    expect(edge.relayed).toHaveLength(0);
  });

  it('is answered in turn, and begins only when the one before it is over', async () => {
    const edge = await openStaged();
    const client = await edge.connect();
    client.send(get() + get() + get());
    const first = await edge.request();
    expect(edge.relayed).toHaveLength(1);
    first.reply('1');
    (await edge.request(1)).reply('2');
    (await edge.request(2)).reply('3');
    const bodies = [await client.answer(), await client.answer(), await client.answer()].map(
      ({ body }) => body,
    );
    expect(bodies).toEqual(['1', '2', '3']);
  });

  it('before a malformed one is still answered, then the malformed one is', async () => {
    const edge = await openStaged();
    const client = await edge.connect();
    client.send(get() + 'GET  nonsense\r\n\r\n' + SMUGGLED);
    (await edge.request()).reply('first');
    expect((await client.answer()).body).toBe('first');
    expect((await client.answer()).status).toBe(400);
    expect(await client.rest()).toEqual({ bytes: '', ending: 'fin' });
    expect(edge.relayed).toHaveLength(1);
  });

  it('behind an upload that breaks off in mid chunk is not run', async () => {
    const edge = await openStaged();
    const client = await edge.connect();
    client.send(get() + post('zz\r\n' + SMUGGLED, CHUNKED));
    (await edge.request()).reply('first');
    expect((await client.answer()).body).toBe('first');
    expect((await client.answer()).status).toBe(400);
    expect(await client.rest()).toEqual({ bytes: '', ending: 'fin' });
    expect(edge.relayed).toHaveLength(1);
  });

  it('behind Connection: close is not run', async () => {
    const { port, relayed } = await openReplying();
    const { bytes, ending } = await exchangeRaw(port, get('Connection: close') + SMUGGLED);
    expect(bytes.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(ending).toBe('fin');
    expect(relayed).toHaveLength(1);
  });

  it.each(['Connection', 'Proxy-Connection'])(
    'whose trailers say %s: close is told to be the last, as nothing behind it will be read',
    async (name) => {
      const edge = await openStaged();
      const client = await edge.connect();
      client.send(post(`0\r\n${name}: close\r\n\r\n`, CHUNKED));
      const relayed = await edge.request();
      relayed.visitor.resume();
      await relayed.ended();
      relayed.reply('last');
      expect(valuesIn(await client.answer(), 'Connection')).toEqual(['close']);
      expect((await client.rest()).ending).toBe('fin');
    },
  );

  it('behind one whose trailers closed the connection too late to be told so is not left waiting', async () => {
    const edge = await openReplying();
    const client = await edge.connect();
    const own = post('', CHUNKED).replace('POST / ', 'POST /health ').replace('a.localhost', 'gw.test');
    expect((await client.send(own).answer()).body).toBe('own');
    client.send('0\r\nConnection: close\r\n\r\n' + SMUGGLED);
    expect(await client.rest()).toEqual({ bytes: '', ending: 'fin' });
    expect(edge.relayed).toHaveLength(0);
  });

  it('of hundreds in a row without an answer is too many', async () => {
    const edge = await openStaged();
    const client = await edge.connect();
    client.send(get().repeat(300));
    await client.rest();
    await (await edge.request()).closed();
    expect(edge.relayed).toHaveLength(1);
  });

  it('whose head takes too long gets 408', async () => {
    const edge = await openReplying({ headLimitMs: 80 });
    const client = await edge.connect();
    const { bytes, ending } = await client.send('GET / HTTP/1.1\r\nHost: a.loc').rest();
    expect(bytes).toMatch(/^HTTP\/1\.1 408 /);
    expect(ending).toBe('fin');
  });

  it('that never comes is not waited for', async () => {
    const edge = await openReplying({ headLimitMs: 80 });
    const client = await edge.connect();
    expect(await client.rest()).toEqual({ bytes: '', ending: 'fin' });
  });
});
