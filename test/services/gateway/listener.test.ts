// Which requests reach the relays, by the bytes on the wire.

import { afterEach, describe, expect, it } from 'vitest';
import { exchangeRaw, RawClient, valuesIn } from '../../support/rawClient.ts';
import { openEdge, type PublicEdge } from '../../support/publicEdge.ts';
import { SeededRandom } from '../../simulation/seededRandom.ts';
import type { ListenerOptions } from '../../../services/gateway/listener.ts';

let edge: PublicEdge;
afterEach(async () => {
  await edge.close();
});

const open = async (options: Partial<ListenerOptions> = {}) => {
  edge = await openEdge((relayed) => relayed.reply('relayed'), options);
  return edge;
};
const get = (...lines: string[]) =>
  ['GET / HTTP/1.1', 'Host: a.localhost', ...lines].join('\r\n') + '\r\n\r\n';
const post = (body: string, ...lines: string[]) =>
  ['POST / HTTP/1.1', 'Host: a.localhost', ...lines].join('\r\n') + '\r\n\r\n' + body;
const CHUNKED = 'Transfer-Encoding: chunked';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a.localhost\r\n\r\n';

const HOSTILE: Readonly<Record<string, string>> = {
  'CL then TE': post('0\r\n\r\n' + SMUGGLED, 'Content-Length: 5', CHUNKED),
  'TE then CL': post('0\r\n\r\n' + SMUGGLED, CHUNKED, 'Content-Length: 5'),
  'two differing CL': post('hello!', 'Content-Length: 5', 'Content-Length: 6'),
  'CL list': post('hello!', 'Content-Length: 5, 6'),
  'CL +5': post('hello', 'Content-Length: +5'),
  'CL 0x5': post('hello', 'Content-Length: 0x5'),
  'CL -1': post('hello', 'Content-Length: -1'),
  'CL with a space before the colon': post('hello', 'Content-Length : 5'),
  'TE identity': post('hello', 'Transfer-Encoding: identity', 'Content-Length: 5'),
  'TE gzip, chunked': post('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked'),
  'TE cow': post('0\r\n\r\n', 'Transfer-Encoding: cow'),
  'TE twice': post('0\r\n\r\n', CHUNKED, CHUNKED),
  'TE quoted': post('0\r\n\r\n', 'Transfer-Encoding: "chunked"'),
  'TE with a parameter': post('0\r\n\r\n', 'Transfer-Encoding: chunked;q=1'),
  'TE empty': post('hello', 'Transfer-Encoding:', 'Content-Length: 5'),
  'TE with a tab before the colon': post('0\r\n\r\n', 'Transfer-Encoding\t: chunked'),
  'TE in an obs-fold': post('0\r\n\r\n', 'Transfer-Encoding:\r\n chunked'),
  'TE behind a bare CR': post('hello', 'X-A: b\rTransfer-Encoding: chunked', 'Content-Length: 5'),
  'TE behind a bare LF': post('hello', 'X-A: b\nTransfer-Encoding: chunked', 'Content-Length: 5'),
  'TE in HTTP/1.0': post('0\r\n\r\n' + SMUGGLED, CHUNKED).replace('HTTP/1.1', 'HTTP/1.0'),
  'a bare LF as the last line end': get().slice(0, -2) + '\n',
  'an obs-fold': get('X-A: b', ' c'),
  'a space inside a name': get('X A: b'),
  'an empty name': get(': b'),
  'a NUL in a value': get('X-A: \0'),
  'two Hosts': get('Host: a.localhost'),
  'two differing Hosts': get('Host: b.localhost'),
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'no Host in HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
  'junk in Host': 'GET / HTTP/1.1\r\nHost: a.localhost, b\r\n\r\n',
  'a path in Host': 'GET / HTTP/1.1\r\nHost: a.localhost/x\r\n\r\n',
  'an empty Host': 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
  'absolute-form with another host': get().replace('GET /', 'GET http://b.test/'),
  'a fragment': get().replace('GET /', 'GET /a#b'),
  'a raw Latin-1 byte in the target': get().replace('GET /', 'GET /\xe9'),
  'a space in the target': get().replace('GET /', 'GET /a b'),
  'two spaces before the target': get().replace('GET /', 'GET  /'),
  'two spaces behind the target': get().replace('GET /', 'GET / '),
  'two spaces before the target of an upgrade': get('Connection: Upgrade', 'Upgrade: chat').replace(
    'GET /',
    'GET  /',
  ),
  'an authority as target': get().replace('GET /', 'GET a.localhost:80'),
  'an asterisk for GET': get().replace('GET /', 'GET *'),
  CONNECT: get().replace('GET /', 'CONNECT a.localhost:80'),
  'HTTP/2.0': get().replace('HTTP/1.1', 'HTTP/2.0'),
  'HTTP/0.9': get().replace('HTTP/1.1', 'HTTP/0.9'),
  'an unknown method': get().replace('GET', 'OCTO'),
};

