// A body that breaks off anywhere never ends as if it were whole, in either direction.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawClient, wholeAnswer, type RawAnswer } from '../support/rawClient.ts';
import { openRawOrigin, type RawOrigin } from '../support/rawOrigin.ts';
import { openRecordingOrigin, type RecordingOrigin } from '../support/recordingOrigin.ts';
import { startRig, type Rig } from '../support/rig.ts';

const DOWN = 'down.localhost';
const UP = 'up.localhost';
/** What bodies consist of: no other part of a message has it. */
const LETTER = '~';
const HEAD_END = '\r\n\r\n';

/** fast-check prints it, with the way to the failing run. */
const RUNS = { seed: 9112, numRuns: 100 };

let rig: Rig;
let source: RawOrigin;
let sink: RecordingOrigin;
let uploads = 0;

beforeAll(async () => {
  source = await openRawOrigin();
  sink = await openRecordingOrigin();
  rig = await startRig({
    maps: [`${DOWN}=http://127.0.0.1:${source.port}`, `${UP}=http://127.0.0.1:${sink.port}`],
    env: { OCTOPORTY_LOG_LEVEL: 'error' },
  });
});

afterAll(async () => {
  await rig.stop();
  await source.close();
  await sink.close();
});

type Framing = 'length' | 'chunked' | 'close';

/** Where and how a message breaks off. */
interface Cut {
  /** Of its chunks, or in all. */
  readonly sizes: readonly number[];
  /** In [0, 1): how far it comes. */
  readonly share: number;
  readonly isReset: boolean;
  /** What was sent has passed before it breaks off. */
  readonly isPatient: boolean;
  /** The visitor's, of HTTP/1. */
  readonly minor: 0 | 1;
}

/** Small ones, so that many cuts meet a head or the lines of a chunk; and such as fill buffers. */
const size = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 30_000 }));

const cuts = fc.record<Cut>({
  sizes: fc.array(size, { minLength: 1, maxLength: 6 }),
  share: fc.noBias(fc.integer({ min: 0, max: 999_999 })).map((millionths) => millionths / 1_000_000),
  isReset: fc.boolean(),
  isPatient: fc.boolean(),
  minor: fc.constantFrom(0, 1),
});

describe.each<Framing>(['length', 'chunked', 'close'])('an answer framed by %s', (framing) => {
  test.each([0, 1] as const)(
    'is whole to a visitor of HTTP/1.%s when the origin sends all of it',
    async (minor) => {
      const { visitor, peer } = await ask(minor);
      const body = LETTER.repeat(10_000);
      peer.send(answerOf(framing, [body]));
      if (framing === 'close') peer.end();
      expect(await outcome(visitor)).toMatchObject({ status: 200, body });
      // The next request comes on a connection of its own.
      peer.end();
      await peer.left();
    },
  );

  test('that breaks off anywhere is never whole to a visitor', async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async ({ sizes, share, isReset, isPatient, minor }) => {
        const whole = answerOf(framing, piecesOf(sizes));
        // The last byte of a body that a FIN delimits is no end of it.
        const sent = whole.slice(0, Math.floor(share * (whole.length + (framing === 'close' ? 1 : 0))));
        const { visitor, peer } = await ask(minor);
        peer.send(sent);
        const hasHead = sent.includes(HEAD_END);
        if (isPatient && hasHead) {
          await visitor.until(
            () => visitor.bytes.includes(HEAD_END) && lettersOf(visitor.bytes) === lettersOf(sent),
          );
        }
        if (isReset || framing === 'close') peer.reset();
        else peer.end();
        const answer = await outcome(visitor);
        if (hasHead) expect([undefined, 502]).toContain(answer?.status);
        else expect(answer?.status).toBe(502);
      }),
      RUNS,
    );
  });
});

