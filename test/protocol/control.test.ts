// Control messages: what is read, what is ignored, what is refused and by which name.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeControl, parseControl, type ControlMessage } from '../../protocol/control.ts';
import { errorCodes } from '../../protocol/errors.ts';
import { MAX_CONTROL_BYTES, MAX_TEXT_MESSAGE_BYTES, MAX_WIRE_MAPPINGS } from '../../protocol/limits.ts';
import { agentClaimsSchema, gatewayClaimsSchema } from '../../protocol/tokens.ts';
import { codeOf } from './wirePair.ts';

const NONCE = 'AAECAwQFBgcICQoLDA0-_w';
const ID = '7a3f0c1e-5d52-4b8e-9f0a-2f6f3f1f0c11';

const MESSAGES: ControlMessage[] = [
  { type: 'hello', version: '1.2.3', nonce: NONCE, wallMs: 1_800_000_000_000 },
  { type: 'auth', version: '1.2.3', token: 'a.b.c', nonce: NONCE },
  { type: 'auth_result', ok: true, proof: 'a.b.c', gatewayHost: 'gate.example.com', lifetimeMs: 900_000 },
  { type: 'auth_result', ok: true, proof: 'a.b.c', gatewayHost: null, lifetimeMs: 1 },
  { type: 'auth_result', ok: false, code: 'auth_failed' },
  { type: 'challenge', nonce: NONCE, wallMs: 0 },
  { type: 'config_sync', revision: 0, mappings: [] },
  {
    type: 'config_sync',
    revision: 0xffff_ffff,
    mappings: [{ id: ID, externalDomain: 'app.example.com', externalPort: 443 }],
  },
  { type: 'config_ack', revision: 3, refused: [{ id: ID, code: 'domain_taken' }] },
  { type: 'gateway_status', machines: [] },
  {
    type: 'gateway_status',
    machines: [
      {
        id: 'session.3/heartbeat',
        machine: 'heartbeat',
        state: 'lively',
        sinceMs: 1_800_000_000_000,
        transitions: [{ event: 'after tick', from: 'quiet.waiting', to: 'lively', atMs: 0 }],
      },
    ],
  },
  { type: 'route_status', routes: [] },
  { type: 'route_status', routes: [{ id: ID, state: 'conflict', reason: 'Taken.' }] },
  { type: 'heartbeat', timestamp: 12.5 },
  { type: 'heartbeat_ack', timestamp: -1 },
  { type: 'goaway', reason: 'going_away', lastStreamId: 0xffff_ffff, retryAfterMs: 0 },
];

const parse = (value: unknown) => parseControl(JSON.stringify(value));

