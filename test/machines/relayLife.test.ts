// Owns the tests of a relay's life across events: deadlines, resends, invitations, and half-close.

import { describe, expect, test } from 'vitest';
import { INVITE_AFTER_MS, type RelayEvent } from '../../machines/relay.ts';
import { EVENTS, GET, PATHS, POST, relay } from './relayTable.ts';

const tick = (nowMs: number): RelayEvent => ({ type: 'tick', nowMs });
const OPENED: RelayEvent = { type: 'far.opened', nowMs: 2_000 };
const LOST = EVENTS['far.lost'];

describe('deadlines', () => {
  test('a far side that does not open in time fails the request with the code of its owner', () => {
    const subject = relay(GET);
    expect(subject.after(tick(5_999)).phase).toBe('opening');
    expect(subject.after(tick(6_000))).toMatchObject({
      outcome: { kind: 'failed', code: 'tunnel_offline' },
      effects: [
        { type: 'far.abort', code: 'tunnel_offline' },
        { type: 'near.fail', code: 'tunnel_offline' },
      ],
    });
  });

  test('the head is waited for from the moment a bodiless request was passed on', () => {
    const subject = relay(GET, [OPENED]);
    expect(subject.after(tick(61_999)).phase).toBe('awaiting');
    expect(subject.after(tick(62_000))).toMatchObject({
      outcome: { kind: 'failed', code: 'head_timeout' },
      effects: [
        { type: 'far.abort', code: 'head_timeout' },
        { type: 'near.fail', code: 'head_timeout' },
      ],
    });
  });

  test('an upload may take as long as it likes: the head is waited for from its last byte', () => {
    const subject = relay(POST, [OPENED]);
    expect(subject.after(tick(9_000_000)).phase).toBe('awaiting');
    subject.after({ type: 'near.ended', nowMs: 9_000_000 });
    expect(subject.after(tick(9_059_999)).phase).toBe('awaiting');
    expect(subject.after(tick(9_060_000)).outcome?.code).toBe('head_timeout');
  });

  test('an upload that ends before the far side opened starts the head deadline at the opening', () => {
    const subject = relay(POST, [{ type: 'near.ended', nowMs: 1_500 }]);
    expect(subject.now.deadlineMs).toBe(6_000);
    expect(subject.after(OPENED).deadlineMs).toBe(62_000);
  });

  test('an upgrade has no last byte to wait for: its head is waited for from the start', () => {
    const subject = relay({ ...POST, isUpgrade: true }, [OPENED]);
    expect(subject.after(tick(61_999)).phase).toBe('awaiting');
    expect(subject.after(tick(62_000)).outcome?.code).toBe('head_timeout');
  });

  test('an end without a head deadline leaves it to the other end', () => {
    const subject = relay({ ...GET, headTimeoutMs: null }, [OPENED]);
    expect(subject.now.deadlineMs).toBeNull();
    expect(subject.after(tick(9_000_000)).phase).toBe('awaiting');
  });

  test('an answer that has begun has no deadline, nor has an upgrade', () => {
    for (const phase of ['responding', 'upgraded'] as const)
      expect(relay(GET, PATHS[phase]).after(tick(9_000_000)).phase).toBe(phase);
  });
});

describe('a way to the far side that dies', () => {
  test('repeats a repeatable request once, and only once', () => {
    const subject = relay(GET, [OPENED]);
    expect(subject.after(LOST).effects).toEqual([{ type: 'far.reopen' }]);
    expect(subject.after({ type: 'far.opened', nowMs: 4_000 })).toMatchObject({
      phase: 'awaiting',
      sends: 2,
      deadlineMs: 64_000,
      effects: [],
    });
    expect(subject.after(LOST)).toMatchObject({
      outcome: { kind: 'failed', code: 'tunnel_lost' },
      effects: [{ type: 'near.fail', code: 'tunnel_lost' }],
    });
  });

  test('holds the repeated request no longer than a first one', () => {
    const subject = relay(GET, [OPENED, LOST]);
    expect(subject.after(tick(7_999)).phase).toBe('opening');
    expect(subject.after(tick(8_000)).outcome).toEqual({ kind: 'failed', code: 'tunnel_offline' });
  });

  test('holds it by what is known of a far side that was there, not by what was known before', () => {
    const input = { ...GET, openTimeoutMs: 100, openTimeoutCode: 'unknown_host' } as const;
    expect(relay(input).after(tick(1_100)).outcome).toEqual({ kind: 'failed', code: 'unknown_host' });
    const subject = relay(input, [{ type: 'far.opened', nowMs: 1_050 }, LOST]);
    expect(subject.after(tick(7_999)).phase).toBe('opening');
    expect(subject.after(tick(8_000)).outcome).toEqual({ kind: 'failed', code: 'tunnel_offline' });
  });

  test('never repeats a request whose answer has begun', () => {
    expect(relay(GET, PATHS.responding).after(LOST).effects).toEqual([
      { type: 'near.cut', code: 'tunnel_lost' },
    ]);
  });
});