describe('a hostile request', () => {
  it.each(Object.keys(HOSTILE))('with %s gets 400 and a closed connection', async (title) => {
    const { port, relayed } = await open();
    const { bytes, ending } = await exchangeRaw(port, HOSTILE[title] ?? '');
    expect(bytes).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(bytes.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(bytes).toContain('\r\nX-Octoporty-Error: bad_request\r\n');
    expect(bytes).toContain('\r\nConnection: close\r\n');
    expect(ending).toBe('fin');
    expect(relayed).toHaveLength(0);
  });

  it('with too large a head gets 431', async () => {
    const { port, relayed } = await open();
    const { bytes } = await exchangeRaw(port, get(...Array.from({ length: 60_000 }, () => 'X-Many: v')));
    expect(bytes).toMatch(/^HTTP\/1\.1 431 [^]*X-Octoporty-Error: head_too_large\r\n/);
    expect(relayed).toHaveLength(0);
  });

  it('as an HTTP/2 preface is cut', async () => {
    const { port } = await open();
    expect((await exchangeRaw(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).bytes).not.toMatch(/ 2\d\d /);
  });

  it.each(
    ['xyz', '0x5', '-5', '+5', '', '5\nhello', '5\r\nhello\nX', `5;${'a'.repeat(300_000)}`].map((size) => [
      size.slice(0, 20),
      size,
    ]),
  )('with the chunk size %j is refused, and its relay told', async (_, size) => {
    edge = await openEdge((relayed) => relayed.visitor.resume());
    const { bytes } = await exchangeRaw(edge.port, post(`${size}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`, CHUNKED));
    expect(bytes).toMatch(/^HTTP\/1\.1 400 /);
    expect(edge.relayed).toHaveLength(1);
    const relayed = await edge.request();
    await relayed.closed();
    expect(relayed.trailers).toBeNull();
    expect(relayed.closes).toBe(1);
  });

  it('made of random bytes never ends the process', async () => {
    const { port } = await open({ headLimitMs: 60_000 });
    const random = new SeededRandom(7);
    const pieces = [
      'GET / HTTP/1.1\r\n',
      'Host: a.localhost\r\n',
      'Content-Length: 3\r\n',
      `${CHUNKED}\r\n`,
      '\r\n',
      '5\r\n',
    ];
    for (let batch = 0; batch < 50; batch += 1) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(port)));
      for (const client of clients) {
        const bytes = Buffer.from(random.bytes(random.between(1, 60)));
        const known = pieces.filter(() => random.fraction() < 0.5).join('');
        client.send(known + bytes.toString('latin1')).halfClose();
      }
      await Promise.all(clients.map((client) => client.rest()));
    }
    const client = await edge.connect();
    expect((await client.send(get()).answer()).body).toBe('relayed');
  });
});

