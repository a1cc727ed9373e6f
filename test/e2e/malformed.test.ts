// Malformed and ambiguous requests by their bytes, through a whole tunnel: none is a request to an origin, nor is what hides behind one.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawClient, exchangeRaw } from '../support/rawClient.ts';
import { openRecordingOrigin, type HeardRequest, type RecordingOrigin } from '../support/recordingOrigin.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { CHUNKS } from './malformed/chunks.ts';
import { CODINGS, LENGTHS, LENGTH_AND_CODING } from './malformed/framing.ts';
import { FIELDS, HOSTS, LINES, TARGETS } from './malformed/heads.ts';
import { METHODS, OVERSIZED, STRANGERS, UPGRADES, VERSIONS } from './malformed/protocols.ts';
import { HOST, requestOf, type Malformed } from './malformed/requestBytes.ts';
import { UNAMBIGUOUS } from './malformed/unambiguous.ts';

const NEXT_LINE = 'GET /next HTTP/1.1';
const AFTER_LINE = 'GET /after HTTP/1.1';
const SMUGGLED = requestOf('GET /smuggled HTTP/1.1', []);

let rig: Rig;
let origin: RecordingOrigin;
/** A visitor who does nothing wrong, on one connection throughout. */
let honest: RawClient;
/** The request lines of all that an origin had to hear. */
const proper: string[] = [];

beforeAll(async () => {
  origin = await openRecordingOrigin();
  rig = await startRig({
    maps: [`${HOST}=http://127.0.0.1:${origin.port}`],
    env: { OCTOPORTY_LOG_LEVEL: 'warn' },
  });
  honest = await RawClient.connect(rig.gatewayPort);
});

afterAll(async () => {
  honest.close();
  await rig.stop();
  await origin.close();
});

describe.each<[string, Malformed]>([
  ['Content-Length beside Transfer-Encoding', LENGTH_AND_CODING],
  ['a Transfer-Encoding that is not chunked alone', CODINGS],
  ['a Content-Length that is not one number', LENGTHS],
  ['lines that do not end as lines do', LINES],
  ['a header line that is none', FIELDS],
  ['a Host that names no host', HOSTS],
  ['a target of no form that is ours', TARGETS],
  ['a method of no meaning', METHODS],
  ['another version', VERSIONS],
  ['an upgrade beside something ambiguous', UPGRADES],
  ['another protocol', STRANGERS],
])('%s is refused, and no origin hears of it', (_, cases) => {
  test.each(Object.entries(cases))('%s', async (__, bytes) => {
    const earlier = origin.heard.length;
    expectRefusal(await exchangeRaw(rig.gatewayPort, bytes + SMUGGLED), 400, 'bad_request');
    expect(await heardSince(earlier)).toEqual([]);
  });
});

describe('a head beyond what is read of one is refused, and no origin hears of it', () => {
  test.each(Object.entries(OVERSIZED))('%s', async (_, bytes) => {
    const earlier = origin.heard.length;
    expectRefusal(await exchangeRaw(rig.gatewayPort, bytes + SMUGGLED), 431, 'head_too_large');
    expect(await heardSince(earlier)).toEqual([]);
  });
});

describe('a body that breaks its framing is refused, and no origin takes it for whole', () => {
  test.each(Object.entries(CHUNKS))('%s', async (title, bytes) => {
    const earlier = origin.heard.length;
    const answer = await exchangeRaw(rig.gatewayPort, bytes + SMUGGLED);
    if (title.startsWith('trailer') && bytes.length > 20_000) expectRefusal(answer, 431, 'head_too_large');
    else expectRefusal(answer, 400, 'bad_request');
    // Its beginning may have been on the way.
    expect(['', 'POST /case HTTP/1.1']).toContain((await heardSince(earlier)).join());
    expect(wholeSince(earlier)).toEqual([]);
  });
});

describe('a request that may be written loosely reaches its origin in one strict form', () => {
  test.each(UNAMBIGUOUS)(
    '$title',
    async ({ bytes, line, framing = [], body = '', isLast = false, ...more }) => {
      const earlier = origin.heard.length;
      const visitor = await RawClient.connect(rig.gatewayPort);
      visitor.send(bytes + requestOf(NEXT_LINE, []));
      expect((await visitor.answer(bytes.startsWith('HEAD'))).status).toBe(200);
      if (isLast) expect((await visitor.rest()).bytes).not.toContain(' 200 OK');
      else expect((await visitor.answer()).status).toBe(200);
      visitor.close();
      const lines = isLast ? [line] : [line, NEXT_LINE];
      expect(await heardSince(earlier)).toEqual(lines);
      proper.push(...lines);
      const heard = origin.heard[earlier];
      expect(heard?.linesOf('content-length', 'transfer-encoding')).toEqual(framing);
      expect(heard).toMatchObject({ body, isWhole: true, trailers: more.trailers ?? [] });
      expect(heard?.headers).toEqual(expect.arrayContaining([...(more.holds ?? [])]));
      expect(heard?.linesOf(...(more.lacks ?? []))).toEqual([]);
    },
  );
});

test('nothing else came late, neither malformed nor hidden behind it', async () => {
  await heardSince(origin.heard.length);
  await Promise.all(origin.heard.filter(({ isWhole }) => !isWhole).map(({ peer }) => peer.left()));
  expect(wholeSince(0)).toEqual(proper);
});

function expectRefusal(
  { bytes, ending }: Awaited<ReturnType<typeof exchangeRaw>>,
  status: number,
  code: string,
): void {
  expect(bytes).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(bytes.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(bytes).toContain(`\r\nX-Octoporty-Error: ${code}\r\n`);
  expect(bytes).toContain('\r\nConnection: close\r\n');
  expect(ending).toBe('fin');
}

/** The request lines that the origin heard, once it has answered a request that left after all of them. */
async function heardSince(earlier: number): Promise<string[]> {
  expect((await honest.send(requestOf(AFTER_LINE, [])).answer()).status).toBe(200);
  expect(origin.strays).toBe('');
  return linesOf(origin.heard.slice(earlier));
}

function wholeSince(earlier: number): string[] {
  return linesOf(origin.heard.slice(earlier).filter(({ isWhole }) => isWhole));
}

function linesOf(requests: readonly HeardRequest[]): string[] {
  return requests.map(({ line }) => line).filter((line) => line !== AFTER_LINE);
}
