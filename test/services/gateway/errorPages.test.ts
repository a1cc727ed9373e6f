// What a visitor reads when a request cannot be served.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeError, errorCodes } from '../../../protocol/errors.ts';
import { valuesOf } from '../../../protocol/headers.ts';
import { errorPage } from '../../../services/gateway/errorPages.ts';

const page = (code: Parameters<typeof errorPage>[0] = 'origin_refused', accept = '', isHead = false) => {
  const made = errorPage(code, { accept, requestId: 'request-1', isHead });
  const text = made.body.toString();
  return { ...made, text, value: (name: string) => valuesOf(made.headers, name).join('|') };
};

describe('an error page', () => {
  it.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['', 'text/plain'],
    ['*/*', 'text/plain'],
    ['text/html;q=0.1, application/json', 'application/problem+json'],
    ['application/json, text/plain, */*', 'application/problem+json'],
    ['application/problem+json', 'application/problem+json'],
    ['text/html;q=0, text/plain', 'text/plain'],
    ['TEXT/HTML', 'text/html'],
    ['image/png', 'text/plain'],
    ['constructor, __proto__;q=2', 'text/plain'],
    [';;q=,,q=x', 'text/plain'],
  ])('for Accept %j is %s', (accept, type) => {
    expect(page('origin_refused', accept).value('content-type')).toContain(type);
  });

  it('carries its code and request id once, is not stored, and says its length', () => {
    const { value, body, status } = page();
    expect(status).toBe(502);
    expect(value('x-octoporty-error')).toBe('origin_refused');
    expect(value('x-request-id')).toBe('request-1');
    expect(value('cache-control')).toBe('no-store');
    expect(value('x-content-type-options')).toBe('nosniff');
    expect(value('content-length')).toBe(String(body.length));
  });

  it.each([
    [400, ['bad_request']],
    [404, ['unknown_host']],
    [431, ['head_too_large']],
    [500, ['internal']],
    [502, ['tunnel_lost', 'origin_refused', 'origin_unreachable', 'origin_reset', 'origin_dns']],
    [502, ['origin_tls', 'origin_invalid', 'origin_forbidden']],
    [503, ['tunnel_offline', 'overloaded', 'draining']],
    [504, ['connect_timeout', 'head_timeout']],
    [508, ['loop_detected']],
  ] as const)('with status %d says %j', (status, codes) => {
    for (const code of codes) {
      const made = page(code);
      expect([code, made.status, made.value('x-octoporty-error')]).toEqual([code, status, code]);
      expect(made.value('retry-after')).toBe(status === 503 ? '5' : '');
    }
  });

  it('allows its own style and nothing else', () => {
    const { text, value } = page('origin_refused', 'text/html');
    const style = /<style>([^]*)<\/style>/.exec(text)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(value('content-security-policy')).toContain(`default-src 'none'; style-src 'sha256-${hash}'`);
    expect(text).not.toMatch(/<script|style=|https?:/);
  });

  it.each([
    ['bad_request', 'You'],
    ['unknown_host', 'Gateway'],
    ['tunnel_offline', 'Tunnel'],
    ['origin_tls', 'Service'],
    ['head_timeout', 'Service'],
    ['overloaded', 'Gateway'],
  ] as const)('for %s shows the chain broken at %s', (code, link) => {
    expect(page(code).text).toContain(`[${link} ✕]`);
    expect(page(code, 'text/html').text).toContain(`<li class="broken"><span>${link}<b`);
  });

  it('as a problem says all that a program needs (RFC 9457)', () => {
    expect(JSON.parse(page('tunnel_lost', 'application/json').text)).toMatchObject({
      type: 'about:blank',
      title: 'Bad Gateway',
      status: 502,
      code: 'tunnel_lost',
      requestId: 'request-1',
    });
  });

  it('says when to try again where waiting helps', () => {
    expect(page('tunnel_offline').value('retry-after')).toBe('5');
    expect(page('origin_refused').value('retry-after')).toBe('');
    const { headers } = errorPage('overloaded', {
      accept: '',
      requestId: '',
      isHead: false,
      retryAfterSeconds: 1.2,
    });
    expect(valuesOf(headers, 'retry-after')).toEqual(['2']);
  });

  it('to HEAD has the lines and no body', () => {
    const { body, value } = page('origin_refused', '', true);
    expect(body).toHaveLength(0);
    expect(value('content-length')).toBe(String(page().body.length));
  });

  it('exists for every code, in every form', () => {
    for (const code of errorCodes()) {
      for (const accept of ['text/html', 'application/json', '']) {
        const made = page(code, accept);
        expect(made.status).toBe(describeError(code).status);
        expect(made.text).toContain('request-1');
      }
    }
  });
});
