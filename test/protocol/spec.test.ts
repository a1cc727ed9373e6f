// The written spec says what the code does: its tables and its worked example are read out of it.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SUBPROTOCOL, TUNNEL_PATH } from '../../protocol/control.ts';
import { closeCodeOf, describeError, errorCodes } from '../../protocol/errors.ts';
import { FRAME_HEADER_BYTES, FrameType } from '../../protocol/frame.ts';
import * as limits from '../../protocol/limits.ts';
import { KEY_PURPOSES, NONCE_BYTES, TOKEN_LIFETIME_SECONDS } from '../../protocol/tokens.ts';
import { POST, OK, data, decode, encodeAll, request, type Frame } from './frames.ts';

const spec = readFileSync(new URL('../../protocol/README.md', import.meta.url), 'utf8');

/** The cells of every table row below a heading, up to the next heading. */
function rowsUnder(heading: string): string[][] {
  const section = spec.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

/** The bytes of the hex blocks: what stands before two blanks is hex, the rest explains. */
function hexBlocks(): Buffer[] {
  return [...spec.matchAll(/```hex\n([^`]*)```/g)].map(([, block = '']) =>
    Buffer.from(
      block
        .split('\n')
        .map((line) => line.split('  ', 1)[0] ?? '')
        .join('')
        .replaceAll(' ', ''),
      'hex',
    ),
  );
}

describe('the spec', () => {
  it('lists every limit with its value and a reason, and no other', () => {
    const listed = rowsUnder('Limits').slice(1);
    expect(
      listed.map(([name, value = '']) => [name, Number(value.split(' ', 1)[0]?.replaceAll(',', ''))]),
    ).toEqual(Object.entries(limits).sort(([a], [b]) => (a < b ? -1 : 1)));
    for (const [, , reason = ''] of listed) expect(reason.length).toBeGreaterThan(20);
  });

  it('lists every error code with its number, close code, status and meaning, and no other', () => {
    expect(rowsUnder('Errors').slice(1)).toEqual(
      errorCodes().map((code) => {
        const { number, status, retryable, says } = describeError(code);
        return [code, `${number}`, `${closeCodeOf(code)}`, `${status}`, retryable ? 'yes' : 'no', says];
      }),
    );
  });

  it('lists every frame type by its number', () => {
    const listed = rowsUnder('Frames').filter(([type = '']) => /^\d$/.test(type));
    const types = listed.map(([type, name = '']) => [name.toLowerCase(), Number(type)]);
    for (const [name, number] of Object.entries(FrameType)) expect(types).toContainEqual([name, number]);
    expect(FRAME_HEADER_BYTES).toBe(3 + 1 + 4);
  });

  it('names path, subprotocol, key purposes and token life as they are', () => {
    expect(spec).toContain(`\`GET ${TUNNEL_PATH}\``);
    expect(spec).toContain(`the subprotocol \`${SUBPROTOCOL}\``);
    for (const purpose of Object.values(KEY_PURPOSES)) expect(spec).toContain(`| \`${purpose}\` |`);
    expect(spec).toContain(`${NONCE_BYTES} random bytes as base64url`);
    expect(spec).toContain(`older than ${TOKEN_LIFETIME_SECONDS} s`);
  });

  it('has a worked example that reads as it says and is written the same', () => {
    const question: Frame[] = [
      request(1, { ...POST, target: '/a', headers: ['Host', 'x.io'] }),
      data(1, 'hi'),
      { type: 'end', id: 1, trailers: [] },
    ];
    const answer: Frame[] = [
      { type: 'response', id: 1, head: { ...OK, headers: ['Trailer', 'X-Sum'] }, hasBody: true },
      data(1, 'ok'),
      { type: 'end', id: 1, trailers: ['X-Sum', '9'] },
    ];
    const blocks = hexBlocks();
    expect(blocks.map((block) => decode(block))).toEqual([question, answer]);
    expect(blocks.map((block) => block.toString('hex'))).toEqual(
      [question, answer].map((frames) => encodeAll(...frames).toString('hex')),
    );
  });
});
