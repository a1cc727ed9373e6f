// Requests by no method or version of ours, upgrades that hide something, and bytes of other protocols.

import { HOST, aimed, each, get, hosted, requestOf, type Malformed } from './requestBytes.ts';

const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket'];

export const METHODS: Malformed = {
  ...each(
    'method',
    [
      ...[
        'get',
        'Get',
        'gET',
        'post',
        'OCTO',
        'GETX',
        'GETGET',
        'GE',
        'G',
        'G@T',
        'GE T',
        'GET,POST',
        'GET/',
        'GET:',
      ],
      ...[
        '"GET"',
        '-',
        '1',
        '\xc7ET',
        'GET\xa0',
        '\0GET',
        'GET\0',
        'GET\t',
        '\tGET',
        ' GET',
        '  GET',
        'G\tET',
        'G\rET',
      ],
      ...[
        'G\nET',
        'GET\r',
        '\xef\xbb\xbfGET',
        '\x7fGET',
        'PRI',
        'DESCRIBE',
        'PLAY',
        'SETUP',
        'REDIRECT',
        ' \r\nGET',
        'x\r\nGET',
      ],
      ...['\r\n GET', '\r\n\tGET', '\r\n:\r\nGET', '', '{', '<GET>', 'A'.repeat(20_000)],
    ],
    (method) => requestOf(`${method} /case HTTP/1.1`, []),
  ),
  ...each(
    'CONNECT to',
    [`${HOST}:80`, `${HOST}:443`, 'b.test:22', '127.0.0.1:1', '/', '/case', '*', HOST],
    (target) => aimed(target, 'CONNECT'),
  ),
  ...each('method of RTSP', ['DESCRIBE', 'PLAY', 'SETUP'], (method) =>
    requestOf(`${method} /case RTSP/1.0`, []),
  ),
  'CONNECT without a Host': 'CONNECT b.test:443 HTTP/1.1\r\n\r\n',
  'CONNECT in HTTP/1.0': requestOf(`CONNECT ${HOST}:80 HTTP/1.0`, []),
  'CONNECT with a body': requestOf(`CONNECT ${HOST}:80 HTTP/1.1`, ['Content-Length: 5'], 'hello'),
  'CONNECT with chunks': requestOf(
    `CONNECT ${HOST}:80 HTTP/1.1`,
    ['Transfer-Encoding: chunked'],
    '0\r\n\r\n',
  ),
  'CONNECT with an upgrade': requestOf(`CONNECT ${HOST}:80 HTTP/1.1`, UPGRADE),
};

export const VERSIONS: Malformed = {
  ...each(
    'version',
    [
      ...[
        'HTTP/1.2',
        'HTTP/1.9',
        'HTTP/2.0',
        'HTTP/2',
        'HTTP/3.0',
        'HTTP/0.9',
        'HTTP/0.0',
        'HTTP/9.9',
        'HTTP/1',
        'HTTP/11',
      ],
      ...[
        'HTTP/1.',
        'HTTP/.1',
        'HTTP/1.10',
        'HTTP/1.01',
        'HTTP/01.1',
        'HTTP/1,1',
        'HTTP/-1.1',
        'HTTP/+1.1',
        'HTTP/1.-1',
      ],
      ...[
        'HTTP/1.1x',
        'HTTP/1.1,',
        'HTTP/1.1 ',
        'HTTP/1.1\t',
        'HTTP/1.1 x',
        'HTTP/1.1 HTTP/1.1',
        'HTTP/1.1\0',
        'HTTP/1.1\x0b',
      ],
      ...[
        'http/1.1',
        'Http/1.1',
        'HTTPS/1.1',
        'HTP/1.1',
        'XHTTP/1.1',
        'HTTP 1.1',
        'HTTP/ 1.1',
        'HTTP /1.1',
        'HTTP/1 .1',
      ],
      ...[
        'HTTP/1. 1',
        'HTTP//1.1',
        'HTTP\\1.1',
        'HTTP/a.b',
        'HTTP/',
        'HTTP',
        '1.1',
        'SIP/2.0',
        'ICE/1.0',
        'SHTTP/1.3',
        '\tHTTP/1.1',
      ],
      ...['\x0bHTTP/1.1', '\0HTTP/1.1', '\xa0HTTP/1.1', '/HTTP/1.1', 'RTSP/2.0', '0x1.1'],
    ],
    (version) => requestOf(`GET /case ${version}`, []),
  ),
  none: requestOf('GET /case', []),
  'none, behind a space': requestOf('GET /case ', []),
  'none, without any header': 'GET /case\r\n',
};

