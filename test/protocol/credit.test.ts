// Windows: what is granted, how it grows and shrinks, and what the pool behind it can give.

import { describe, expect, it } from 'vitest';
import { ChannelWindow, ReceiveWindow, SendCredit, SparePool } from '../../protocol/credit.ts';
import {
  CHANNEL_WINDOW_BYTES,
  FLOOR_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_STREAMS,
  MAX_WINDOW_BYTES,
  REPORT_BYTES,
  SPARE_WINDOW_BYTES,
} from '../../protocol/limits.ts';
import { codeOf } from './wirePair.ts';

const EXTRA = INITIAL_WINDOW_BYTES - FLOOR_WINDOW_BYTES;

/** One whole window received in pieces, each consumed before the next comes. */
function passWindow(window: ReceiveWindow, pieces = 2): number {
  const bytes = window.sizeBytes / pieces;
  let granted = 0;
  for (let n = 0; n < pieces; n += 1) {
    window.receive(bytes);
    granted += window.consume(bytes);
  }
  return granted;
}

describe('the pool', () => {
  it('gives whole windows while it lasts, then floors', () => {
    const pool = new SparePool();
    const whole = Math.floor(SPARE_WINDOW_BYTES / EXTRA);
    for (let n = 0; n < whole; n += 1) expect(pool.takeInitial()).toBe(INITIAL_WINDOW_BYTES);
    expect(pool.takeInitial()).toBe(FLOOR_WINDOW_BYTES);
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES - whole * EXTRA);
    pool.release(FLOOR_WINDOW_BYTES);
    expect(pool.takeInitial()).toBe(FLOOR_WINDOW_BYTES);
    pool.release(INITIAL_WINDOW_BYTES);
    expect(pool.takeInitial()).toBe(INITIAL_WINDOW_BYTES);
  });

  it('gives its very last bytes', () => {
    const pool = new SparePool();
    pool.takeGiven(SPARE_WINDOW_BYTES - EXTRA + FLOOR_WINDOW_BYTES);
    expect(pool.freeBytes).toBe(EXTRA);
    expect(pool.takeInitial()).toBe(INITIAL_WINDOW_BYTES);
    expect(pool.freeBytes).toBe(0);
  });

  it('counts nothing for a window at or below the floor', () => {
    const pool = new SparePool();
    pool.takeGiven(0);
    pool.takeGiven(FLOOR_WINDOW_BYTES);
    pool.release(0);
    pool.release(FLOOR_WINDOW_BYTES);
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES);
    pool.takeGiven(FLOOR_WINDOW_BYTES + 5);
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES - 5);
    pool.release(FLOOR_WINDOW_BYTES + 5);
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES);
  });

  it('gives growth only from its first half', () => {
    const pool = new SparePool();
    expect(pool.takeGrowth(SPARE_WINDOW_BYTES / 2 + 1)).toBe(false);
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES);
    expect(pool.takeGrowth(SPARE_WINDOW_BYTES / 2)).toBe(true);
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES / 2);
    expect(pool.takeGrowth(1)).toBe(false);
  });

  it('and all floors fit the channel', () => {
    expect(SPARE_WINDOW_BYTES).toBeGreaterThan(0);
    expect(SPARE_WINDOW_BYTES + MAX_STREAMS * FLOOR_WINDOW_BYTES).toBe(CHANNEL_WINDOW_BYTES);
  });
});

