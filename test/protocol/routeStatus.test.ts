// What a gateway tells an agent of routes: bounded, and read by agents that know fewer states.

import { describe, expect, it } from 'vitest';
import { encodeControl, parseControl } from '../../protocol/control.ts';
import { MAX_CONTROL_BYTES, MAX_TOLD_REASON_CHARS, MAX_TOLD_ROUTES } from '../../protocol/limits.ts';
import { codeOf } from './wirePair.ts';

const ID = '7a3f0c1e-5d52-4b8e-9f0a-2f6f3f1f0c11';

describe('what a gateway tells of routes', () => {
  const route = { id: ID, state: 'conflict', reason: 'r'.repeat(MAX_TOLD_REASON_CHARS) };
  const parse = (routes: unknown) => parseControl(JSON.stringify({ type: 'route_status', routes }));

  it('fits a control message with as many as may be in it, when there is nothing more to say of them', () => {
    const bare = { id: ID, state: 'conflict' as const, reason: '' };
    const routes = Array.from({ length: MAX_TOLD_ROUTES }, () => bare);
    const text = encodeControl({ type: 'route_status', routes });
    expect(text.length).toBeLessThan(MAX_CONTROL_BYTES);
    expect(parseControl(text)).toEqual({ type: 'route_status', routes });
  });

  it('reads a state of a newer gateway as pending', () => {
    expect(parse([{ ...route, state: 'hesitant' }])).toMatchObject({ routes: [{ state: 'pending' }] });
  });

  it('tells of a certificate, and reads a state of it that is not known as pending', () => {
    const certificate = {
      state: 'failed',
      reason: 'r'.repeat(MAX_TOLD_REASON_CHARS),
      expiresAtMs: null,
    };
    const told = { ...route, certificate };
    expect(parse([told])).toEqual({ type: 'route_status', routes: [told] });
    expect(parse([{ ...route, certificate: { ...certificate, state: 'doubtful' } }])).toMatchObject({
      routes: [{ certificate: { state: 'pending' } }],
    });
    expect(parse([route])).toEqual({ type: 'route_status', routes: [route] });
  });

  it('takes no notice of what only a newer gateway tells of a route', () => {
    const newer = { ...route, quality: { grade: 'A' } };
    expect(parse([newer])).toEqual({ type: 'route_status', routes: [route] });
  });

  it.each([
    [{ reason: 'r'.repeat(MAX_TOLD_REASON_CHARS + 1) }],
    [{ expiresAtMs: undefined }],
    [{ expiresAtMs: 253_402_300_800_000 }],
    [{ state: undefined }],
  ])('is refused with a certificate of %j', (wrong) => {
    const certificate = { state: 'issued', reason: '', expiresAtMs: 1, ...wrong };
    expect(codeOf(() => parse([{ ...route, certificate }]))).toBe('protocol_error');
  });

  it.each([
    ['one route more', Array.from({ length: MAX_TOLD_ROUTES + 1 }, () => ({ ...route, reason: '' }))],
    ['an id that is none', [{ ...route, id: 'x' }]],
    ['a state too long', [{ ...route, state: 's'.repeat(65) }]],
    ['no state', [{ id: ID, reason: '' }]],
    ['no reason', [{ id: ID, state: 'applied' }]],
    ['a reason too long', [{ ...route, reason: `${route.reason}r` }]],
  ])('is refused with %s', (_, wrong) => {
    expect(codeOf(() => parse(wrong))).toBe('protocol_error');
  });
});
