// Requests whose chunks break their framing.

import { each, post, type Malformed } from './requestBytes.ts';

const LAST = '0\r\n\r\n';
const chunks = (bytes: string) => post(bytes, 'Transfer-Encoding: chunked');

/** The head is well-formed and may be on its way when the body turns out not to be: an end of it is never told. */
export const CHUNKS: Malformed = {
  ...each(
    'size',
    [
      ...[
        '',
        ' ',
        '-5',
        '+5',
        '0x5',
        '0X5',
        'x5',
        '#5',
        ' 5',
        '\t5',
        '5 ',
        '5\t',
        '5 ;a',
        '5\x0b',
        '5\0',
        '\x005',
      ],
      ...[
        'g',
        '5g',
        'zz',
        '5.0',
        '5,',
        '5_',
        '5 5',
        '1 0',
        '"5"',
        '\xb2',
        '5\xa0',
        '5h',
        '0 5',
        '5:a',
        '5,a=b',
      ],
      ...['10000000000000005', 'fffffffffffffffff', '1'.repeat(400), '5\n', '5\r', '\r\n5', '\n5'],
    ],
    (size) => chunks(`${size}\r\nhello\r\n${LAST}`),
  ),
  ...each(
    'extension',
    [
      ...[
        ';a\n',
        ';\n',
        ';a=b\n',
        ';a=b\r',
        ';a="b\nc"',
        ';a="b',
        ';a="b\\\n"',
        ';a\0',
        ';a=\x01',
        ';\x7f',
        ';a=b c',
      ],
      ...[';a b', ';a=b\x0b', ';a\r;b', ';[', ';a=(', `;${'a'.repeat(20_000)}`, `;a=${'b'.repeat(20_000)}`],
    ],
    (extension) => chunks(`5${extension}\r\nhello\r\n${LAST}`),
  ),
  ...each(
    'data and its end',
    [
      ...[
        '5\r\nhello0\r\n\r\n',
        '5\r\nhello\n0\r\n\r\n',
        '5\r\nhello\r0\r\n\r\n',
        '5\r\nhello\r\r\n0\r\n\r\n',
      ],
      ...[
        '5\r\nhello \r\n0\r\n\r\n',
        '5\r\nhelloX\r\n0\r\n\r\n',
        '5\r\nhello;\r\n0\r\n\r\n',
        '5\r\nhello\r\n\r\n0\r\n\r\n',
      ],
      ...[
        '3\r\nhello\r\n0\r\n\r\n',
        '6\r\nhello\r\n0\r\n\r\n',
        '4\r\nhello\r\n0\r\n\r\n',
        '5\r\nhello\n\r0\r\n\r\n',
      ],
      ...[
        '5\nhello\n0\n\n',
        '5\nhello\r\n0\r\n\r\n',
        '5\rhello\r\n0\r\n\r\n',
        '5\r\rhello\r\n0\r\n\r\n',
        '5hello\r\n0\r\n\r\n',
      ],
    ],
    chunks,
  ),
  ...each(
    'last chunk',
    [
      ...[
        '0\n\n',
        '0\r\n\n',
        '0\n\r\n',
        '0\r\r',
        '0\r\n\r\r\n',
        '0\r\n \r\n',
        '-0\r\n\r\n',
        '+0\r\n\r\n',
        '0x\r\n\r\n',
      ],
      ...['0x0\r\n\r\n', '0 \r\n\r\n', '00 \r\n\r\n', '0;a\n\r\n', '0;a\x01\r\n\r\n', 'O\r\n\r\n'],
    ],
    (last) => chunks(`5\r\nhello\r\n${last}`),
  ),
  ...each(
    'trailer',
    [
      ...[
        'X A: b',
        ': b',
        'X : b',
        ' X: b',
        '\tX: b',
        'X: b\r\n c',
        'X: b\n',
        'X: b\rY: c',
        'X: \0',
        'X',
        'X\0: b',
      ],
      ...[
        'X: \x7f',
        '\xe9: b',
        'X\n: b',
        'GET /x HTTP/1.1',
        ...['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked', 'Content-Length: 3'],
        `X: ${'a'.repeat(20_000)}`,
      ],
    ],
    (trailer) => chunks(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`),
  ),
};