describe('a stream’s window', () => {
  it('takes what was granted and not a byte more', () => {
    const window = new ReceiveWindow(10, new SparePool());
    window.receive(4);
    expect(codeOf(() => window.receive(7))).toBe('credit_overdrawn');
    window.receive(6);
    expect(window.heldBytes).toBe(10);
    expect(codeOf(() => window.receive(1))).toBe('credit_overdrawn');
  });

  it('grants again once half of it was consumed', () => {
    const window = new ReceiveWindow(INITIAL_WINDOW_BYTES, new SparePool());
    window.receive(INITIAL_WINDOW_BYTES);
    expect(window.consume(INITIAL_WINDOW_BYTES / 2 - 1)).toBe(0);
    expect(window.consume(1)).toBe(INITIAL_WINDOW_BYTES / 2);
    expect(window.consume(1)).toBe(0);
    window.receive(INITIAL_WINDOW_BYTES / 2);
    expect(codeOf(() => window.receive(1))).toBe('credit_overdrawn');
  });

  it('held back starts with nothing and grants the floor when asked', () => {
    const window = new ReceiveWindow(0, new SparePool());
    expect(window.sizeBytes).toBe(FLOOR_WINDOW_BYTES);
    expect(codeOf(() => window.receive(1))).toBe('credit_overdrawn');
    expect(window.grantPending()).toBe(FLOOR_WINDOW_BYTES);
    expect(window.grantPending()).toBe(0);
    window.receive(FLOOR_WINDOW_BYTES);
    expect(window.heldBytes).toBe(FLOOR_WINDOW_BYTES);
  });

  it('doubles after a whole one passed while the consumer kept up', () => {
    const pool = new SparePool();
    const window = new ReceiveWindow(INITIAL_WINDOW_BYTES, pool);
    expect(passWindow(window)).toBe(2 * INITIAL_WINDOW_BYTES);
    expect(window.sizeBytes).toBe(2 * INITIAL_WINDOW_BYTES);
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES - INITIAL_WINDOW_BYTES);
    window.receive(2 * INITIAL_WINDOW_BYTES);
    expect(codeOf(() => window.receive(1))).toBe('credit_overdrawn');
    window.release();
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES + INITIAL_WINDOW_BYTES - FLOOR_WINDOW_BYTES);
  });

  it.each(['first', 'second'])('does not grow the %s time before a whole one has passed', (time) => {
    const window = new ReceiveWindow(INITIAL_WINDOW_BYTES, new SparePool());
    if (time === 'second') passWindow(window);
    const { sizeBytes } = window;
    window.receive(sizeBytes - 1);
    expect(window.consume(sizeBytes - 1)).toBe(sizeBytes - 1);
    expect(window.sizeBytes).toBe(sizeBytes);
  });

  it('does not grow when more came while some was held, but may after the next whole one', () => {
    const window = new ReceiveWindow(INITIAL_WINDOW_BYTES, new SparePool());
    window.receive(1);
    window.receive(INITIAL_WINDOW_BYTES - 1);
    expect(window.consume(INITIAL_WINDOW_BYTES)).toBe(INITIAL_WINDOW_BYTES);
    expect(window.sizeBytes).toBe(INITIAL_WINDOW_BYTES);
    expect(passWindow(window)).toBe(2 * INITIAL_WINDOW_BYTES);
    expect(window.sizeBytes).toBe(2 * INITIAL_WINDOW_BYTES);
  });

  it('grows to its limit and no further', () => {
    const pool = new SparePool();
    const window = new ReceiveWindow(pool.takeInitial(), pool);
    for (let n = 0; n < 20; n += 1) passWindow(window);
    expect(window.sizeBytes).toBe(MAX_WINDOW_BYTES);
    window.release();
    expect(pool.freeBytes).toBe(SPARE_WINDOW_BYTES);
  });

  it('stays as it is when the pool gives no growth', () => {
    const pool = new SparePool();
    pool.takeGiven(SPARE_WINDOW_BYTES / 2 + FLOOR_WINDOW_BYTES);
    const window = new ReceiveWindow(FLOOR_WINDOW_BYTES, pool);
    for (let n = 0; n < 5; n += 1) expect(passWindow(window)).toBe(FLOOR_WINDOW_BYTES);
    expect(window.sizeBytes).toBe(FLOOR_WINDOW_BYTES);
  });

  it('grants nothing for bytes that are only settled', () => {
    const window = new ReceiveWindow(100, new SparePool());
    window.receive(100);
    window.settle(60);
    expect(window.heldBytes).toBe(40);
    expect(codeOf(() => window.receive(1))).toBe('credit_overdrawn');
  });
});

describe('the channel’s window', () => {
  it('takes its whole size and not a byte more', () => {
    const window = new ChannelWindow();
    window.receive(CHANNEL_WINDOW_BYTES - 1);
    expect(codeOf(() => window.receive(2))).toBe('credit_overdrawn');
    window.receive(1);
    expect(window.heldBytes).toBe(CHANNEL_WINDOW_BYTES);
    expect(codeOf(() => window.receive(1))).toBe('credit_overdrawn');
  });

  it('reports once enough arrived, with the credit that is due', () => {
    const window = new ChannelWindow();
    window.receive(REPORT_BYTES - 1);
    expect(window.takeReport()).toBeUndefined();
    window.receive(1);
    expect(window.takeReport()).toBe(0);
    expect(window.arrivedBytes).toBe(REPORT_BYTES);
    expect(window.takeReport()).toBeUndefined();
    window.receive(REPORT_BYTES);
    window.consume(10);
    expect(window.takeReport()).toBe(10);
  });

  it('reports once enough was consumed, and may then receive it again', () => {
    const window = new ChannelWindow();
    window.receive(CHANNEL_WINDOW_BYTES);
    expect(window.takeReport()).toBe(0);
    window.consume(REPORT_BYTES - 1);
    expect(window.takeReport()).toBeUndefined();
    expect(codeOf(() => window.receive(1))).toBe('credit_overdrawn');
    window.consume(1);
    expect(window.takeReport()).toBe(REPORT_BYTES);
    expect(window.takeReport()).toBeUndefined();
    expect(window.heldBytes).toBe(CHANNEL_WINDOW_BYTES - REPORT_BYTES);
    window.receive(REPORT_BYTES);
    expect(codeOf(() => window.receive(1))).toBe('credit_overdrawn');
  });
});

describe('a sender’s credit', () => {
  it('counts what was granted and spent, up to 2^31 - 1', () => {
    const credit = new SendCredit(10);
    credit.spend(4);
    credit.add(1);
    expect(credit.bytes).toBe(7);
    credit.add(0x7fff_ffff - 7);
    expect(credit.bytes).toBe(0x7fff_ffff);
    expect(codeOf(() => credit.add(1))).toBe('protocol_error');
  });
});
