// The table of codes: complete, unambiguous, and fit to be read by a visitor.

import { describe, expect, it } from 'vitest';
import {
  TunnelError,
  closeCodeOf,
  describeError,
  errorCodes,
  errorOfCloseCode,
  errorOfNumber,
  toTunnelError,
  visitorErrorOf,
} from '../../protocol/errors.ts';

describe('the table of errors', () => {
  it('gives every code its own number', () => {
    const numbers = errorCodes().map((code) => describeError(code).number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.length).toBeGreaterThan(40);
  });

  it.each(errorCodes())('%s is found again by its number and its close code', (code) => {
    expect(errorOfNumber(describeError(code).number)).toBe(code);
    expect(closeCodeOf(code)).toBe(4000 + describeError(code).number);
    expect(closeCodeOf(code)).toBeLessThan(5000);
    expect(errorOfCloseCode(closeCodeOf(code))).toBe(code);
  });

  it.each(errorCodes())('%s has a status of an error and a sentence for a person', (code) => {
    const { status, says, retryable } = describeError(code);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(typeof retryable).toBe('boolean');
    expect(says).toMatch(/^[A-Z][^\n]+\.$/);
    expect(says).not.toMatch(/undefined|null|\bstack\b|node:|\d+\.\d+\.\d+|\/(home|tmp|data)\b|localhost/i);
  });

  it('reads an unknown number as internal and an unknown close code as a closed wire', () => {
    expect(errorOfNumber(0)).toBe('internal');
    expect(errorOfNumber(65_535)).toBe('internal');
    expect(errorOfCloseCode(1000)).toBe('wire_closed');
    expect(errorOfCloseCode(1006)).toBe('wire_closed');
    expect(errorOfCloseCode(4000)).toBe('wire_closed');
    expect(errorOfCloseCode(4999)).toBe('wire_closed');
  });
});

describe('a TunnelError', () => {
  it('says what its code says, with a detail for logs', () => {
    const plain = new TunnelError('tunnel_lost');
    expect(plain).toBeInstanceOf(Error);
    expect(plain.name).toBe('TunnelError');
    expect(plain.code).toBe('tunnel_lost');
    expect(plain.message).toBe(describeError('tunnel_lost').says);
    expect(new TunnelError('tunnel_lost', 'stream 5').message).toBe(
      `${describeError('tunnel_lost').says} (stream 5)`,
    );
    const cause = new Error('below');
    expect(new TunnelError('internal', 'x', { cause }).cause).toBe(cause);
  });

  it('comes out of any thrown value', () => {
    const own = new TunnelError('overloaded');
    expect(toTunnelError(own)).toBe(own);
    const foreign = new RangeError('out of range');
    expect(toTunnelError(foreign)).toMatchObject({ code: 'internal', cause: foreign });
    expect(toTunnelError(foreign).message).toContain('(out of range)');
    expect(toTunnelError('a text')).toMatchObject({ code: 'internal', cause: 'a text' });
    expect(toTunnelError('a text').message).toContain('(a text)');
  });
});

describe('what a visitor may hear', () => {
  it('is the code itself when it is about their request', () => {
    for (const code of ['unknown_host', 'origin_refused', 'head_timeout', 'internal'] as const) {
      expect(visitorErrorOf(code)).toBe(code);
    }
  });

  it('is nothing of ours: a vanished mapping is an unknown host, the rest a lost tunnel', () => {
    expect(visitorErrorOf('mapping_gone')).toBe('unknown_host');
    for (const code of errorCodes().filter(
      (one) => describeError(one).number > describeError('internal').number,
    )) {
      expect(['unknown_host', 'tunnel_lost']).toContain(visitorErrorOf(code));
      if (code !== 'mapping_gone') expect(visitorErrorOf(code)).toBe('tunnel_lost');
    }
  });
});