describe('a control message', () => {
  it.each(MESSAGES)('$type comes back as it was', (message) => {
    expect(parseControl(encodeControl(message))).toEqual(message);
  });

  it.each(MESSAGES)('$type of a newer minor version reads without the fields it added', (message) => {
    expect(parse({ ...message, added: { later: true } })).toEqual(message);
  });

  it.each(MESSAGES)('$type without any one of its fields is refused', (message) => {
    for (const field of Object.keys(message)) {
      const rest = Object.fromEntries(Object.entries(message).filter(([name]) => name !== field));
      expect(codeOf(() => parse(rest))).toBe('protocol_error');
    }
  });

  it.each(MESSAGES)('$type with a field of the wrong kind is refused', (message) => {
    for (const field of Object.keys(message)) {
      for (const wrong of [true, {}, [[]]]) {
        if (field === 'ok' && wrong === true) continue;
        expect(codeOf(() => parse({ ...message, [field]: wrong }))).toBe('protocol_error');
      }
    }
  });

  it('with an error code of a newer peer reads as `internal`', () => {
    expect(parse({ type: 'auth_result', ok: false, code: 'bored' })).toMatchObject({ code: 'internal' });
  });

  it('of a type we do not know is ignored, whatever it carries', () => {
    expect(parse({ type: 'praise', of: 'folly' })).toBeUndefined();
    expect(parse({ type: '' })).toBeUndefined();
    for (const type of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
      expect(parse({ type })).toBeUndefined();
  });

  it.each(['', '{', 'nonsense', '\u0000', '{"type":"heartbeat"', 'undefined'])(
    'that is not JSON is refused: %j',
    (text) => {
      expect(codeOf(() => parseControl(text))).toBe('protocol_error');
      expect(() => parseControl(text)).toThrow('a control message is not JSON');
    },
  );

  it.each([null, 1, 'hello', [], {}, { type: 5 }, { type: null }, [{ type: 'heartbeat' }]])(
    'without a type is refused: %j',
    (value) => {
      expect(codeOf(() => parse(value))).toBe('protocol_error');
    },
  );
});

describe('a field at its edge', () => {
  const [hello, auth, accepted, , , , empty, sync, ack] = MESSAGES;
  const goaway = MESSAGES.at(-1);
  const tryWith = (message: ControlMessage | undefined, change: object) =>
    codeOf(() => parse({ ...message, ...change }));

  it.each([
    ['a nonce of 21 characters', hello, { nonce: NONCE.slice(1) }],
    ['a nonce of 23 characters', hello, { nonce: `${NONCE}A` }],
    ['a nonce outside base64url', hello, { nonce: NONCE.replace('-', '+') }],
    ['no version', hello, { version: '' }],
    ['a version too long', hello, { version: 'v'.repeat(65) }],
    ['a time before 1970', hello, { wallMs: -1 }],
    ['a token too long', auth, { token: 'x'.repeat(4097) }],
    ['a proof too long', accepted, { proof: 'x'.repeat(4097) }],
    ['a host too long', accepted, { gatewayHost: 'x'.repeat(254) }],
    ['a lifetime of nothing', accepted, { lifetimeMs: 0 }],
    ['a lifetime in parts', accepted, { lifetimeMs: 1.5 }],
    ['a negative revision', empty, { revision: -1 }],
    ['a revision in parts', empty, { revision: 0.5 }],
    ['a revision beyond 32 bits', sync, { revision: 2 ** 32 }],
    ['a mapping without a name', sync, { mappings: [{ id: ID, externalPort: 443 }] }],
    ['a refusal without an id', ack, { refused: [{ id: 'x', code: 'domain_taken' }] }],
    ['a negative last stream', goaway, { lastStreamId: -1 }],
    ['a last stream beyond 32 bits', goaway, { lastStreamId: 2 ** 32 }],
    ['a negative wait', goaway, { retryAfterMs: -1 }],
    ['a reason too long for a code', goaway, { reason: 'r'.repeat(65) }],
  ])('is refused: %s', (_name, message, change) => {
    expect(tryWith(message, change)).toBe('protocol_error');
  });

  it.each([
    ['a token', auth, { token: 'x'.repeat(4096) }],
    ['a proof', accepted, { proof: 'x'.repeat(4096) }],
    ['a host', accepted, { gatewayHost: 'x'.repeat(253) }],
    ['a version', hello, { version: 'v'.repeat(64) }],
    ['a code of a newer peer', goaway, { reason: 'r'.repeat(64) }],
  ])('is taken: %s of the longest length', (_name, message, change) => {
    expect(tryWith(message, change)).toBe('no error');
  });

  it.each([
    ['a version of one character', hello, { version: 'v' }],
    ['no stream as the last', goaway, { lastStreamId: 0 }],
  ])('is taken: %s', (_name, message, change) => {
    expect(tryWith(message, change)).toBe('no error');
  });

  it('is named when it is refused, wherever it stands', () => {
    expect(() => parse({ ...sync, mappings: [{ id: 'x' }] })).toThrow(/config_sync\.mappings\.0\.id: /);
  });

  it.each(errorCodes())('takes the reason %s', (reason) => {
    expect(tryWith(goaway, { reason })).toBe('no error');
  });
});

describe('the size of a control message', () => {
  const padded = (message: object, length: number) => {
    const empty = JSON.stringify({ ...message, pad: '' }).length;
    return JSON.stringify({ ...message, pad: 'x'.repeat(length - empty) });
  };

  it('is small for all but config', () => {
    const beat = { type: 'heartbeat', timestamp: 1 };
    expect(codeOf(() => parseControl(padded(beat, MAX_CONTROL_BYTES)))).toBe('no error');
    expect(codeOf(() => parseControl(padded(beat, MAX_CONTROL_BYTES + 1)))).toBe('message_too_large');
    const sync = { type: 'config_sync', revision: 1, mappings: [] };
    const ack = { type: 'config_ack', revision: 1, refused: [] };
    for (const message of [sync, ack]) {
      expect(codeOf(() => parseControl(padded(message, MAX_CONTROL_BYTES + 1)))).toBe('no error');
    }
  });

  it('is bounded for every type, before anything is parsed', () => {
    const sync = { type: 'config_sync', revision: 1, mappings: [] };
    expect(codeOf(() => parseControl(padded(sync, MAX_TEXT_MESSAGE_BYTES)))).toBe('no error');
    expect(codeOf(() => parseControl(padded(sync, MAX_TEXT_MESSAGE_BYTES + 1)))).toBe('message_too_large');
    expect(codeOf(() => parseControl('x'.repeat(MAX_TEXT_MESSAGE_BYTES + 1)))).toBe('message_too_large');
  });

  it('holds the largest config there may be, and one mapping more is refused', () => {
    const label = 'a'.repeat(63);
    const mapping = {
      id: ID,
      externalDomain: `${label}.${label}.${label}.${'b'.repeat(61)}`,
      externalPort: 65_535,
    };
    const mappings = Array.from({ length: MAX_WIRE_MAPPINGS }, () => mapping);
    const text = encodeControl({ type: 'config_sync', revision: 1, mappings });
    expect(text.length).toBeLessThan(MAX_TEXT_MESSAGE_BYTES);
    expect(parseControl(text)).toMatchObject({ type: 'config_sync' });
    const refused = Array.from({ length: MAX_WIRE_MAPPINGS }, () => ({ id: ID, code: 'mapping_invalid' }));
    expect(codeOf(() => parse({ type: 'config_ack', revision: 1, refused }))).toBe('no error');
    expect(codeOf(() => parse({ type: 'config_sync', revision: 1, mappings: [...mappings, mapping] }))).toBe(
      'protocol_error',
    );
    expect(
      codeOf(() => parse({ type: 'config_ack', revision: 1, refused: [...refused, ...refused.slice(0, 1)] })),
    ).toBe('protocol_error');
  });
});

describe('any JSON at all', () => {
  it('is read, ignored or refused by name', () => {
    const types = [...new Set(MESSAGES.map(({ type }) => type))];
    const allowed = ['no error', 'protocol_error', 'message_too_large'];
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(allowed).toContain(codeOf(() => parseControl(text)));
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.dictionary(fc.constantFrom(...fieldNames()), fc.jsonValue()),
        (type, fields) => {
          expect(allowed).toContain(codeOf(() => parse({ ...fields, type })));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('nested as deep as a message allows is no crash', () => {
    const depth = MAX_CONTROL_BYTES / 2 - 50;
    const text = `{"type":"heartbeat","timestamp":1,"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(parseControl(text)).toEqual({ type: 'heartbeat', timestamp: 1 });
  });
});

describe('the claims of a token', () => {
  const agent = { agentId: ID, epoch: 'e', slot: 0, attempt: 1, gatewayNonce: NONCE, agentNonce: NONCE };
  const gateway = { gatewayNonce: NONCE, agentNonce: NONCE, version: '1.2.3' };

  it('are taken as they are, without what a newer version adds', () => {
    expect(agentClaimsSchema.parse({ ...agent, iat: 1, exp: 2 })).toEqual(agent);
    expect(gatewayClaimsSchema.parse({ ...gateway, iat: 1 })).toEqual(gateway);
    for (const version of ['v', 'v'.repeat(64)])
      expect(gatewayClaimsSchema.parse({ ...gateway, version })).toMatchObject({ version });
    expect(agentClaimsSchema.safeParse({ ...agent, slot: 63, epoch: 'e'.repeat(64) }).success).toBe(true);
  });

  it.each([
    { agentId: 'me' },
    { epoch: '' },
    { epoch: 'e'.repeat(65) },
    { slot: -1 },
    { slot: 64 },
    { slot: 0.5 },
    { attempt: 0 },
    { attempt: 1.5 },
    { gatewayNonce: 'short' },
    { agentNonce: `${NONCE}=` },
  ])('of an agent are refused with %j', (change) => {
    expect(agentClaimsSchema.safeParse({ ...agent, ...change }).success).toBe(false);
  });

  it.each([{ gatewayNonce: '' }, { agentNonce: 5 }, { version: '' }, { version: 'v'.repeat(65) }])(
    'of a gateway are refused with %j',
    (change) => {
      expect(gatewayClaimsSchema.safeParse({ ...gateway, ...change }).success).toBe(false);
    },
  );
});

function fieldNames(): string[] {
  return [...new Set(MESSAGES.flatMap((message) => Object.keys(message)))].filter((name) => name !== 'type');
}