describe.each<Exclude<Framing, 'close'>>(['length', 'chunked'])('an upload framed by %s', (framing) => {
  test('is whole to the origin when the visitor sends all of it', async () => {
    const earlier = sink.heard.length;
    const visitor = await RawClient.connect(rig.gatewayPort);
    visitor.send(uploadOf(framing, ['hello', ' world']).bytes);
    expect((await visitor.answer()).status).toBe(200);
    expect(sink.heard[earlier]).toMatchObject({ isWhole: true, body: 'hello world' });
    visitor.close();
  });

  test('that breaks off anywhere is never whole to the origin', async () => {
    const earlier = sink.heard.length;
    await fc.assert(
      fc.asyncProperty(cuts, async ({ sizes, share, isReset, isPatient }) => {
        const { bytes, line } = uploadOf(framing, piecesOf(sizes));
        const sent = bytes.slice(0, Math.floor(share * bytes.length));
        const visitor = await RawClient.connect(rig.gatewayPort);
        visitor.send(sent);
        if (isPatient && sent.includes(HEAD_END)) {
          const heard = await sink.hears(line);
          await heard.peer.sees(() => lettersOf(heard.arrived) === lettersOf(sent));
        }
        if (isReset) visitor.reset();
        else await visitor.halfClose().rest();
        visitor.close();
        await expectNothingWhole(earlier);
      }),
      RUNS,
    );
    // What is under way still arrives before a whole upload is answered.
    const last = await RawClient.connect(rig.gatewayPort);
    expect((await last.send(uploadOf(framing, []).bytes).answer()).status).toBe(200);
    last.close();
    const whole = sink.heard.findLastIndex(({ isWhole }) => isWhole);
    expect(sink.heard[whole]?.body).toBe('');
    await expectNothingWhole(earlier, whole);
  });
});

test('an agent that is killed leaves no answer and no upload that looks whole', async () => {
  const earlier = sink.heard.length;
  const pieces = piecesOf([10_000, 10_000]);
  const downloads: RawClient[] = [];
  for (const framing of ['length', 'chunked', 'close'] as const) {
    for (const minor of [0, 1] as const) {
      const { visitor, peer } = await ask(minor);
      peer.send(answerOf(framing, pieces).slice(0, 15_000));
      await visitor.until(() => visitor.bytes.length > 14_000);
      downloads.push(visitor);
    }
  }
  const uploaders: RawClient[] = [];
  for (const framing of ['length', 'chunked'] as const) {
    const visitor = await RawClient.connect(rig.gatewayPort);
    const { bytes, line } = uploadOf(framing, pieces);
    visitor.send(bytes.slice(0, 15_000));
    await sink.hears(line);
    uploaders.push(visitor);
  }
  await rig.agent.end('SIGKILL');
  for (const visitor of downloads) expect(await outcome(visitor)).toBeNull();
  for (const visitor of uploaders) expect((await outcome(visitor))?.status).toBe(502);
  await expectNothingWhole(earlier);
});

/** A request that has reached the origin. */
async function ask(minor: 0 | 1) {
  const visitor = await RawClient.connect(rig.gatewayPort);
  visitor.send(`GET / HTTP/1.${minor}\r\nHost: ${DOWN}\r\n\r\n`);
  const peer = await source.accept();
  await peer.head();
  return { visitor, peer };
}

/** What the visitor makes of it in the end: a whole answer, or null for one that broke off. */
async function outcome(visitor: RawClient): Promise<RawAnswer | null> {
  const answer = () => wholeAnswer(visitor.bytes, visitor.ended);
  await visitor.until(() => visitor.ended !== null || answer() !== null);
  visitor.close();
  return answer();
}

/** Of what the sink heard from `first` on, up to `end`. */
async function expectNothingWhole(first: number, end?: number): Promise<void> {
  const heard = sink.heard.slice(first, end);
  for (const { peer } of heard) await peer.left();
  expect(heard.filter(({ isWhole }) => isWhole)).toEqual([]);
}

function answerOf(framing: Framing, pieces: readonly string[]): string {
  return messageOf('HTTP/1.1 200 OK', framing, pieces);
}

/** Each with a request line of its own. */
function uploadOf(framing: Framing, pieces: readonly string[]): { bytes: string; line: string } {
  uploads += 1;
  const line = `POST /${uploads} HTTP/1.1`;
  return { line, bytes: messageOf(`${line}\r\nHost: ${UP}`, framing, pieces) };
}

function piecesOf(sizes: readonly number[]): string[] {
  return sizes.map((length) => LETTER.repeat(length));
}

/** How much of a body there is, in whatever chunks. */
function lettersOf(bytes: string): number {
  return bytes.split(LETTER).length - 1;
}

function messageOf(start: string, framing: Framing, pieces: readonly string[]): string {
  const body = pieces.join('');
  if (framing === 'close') return `${start}\r\n\r\n${body}`;
  if (framing === 'length') return `${start}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');
  return `${start}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\nX-Sum: 9\r\n\r\n`;
}
