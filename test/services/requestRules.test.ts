// Which requests can be read in one way only.

import { describe, expect, it } from 'vitest';
import { closesByTrailers, parseHost, readRequest, wantsUpgrade } from '../../services/requestRules.ts';

const read = (url: string, headers: string[] = ['Host', 'a.test'], method = 'GET', httpVersion = '1.1') =>
  readRequest({ method, url, httpVersion, rawHeaders: headers });
const withHost = (...more: string[]) => ['Host', 'a.test', ...more];

describe('a Host line', () => {
  it.each([
    ['Demo.Example', 'demo.example'],
    ['demo.example.', 'demo.example'],
    ['demo.example:5000', 'demo.example'],
    ['demo.example:', 'demo.example'],
    ['under_score.example', 'under_score.example'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]:80', '[::1]'],
  ])('%s names %s', (line, host) => {
    expect(parseHost(line)).toBe(host);
  });

  it.each([
    '',
    ' ',
    '.',
    ':80',
    'a b',
    'a/b',
    'a@b',
    'a,b',
    'a%2eb',
    'a:b',
    'a:99999',
    'a:1:2',
    '[::1',
    '[1.2]',
    'é',
  ])('%j is junk', (line) => {
    expect(parseHost(line)).toBeNull();
  });
});

describe('a target', () => {
  it.each(['/', '//x//', '/a/../b', '/a?b?c', '/?', '/a\\b', '/%2F%00'])(
    '%s is kept byte for byte',
    (target) => {
      expect(read(target)).toMatchObject({ target, host: 'a.test', hasBody: false });
    },
  );

  it.each([
    ['http://a.test/x?y', '/x?y'],
    ['HTTP://A.TEST/x', '/x'],
    ['http://a.test', '/'],
    ['http://a.test?y', '/?y'],
    ['http://a.test:80/x', '/x'],
    ['https://a.test:443/x', '/x'],
  ])('in absolute form with the same host, %s, becomes %s', (url, target) => {
    expect(read(url)).toMatchObject({ target });
  });

  it.each([
    'http://b.test/',
    'http://a.test:81/',
    'http://u@a.test/',
    'ftp://a.test/',
    'a.test:80',
    '/a#b',
    'x',
    '*',
  ])('%s is refused', (url) => {
    expect(read(url)).toEqual({ problem: 'target' });
  });

  it('may be an asterisk for OPTIONS, in either form', () => {
    expect(read('*', withHost(), 'OPTIONS')).toMatchObject({ target: '*' });
    expect(read('http://a.test', withHost(), 'OPTIONS')).toMatchObject({ target: '*' });
  });
});

describe('a request', () => {
  it.each([
    ['no Host', []],
    ['two Hosts', ['Host', 'a.test', 'host', 'a.test']],
    [
      'Content-Length beside Transfer-Encoding',
      withHost('Content-Length', '1', 'Transfer-Encoding', 'chunked'),
    ],
    ['two Content-Lengths', withHost('Content-Length', '1', 'Content-Length', '1')],
    ['a signed Content-Length', withHost('Content-Length', '+1')],
    ['a Content-Length that readers round', withHost('Content-Length', '9007199254740992')],
    ['a Content-Length that readers see as -1', withHost('Content-Length', '18446744073709551615')],
    ['an unknown Transfer-Encoding', withHost('Transfer-Encoding', 'gzip, chunked')],
    ['chunked twice', withHost('Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked')],
    ['an empty Transfer-Encoding', withHost('Transfer-Encoding', '')],
  ])('with %s is refused', (_, headers) => {
    expect(read('/', headers, 'POST')).toHaveProperty('problem');
  });

  it('with Transfer-Encoding in HTTP/1.0 is refused', () => {
    expect(read('/', withHost('Transfer-Encoding', 'chunked'), 'POST', '1.0')).toHaveProperty('problem');
  });

  it('of another version, or by CONNECT, is refused', () => {
    expect(read('/', withHost(), 'GET', '2.0')).toHaveProperty('problem');
    expect(read('/', withHost(), 'GET', '0.9')).toHaveProperty('problem');
    expect(read('/', withHost(), 'CONNECT')).toHaveProperty('problem');
  });

  it.each(['DESCRIBE', 'PLAY', 'REDIRECT'])('by %s, which is a method of RTSP, is refused', (method) => {
    expect(read('/', withHost(), method, '1.0')).toHaveProperty('problem');
  });

  it('by any method of HTTP is read', () => {
    expect(read('/', withHost(), 'PROPFIND')).toMatchObject({ target: '/' });
    expect(read('/', withHost('Content-Length', String(Number.MAX_SAFE_INTEGER)), 'QUERY')).toMatchObject({
      hasBody: true,
    });
  });

  it('has a body exactly when its framing says more than nothing', () => {
    expect(read('/', withHost('Content-Length', '000'), 'POST')).toMatchObject({ hasBody: false });
    expect(read('/', withHost('Content-Length', '05'), 'POST')).toMatchObject({ hasBody: true });
    expect(read('/', withHost('Transfer-Encoding', 'Chunked'), 'POST')).toMatchObject({ hasBody: true });
  });
});

describe('trailers', () => {
  it.each([
    ['Connection', 'close'],
    ['connection', 'X-Sum, CLOSE'],
    ['Proxy-Connection', 'close'],
  ])('%s: %s close the connection', (name, value) => {
    expect(closesByTrailers(['X-Sum', '9', name, value])).toBe(true);
  });

  it('close nothing otherwise', () => {
    expect(closesByTrailers([])).toBe(false);
    expect(closesByTrailers(['X-Connection', 'close', 'Connection', 'keep-alive'])).toBe(false);
  });
});

describe('an upgrade', () => {
  const wants = (headers: string[], { httpVersion = '1.1', hasBody = false } = {}) =>
    wantsUpgrade({ httpVersion, rawHeaders: headers }, { host: '', hostLine: '', target: '/', hasBody });
  const asked = ['Connection', 'keep-alive, Upgrade', 'Upgrade', 'websocket'];

  it('is wanted when Connection and Upgrade say so', () => {
    expect(wants(asked)).toBe(true);
    expect(wants(['Connection', 'close', 'Upgrade', 'websocket'])).toBe(false);
    expect(wants(['Connection', 'upgrade'])).toBe(false);
  });

  it('is ignored for h2c, in HTTP/1.0 and with a body', () => {
    expect(wants(['Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', 'h2c'])).toBe(false);
    expect(wants(asked, { httpVersion: '1.0' })).toBe(false);
    expect(wants(asked, { hasBody: true })).toBe(false);
  });
});
