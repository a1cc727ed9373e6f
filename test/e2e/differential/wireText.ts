// An exchange's messages as the bytes that go out, whole or up to where a mishap cuts them.

import { setImmediate as nextTurn, setTimeout as moment } from 'node:timers/promises';
import { isBodiless, type Body, type Cut, type Exchange, type Interim, type Share } from './exchange.ts';
import type { Line } from './messageReader.ts';

/** Names the exchange to the origin; the same on both ways. */
export const ID_LINE = 'X-Exchange';

/** What is asked once more on a connection, and answered. */
export const SEQUEL = {
  target: '/again',
  body: 'once more',
};

const MOMENT_MS = 2;
const WHOLE: Share = 1_000;

/** A part of a body in its framing: payload, or what is around it. */
interface Segment {
  readonly text: string;
  readonly isPayload: boolean;
}

export interface CutText {
  readonly text: string;
  /** How many of its bytes are payload. */
  readonly payloadBytes: number;
}

export function requestHead({ request }: Exchange, id: string): string {
  const { method, target, version, body, expectation } = request;
  const lines: Line[] = [...request.lines, [ID_LINE, id]];
  if (expectation !== null) lines.splice(body.framingLine.zeros, 0, ['Expect', '100-Continue']);
  return headText(`${method} ${target} HTTP/${version}`, framed(lines, body));
}

/** A connection that is open for it serves it, whatever came before. */
export function sequelRequest({ request }: Exchange): string {
  const host = request.lines.find(([name]) => name.toLowerCase() === 'host') ?? ['Host', ''];
  return headText(`GET ${SEQUEL.target} HTTP/1.1`, [host]);
}

export function sequelAnswer(): string {
  return headText('HTTP/1.1 200 OK', [['Content-Length', String(SEQUEL.body.length)]]) + SEQUEL.body;
}

export function requestBody({ request }: Exchange): string {
  return textOf(segmentsOf(request.body));
}

export function answerHead(exchange: Exchange): string {
  const { status, reason, version, lines, body } = exchange.answer;
  // A 204 has neither length nor coding (RFC 9110 §8.6, RFC 9112 §6.1).
  return headText(`HTTP/${version} ${status} ${reason}`, status === 204 ? lines : framed(lines, body));
}

export function answerBody(exchange: Exchange): string {
  return isBodiless(exchange) ? '' : textOf(segmentsOf(exchange.answer.body));
}

export function interimText({ status, reason, lines }: Interim): string {
  return headText(`HTTP/1.1 ${status} ${reason}`, lines);
}

/** A body that stops at `share` of its bytes on the wire, and is never whole. */
export function cutBody(body: Body<string>, share: Share): CutText {
  const segments = segmentsOf(body);
  const total = textOf(segments).length;
  let left = Math.min(Math.floor((total * share) / WHOLE), total - 1);
  let text = '';
  let payloadBytes = 0;
  for (const segment of segments) {
    const taken = segment.text.slice(0, left);
    left -= taken.length;
    text += taken;
    if (segment.isPayload) payloadBytes += taken.length;
  }
  return { text, payloadBytes };
}

export function payloadOf(body: Body<string>): string {
  return body.framing === 'none' ? '' : body.pieces.join('');
}

/** Hands out `text` in the pieces that the cuts make, resting behind each as it says. */
export async function inPieces(
  text: string,
  cuts: readonly Cut[],
  write: (piece: string, isLast: boolean) => void | Promise<void>,
): Promise<void> {
  let from = 0;
  for (const { at, rest } of cuts.toSorted((a, b) => a.at - b.at)) {
    const to = Math.floor((text.length * at) / WHOLE);
    if (to > from && to < text.length) {
      await write(text.slice(from, to), false);
      from = to;
    }
    if (rest === 'turn') await nextTurn();
    if (rest === 'moment') await moment(MOMENT_MS);
  }
  await write(text.slice(from), true);
}

function headText(start: string, lines: readonly Line[]): string {
  // Blanks around a value may be there or not (RFC 9112 §5.1).
  const texts = lines.map(([name, value]) =>
    name.length % 2 === 0 ? `${name}: ${value}` : `${name}:${value}`,
  );
  return `${[start, ...texts].join('\r\n')}\r\n\r\n`;
}

/** With the line that says where the body ends, if one does. */
function framed(lines: readonly Line[], body: Body<string>): readonly Line[] {
  const { at, isCapital, zeros } = body.framingLine;
  const line = framingLine(body, zeros);
  if (line === null) return lines;
  const [name, value] = line;
  return lines.toSpliced(at, 0, isCapital ? [name.toUpperCase(), value.toUpperCase()] : line);
}

function framingLine(body: Body<string>, zeros: number): Line | null {
  const length = '0'.repeat(zeros) + String(payloadOf(body).length);
  if (body.framing === 'length') return ['Content-Length', length];
  return body.framing === 'chunked' ? ['Transfer-Encoding', 'chunked'] : null;
}

function segmentsOf(body: Body<string>): Segment[] {
  const around = (text: string): Segment => ({ text, isPayload: false });
  const payload = (text: string): Segment => ({ text, isPayload: true });
  if (body.framing !== 'chunked') return [payload(payloadOf(body))];
  const chunks = body.pieces
    .filter((piece) => piece !== '')
    .flatMap((piece) => [around(`${chunkSize(piece)}\r\n`), payload(piece), around('\r\n')]);
  const trailers = body.trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return [...chunks, around(`0\r\n${trailers}\r\n`)];
}

/** Hexadecimal in either case, zeros before it or not (RFC 9112 §7.1). */
function chunkSize(piece: string): string {
  const size = piece.length.toString(16);
  return piece.length % 3 === 0 ? size.toUpperCase().padStart(5, '0') : size;
}

function textOf(segments: readonly Segment[]): string {
  return segments.map(({ text }) => text).join('');
}