describe('a body that is held back', () => {
  const HELD = { ...POST, isHeldBack: true };
  const INVITED = [{ type: 'near.invite' }];

  test('is invited when the far side asks for it, once', () => {
    const subject = relay(HELD, [OPENED]);
    expect(subject.after(EVENTS['far.invited']).effects).toEqual(INVITED);
    expect(subject.after(EVENTS['far.invited']).effects).toEqual([]);
    expect(subject.after(tick(9_000)).effects).toEqual([]);
  });

  test('is invited unasked when the far side ignores the expectation for a second, once', () => {
    const subject = relay(HELD, [OPENED]);
    expect(subject.after(tick(2_000 + INVITE_AFTER_MS - 1)).effects).toEqual([]);
    expect(subject.after(tick(2_000 + INVITE_AFTER_MS)).effects).toEqual(INVITED);
    expect(subject.after(tick(2_000 + INVITE_AFTER_MS)).effects).toEqual([]);
    expect(INVITE_AFTER_MS).toBe(1_000);
  });

  test('is not invited when it came of itself', () => {
    const subject = relay(HELD, [OPENED, EVENTS['near.ended']]);
    expect(subject.after(tick(9_000)).effects).toEqual([]);
    expect(relay(HELD, [EVENTS['near.ended'], OPENED]).after(tick(9_000)).effects).toEqual([]);
  });

  test('is not invited once the answer is there, nor while the far side is not open', () => {
    const answered = relay(HELD, [OPENED, EVENTS['far.answered']]);
    expect(answered.after(tick(9_000)).effects).toEqual([]);
    expect(relay(HELD).after(tick(5_000)).effects).toEqual([]);
  });
});

describe('an answer', () => {
  test('without a body is over with its head', () => {
    const bare: RelayEvent = { type: 'far.answered', isUpgrade: false, hasBody: false };
    expect(relay(GET, [OPENED]).after(bare)).toMatchObject({
      phase: 'ended',
      outcome: { kind: 'complete', code: null },
      effects: [],
    });
    expect(relay(POST, [OPENED]).after(bare).effects).toEqual([{ type: 'far.abort', code: 'cancelled' }]);
  });

  test('that is whole before the upload is ends the upload', () => {
    const subject = relay(POST, PATHS.responding);
    expect(subject.after(EVENTS['far.ended']).effects).toEqual([{ type: 'far.abort', code: 'cancelled' }]);
  });

  test('that outlasts the upload is complete with its own end, and nobody is told to stop', () => {
    const subject = relay(POST, [...PATHS.responding, EVENTS['near.ended']]);
    expect(subject.after(EVENTS['far.ended'])).toMatchObject({ outcome: { kind: 'complete' }, effects: [] });
  });
});

describe('an upgraded stream', () => {
  const NEAR = EVENTS['near.ended'];
  const FAR = EVENTS['far.ended'];
  test.each([
    ['near first', [NEAR, FAR]],
    ['far first', [FAR, NEAR]],
  ])('ends when both sides have ended, %s, and neither is told to stop', (_, [first, second]) => {
    const subject = relay(POST, PATHS.upgraded);
    expect(subject.after(...(first === undefined ? [] : [first]))).toMatchObject({
      phase: 'upgraded',
      effects: [],
    });
    expect(subject.after(...(second === undefined ? [] : [second]))).toMatchObject({
      phase: 'ended',
      outcome: { kind: 'complete', code: null },
      effects: [],
    });
  });
});