describe('a request', () => {
  it('behind another on its connection is read by its own bytes', async () => {
    const { relayed, port } = await open();
    const loose = get().replace('GET /', 'GET  /b');
    const { bytes } = await exchangeRaw(port, get() + loose);
    expect(bytes.match(/HTTP\/1\.1 (200|400)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(relayed).toHaveLength(1);
  });

  it.each(['GET  /', 'POST /x  HTTP/1.1'])('may hold "%s" in its body', async (text) => {
    await open();
    const client = await edge.connect();
    const body = `\n${text}`;
    client.send(post(body, `Content-Length: ${body.length}`));
    expect((await client.answer()).status).toBe(200);
  });

  it('reaches the relays as sent, but for what belongs to this hop', async () => {
    const { relayed } = await open();
    const client = await edge.connect();
    client.send(
      'POST //a/%2F/../b?c?d HTTP/1.1\r\nhOST: A.Localhost:81\r\nX-Bravo: 1\r\nx-alpha: \xe9\r\nX-Bravo:\r\n' +
        'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nX-Octoporty-Error: x\r\nTE: gzip, trailers\r\n' +
        'Content-Length: 0\r\n\r\n',
    );
    await client.answer();
    const request = relayed[0]?.request;
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
    const { relayed } = await open();
    const client = await edge.connect();
    await client.send(get(...Array.from({ length: 2_500 }, () => 'a:b'))).answer();
    expect(relayed[0]?.request.headers.filter((name) => name === 'a')).toHaveLength(2_500);
  });

  it('through our Caddy comes to the external port that Caddy tells', async () => {
    const { relayed } = await open({ isBehindCaddy: true, trustedProxies: ['127.0.0.1/32'] });
    const client = await edge.connect();
    await client.send(get('X-Forwarded-Port: 8443')).answer();
    await client.send(get()).answer();
    expect(relayed.map(({ request }) => request.port)).toEqual([8_443, null]);
  });

  it('that came through this gateway before is a loop', async () => {
    const { relayed } = await open();
    const client = await edge.connect();
    const answer = await client.send(get('Via: 1.1 octoporty-test')).answer();
    expect(answer.status).toBe(508);
    expect(valuesIn(answer, 'X-Octoporty-Error')).toEqual(['loop_detected']);
    expect(relayed).toHaveLength(0);
  });

  it('is answered in turn, and begins only when the one before it is over', async () => {
    edge = await openEdge();
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
    edge = await openEdge();
    const client = await edge.connect();
    client.send(get() + 'GET  nonsense\r\n\r\n' + SMUGGLED);
    (await edge.request()).reply('first');
    expect((await client.answer()).body).toBe('first');
    expect((await client.answer()).status).toBe(400);
    expect(await client.rest()).toEqual({ bytes: '', ending: 'fin' });
    expect(edge.relayed).toHaveLength(1);
  });

  it('behind an upload that breaks off in mid chunk is not run', async () => {
    edge = await openEdge();
    const client = await edge.connect();
    client.send(get() + post('zz\r\n' + SMUGGLED, CHUNKED));
    (await edge.request()).reply('first');
    expect((await client.answer()).body).toBe('first');
    expect((await client.answer()).status).toBe(400);
    expect(await client.rest()).toEqual({ bytes: '', ending: 'fin' });
    expect(edge.relayed).toHaveLength(1);
  });

  it('behind Connection: close is not run', async () => {
    const { port, relayed } = await open();
    const { bytes, ending } = await exchangeRaw(port, get('Connection: close') + SMUGGLED);
    expect(bytes.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(ending).toBe('fin');
    expect(relayed).toHaveLength(1);
  });

  it.each(['Connection', 'Proxy-Connection'])(
    'whose trailers say %s: close is told to be the last, as nothing behind it will be read',
    async (name) => {
      edge = await openEdge();
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
    const { relayed } = await open();
    const client = await edge.connect();
    const own = post('', CHUNKED).replace('POST / ', 'POST /health ').replace('a.localhost', 'gw.test');
    expect((await client.send(own).answer()).body).toBe('own');
    client.send('0\r\nConnection: close\r\n\r\n' + SMUGGLED);
    expect(await client.rest()).toEqual({ bytes: '', ending: 'fin' });
    expect(relayed).toHaveLength(0);
  });

  it('of hundreds in a row without an answer is too many', async () => {
    edge = await openEdge();
    const client = await edge.connect();
    client.send(get().repeat(300));
    await client.rest();
    await (await edge.request()).closed();
    expect(edge.relayed).toHaveLength(1);
  });

  it('whose head takes too long gets 408', async () => {
    await open({ headLimitMs: 80 });
    const client = await edge.connect();
    const { bytes, ending } = await client.send('GET / HTTP/1.1\r\nHost: a.loc').rest();
    expect(bytes).toMatch(/^HTTP\/1\.1 408 /);
    expect(ending).toBe('fin');
  });

  it('that never comes is not waited for', async () => {
    await open({ headLimitMs: 80 });
    const client = await edge.connect();
    expect(await client.rest()).toEqual({ bytes: '', ending: 'fin' });
  });
});

describe('a reserved path', () => {
  const ask = async (target: string, host: string, ...lines: string[]) => {
    const client = await edge.connect();
    client.send([`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines].join('\r\n') + '\r\n\r\n');
    return client.head();
  };
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];

  it.each([
    '/health',
    '/metrics?x',
    '/api/v1/status',
    '/api/v1/machines',
    '/api/v1/machines/session.1/heartbeat',
    '/tunnel',
    'http://gw.test/health',
  ])('%s is the gateway’s own where no mapping has the host', async (target) => {
    const paths: (string | undefined)[] = [];
    await open({
      own(req, res) {
        paths.push(req.url);
        res.end();
      },
    });
    expect(await ask(target, 'gw.test')).toContain('200');
    expect(paths).toEqual([target.replace('http://gw.test', '')]);
    expect(edge.relayed).toHaveLength(0);
  });

  it.each(['/healthy', '/api/v1/machinesx', '/api/v1/status/', '/HEALTH'])(
    '%s only looks like one, and is nobody’s',
    async (target) => {
      await open({ own: () => expect.unreachable() });
      await ask(target, 'gw.test');
      expect(edge.relayed).toHaveLength(1);
    },
  );

  it.each(['/health', '/metrics', '/tunnel', '/api/v1/status', '/api/v1/machines', '/api/v1/machines/a'])(
    '%s belongs to the mapping that has the host',
    async (target) => {
      await open();
      await ask(target, 'a.localhost');
      expect(edge.relayed).toHaveLength(1);
    },
  );

  it.each(['/health/', '//health', '/Health', '/api/v1/mappings', '/'])('is not %s', async (target) => {
    await open();
    await ask(target, 'gw.test');
    expect(edge.relayed[0]?.request.host).toBe('gw.test');
  });

  it('/tunnel takes WebSocket handshakes, and no other upgrade', async () => {
    await open();
    expect(await ask('/tunnel', 'gw.test', ...upgrade)).toContain('101 Own');
    expect(await ask('/tunnel', 'gw.test', 'Connection: Upgrade', 'Upgrade: raw')).toContain('200 OK');
    expect(await ask('/health', 'gw.test', ...upgrade)).toContain('200 OK');
  });

  it('/tunnel upgrades to the origin where a mapping has the host', async () => {
    edge = await openEdge((relayed) => {
      relayed.visitor.writeHead({ status: 101, reason: 'Mine', headers: ['Upgrade', 'websocket'] }, true);
    });
    expect(await ask('/tunnel', 'a.localhost', ...upgrade)).toContain('101 Mine');
  });
});

describe('closing the listener', () => {
  it('still answers the first request of a connection that was made just before', async () => {
    edge = await openEdge();
    const early = await edge.connect();
    const busy = await edge.connect();
    busy.send(get());
    const running = await edge.request();
    const closed = edge.listener.close(5_000);
    const heard = edge.listener.firstRequests();
    early.send(get());
    (await edge.request(1)).reply('in time');
    const answer = await early.answer();
    expect([answer.body, valuesIn(answer, 'Connection')]).toEqual(['in time', ['close']]);
    await heard;
    running.reply('last');
    early.close();
    busy.close();
    await closed;
  });

  it('has nobody to wait for when every connection has spoken', async () => {
    edge = await openEdge((relayed) => relayed.reply('relayed'));
    const client = await edge.connect();
    client.send(get());
    await client.answer();
    const closed = edge.listener.close(5_000);
    await edge.listener.firstRequests();
    expect((await client.rest()).ending).toBe('fin');
    client.close();
    await closed;
  });

  it('waits for what runs, answers it, and ends every connection', async () => {
    edge = await openEdge();
    const idle = await edge.connect();
    const busy = await edge.connect();
    busy.send(get());
    const relayed = await edge.request();
    const closed = edge.listener.close(5_000);
    expect((await idle.rest()).ending).toBe('fin');
    relayed.reply('last');
    const answer = await busy.answer();
    expect([answer.body, valuesIn(answer, 'Connection')]).toEqual(['last', ['close']]);
    idle.close();
    busy.close();
    await closed;
    await expect(RawClient.connect(edge.port)).rejects.toThrow();
  });

  it('breaks off what does not end in time, and tells its relay', async () => {
    edge = await openEdge();
    const client = await edge.connect();
    client.send(get());
    const relayed = await edge.request();
    await edge.listener.close(10);
    await relayed.closed();
    expect((await client.rest()).bytes).toBe('');
  });

  it('reports a port that is taken', async () => {
    await open();
    await expect(openEdge(() => {}, { port: edge.port })).rejects.toThrow('EADDRINUSE');
  });
});
