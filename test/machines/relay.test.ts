// Owns the table of the relay: every phase × every event, the ignored ones included.

import { describe, expect, test } from 'vitest';
import type { RelayContext, RelayEffect, RelayInput, RelayPhase } from '../../machines/relay.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { EVENTS, GET, PATHS, POST, START_MS, relay, type Column, type Expectation } from './relayTable.ts';

type Ended = Extract<Expectation, object>;

function ended(
  kind: NonNullable<RelayContext['outcome']>['kind'],
  code: ErrorCode | null,
  ...effects: RelayEffect[]
): Ended {
  return { phase: 'ended', deadlineMs: null, outcome: { kind, code }, effects };
}

const abort = (code: ErrorCode): RelayEffect => ({ type: 'far.abort', code });
const failPage = (code: ErrorCode): RelayEffect => ({ type: 'near.fail', code });
const cutOff = (code: ErrorCode): RelayEffect => ({ type: 'near.cut', code });

const left = ended('left', 'cancelled', abort('cancelled'));
const cut = {
  'far.failed': ended('cut', 'origin_reset', cutOff('origin_reset')),
  'far.lost': ended('cut', 'tunnel_lost', cutOff('tunnel_lost')),
  'near.left': left,
  revoked: ended('cut', 'mapping_gone', abort('mapping_gone'), cutOff('mapping_gone')),
} as const;
const failed = {
  'far.failed': ended('failed', 'origin_reset', failPage('origin_reset')),
  'near.left': left,
  revoked: ended('failed', 'mapping_gone', abort('mapping_gone'), failPage('mapping_gone')),
} as const;
const lost = ended('failed', 'tunnel_lost', failPage('tunnel_lost'));
const reopened: Expectation = { phase: 'opening', deadlineMs: 8_000, effects: [{ type: 'far.reopen' }] };

/** A request with a body: the near side is still sending. */
const UPLOADING: Readonly<Record<RelayPhase, Column>> = {
  opening: {
    ...failed,
    'far.opened': { phase: 'awaiting', sends: 1, deadlineMs: null },
    'near.ended': { phase: 'opening', isUploading: false },
    'far.invited': 'ignored',
    'far.answered': 'ignored',
    'far.ended': 'ignored',
    'far.lost': lost,
    tick: 'ignored',
  },
  awaiting: {
    ...failed,
    'far.opened': 'ignored',
    'near.ended': { phase: 'awaiting', isUploading: false, deadlineMs: 63_000 },
    'far.invited': 'ignored',
    'far.answered': { phase: 'responding', deadlineMs: null, effects: [] },
    'far.ended': 'ignored',
    'far.lost': lost,
    tick: 'ignored',
  },
  responding: {
    ...cut,
    'far.opened': 'ignored',
    'near.ended': { phase: 'responding', isUploading: false },
    'far.invited': 'ignored',
    'far.answered': 'ignored',
    'far.ended': ended('complete', null, abort('cancelled')),
    tick: 'ignored',
  },
  upgraded: {
    ...cut,
    'far.opened': 'ignored',
    'near.ended': { phase: 'upgraded', isUploading: false, isFarOpen: true },
    'far.invited': 'ignored',
    'far.answered': 'ignored',
    'far.ended': { phase: 'upgraded', isFarOpen: false, isUploading: true },
    tick: 'ignored',
  },
  ended: {
    'far.opened': 'ignored',
    'near.ended': 'ignored',
    'far.invited': 'ignored',
    'far.answered': 'ignored',
    'far.ended': 'ignored',
    'far.failed': 'ignored',
    'far.lost': 'ignored',
    'near.left': 'ignored',
    revoked: 'ignored',
    tick: 'ignored',
  },
};

/** A repeatable request without a body: what differs from the above. */
const BODILESS: Readonly<Record<RelayPhase, Column>> = {
  opening: {
    ...UPLOADING.opening,
    'far.opened': { phase: 'awaiting', sends: 1, deadlineMs: 63_000 },
    'near.ended': 'ignored',
    'far.lost': reopened,
  },
  awaiting: {
    ...UPLOADING.awaiting,
    'near.ended': { phase: 'awaiting', deadlineMs: 63_000 },
    'far.lost': reopened,
  },
  responding: {
    ...UPLOADING.responding,
    'near.ended': 'ignored',
    'far.ended': ended('complete', null),
  },
  upgraded: {
    ...UPLOADING.upgraded,
    'near.ended': 'ignored',
    'far.ended': ended('complete', null),
  },
  ended: UPLOADING.ended,
};

describe.each<[string, RelayInput, typeof UPLOADING]>([
  ['a request with a body', POST, UPLOADING],
  ['a repeatable request without a body', GET, BODILESS],
])('%s', (_, input, table) => {
  const cells = Object.entries(table).flatMap(([phase, column]) =>
    Object.entries(column).map(([type, expected]) => ({ phase, type, expected })),
  );
  test.each(cells)('$phase × $type', ({ phase, type, expected }) => {
    const path = PATHS[phase as RelayPhase];
    const subject = relay(input, path);
    const before = { ...subject.now, effects: [] };
    expect(before.phase).toBe(phase);
    const after = subject.after(EVENTS[type as keyof typeof EVENTS]);
    expect(after).toEqual(expected === 'ignored' ? before : { ...before, ...expected });
  });
});

test('a fresh relay waits for its far side to open', () => {
  expect(relay(POST).now).toEqual({
    phase: 'opening',
    input: POST,
    isUploading: true,
    inviteAtMs: null,
    isFarOpen: true,
    sends: 0,
    deadlineMs: START_MS + 5_000,
    outcome: null,
    effects: [],
  });
});