export const UPGRADES: Malformed = {
  'a list as length': get(...UPGRADE, 'Content-Length: 5, 5'),
  'a length with a sign': get(...UPGRADE, 'Content-Length: +5'),
  'an unknown coding': get(...UPGRADE, 'Transfer-Encoding: identity'),
  'chunked twice': get(...UPGRADE, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  'a target of another host': requestOf('GET http://b.test/case HTTP/1.1', UPGRADE),
  'a fragment': requestOf('GET /case#x HTTP/1.1', UPGRADE),
  'junk in Host': hosted(`Host: ${HOST}, b.test`, ...UPGRADE),
  'no Host': hosted(...UPGRADE),
  'HTTP/2.0 as its version': requestOf('GET /case HTTP/2.0', UPGRADE),
  'h2c and two Hosts': get(
    `Host: ${HOST}`,
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABk',
  ),
};

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const STRANGERS: Malformed = {
  'an HTTP/2 preface': PREFACE,
  'an HTTP/2 preface and its settings': `${PREFACE}\0\0\0\x04\0\0\0\0\0`,
  'an HTTP/2 preface with a Host': PREFACE.replace('\r\n', `\r\nHost: ${HOST}\r\n`),
  'a TLS ClientHello': `\x16\x03\x01\0\x2f\x01\0\0\x2b\x03\x03${'r'.repeat(32)}\0\0\x04\x13\x01\x13\x02\x01\0`,
  'an SSLv2 hello': '\x80\x2e\x01\0\x02\0\x15\0\0\0\x10',
  'a TLS alert': '\x15\x03\x01\0\x02\x02\x28',
  'an SSH banner': 'SSH-2.0-OpenSSH_9.9\r\n',
  'a SOCKS5 greeting': '\x05\x01\0',
  'a SOCKS4 request': '\x04\x01\0\x50\x7f\0\0\x01\0',
  'a PROXY header, version 1': 'PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n',
  'a PROXY header, version 2': '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c',
  'an SMTP greeting': 'EHLO b.test\r\n',
  'an RTSP request': `DESCRIBE rtsp://${HOST}/case RTSP/1.0\r\nCSeq: 1\r\n\r\n`,
  'a SIP request': `INVITE sip:a@${HOST} SIP/2.0\r\nHost: ${HOST}\r\n\r\n`,
  'a Redis command': '*1\r\n$4\r\nPING\r\n',
  'a memcached command': 'stats\r\n',
  'an MQTT connect': '\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0',
  'a FastCGI record': '\x01\x01\0\x01\0\x08\0\0\0\x01\0\0\0\0\0\0',
  'a WebSocket frame': '\x81\x85\x01\x02\x03\x04hello',
  'an answer': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'a header line': `Host: ${HOST}\r\n\r\n`,
  JSON: '{"method":"GET"}\r\n',
  'a chunk': '5\r\nhello\r\n0\r\n\r\n',
  zeros: '\0'.repeat(64),
};

/** More than is read of a head. */
const HUGE = 'a'.repeat(20_000);

export const OVERSIZED: Malformed = {
  'a value': get(`X-A: ${HUGE}`),
  'a name': get(`${HUGE}: b`),
  'a target': requestOf(`GET /case?${HUGE} HTTP/1.1`, []),
  'many lines': get(...Array<string>(5_000).fill('X-A: b')),
  'a Host': hosted(`Host: ${HUGE}`),
  'a value without an end': `GET /case HTTP/1.1\r\nHost: ${HOST}\r\nX-A: ${HUGE}`,
};
