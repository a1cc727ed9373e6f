// Node's errors as what a visitor is told.

import { describe, expect, it } from 'vitest';
import { TunnelError, type ErrorCode } from '../../../protocol/errors.ts';
import { certificateFaultOf, failureOf } from '../../../services/agent/originErrors.ts';

const errorOf = (code: string) => Object.assign(new Error(`it was ${code}`), { code });

describe('an error while connecting', () => {
  it.each<[string, ErrorCode]>([
    ['ECONNREFUSED', 'origin_refused'],
    ['ENOTFOUND', 'origin_dns'],
    ['EAI_AGAIN', 'origin_dns'],
    ['EAI_NODATA', 'origin_dns'],
    ['EHOSTUNREACH', 'origin_unreachable'],
    ['ENETUNREACH', 'origin_unreachable'],
    ['ETIMEDOUT', 'connect_timeout'],
    ['ECONNRESET', 'origin_reset'],
    ['EPIPE', 'origin_reset'],
    ['EPROTO', 'origin_tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'origin_tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'origin_tls'],
    ['HPE_INVALID_CONSTANT', 'origin_invalid'],
    ['EMFILE', 'overloaded'],
    ['EWHATEVER', 'internal'],
  ])('%s is %s, and keeps its own words for our logs', (name, code) => {
    const failure = failureOf(errorOf(name), 'connecting');
    expect(failure.code).toBe(code);
    expect(failure.detail).toContain(`it was ${name}`);
  });

  it('over several addresses is the most telling of them', () => {
    const of = (...names: string[]) => failureOf(new AggregateError(names.map(errorOf)), 'connecting').code;
    expect(of('ENETUNREACH', 'ECONNREFUSED')).toBe('origin_refused');
    expect(of('ECONNREFUSED', 'ETIMEDOUT')).toBe('origin_refused');
    expect(of('ENETUNREACH', 'ETIMEDOUT')).toBe('connect_timeout');
    expect(of('EWHATEVER', 'EHOSTUNREACH')).toBe('origin_unreachable');
    expect(of('EWHATEVER')).toBe('internal');
    expect(of()).toBe('internal');
  });

  it('of our own keeps its code', () => {
    expect(failureOf(new TunnelError('origin_forbidden', 'why'), 'connecting').code).toBe('origin_forbidden');
  });

  it('that is no error at all is internal', () => {
    for (const thrown of ['text', null, { code: 7 }])
      expect(failureOf(thrown, 'connecting').code).toBe('internal');
  });
});

describe('a fault of TLS', () => {
  it.each<[string, string | undefined]>([
    ['EPROTO', 'it does not speak TLS on this port'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS on this port'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
    ['ECONNRESET', undefined],
  ])('%s has words of its own, if it is one', (name, why) => {
    const fault = certificateFaultOf(errorOf(name));
    if (why === undefined) expect(fault).toBeUndefined();
    else expect(fault).toContain(why);
  });
});

describe('an error while handshaking', () => {
  it.each<[string, string]>([
    ['CERT_HAS_EXPIRED', 'has expired'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'authority'],
    ['SOME_NEW_CERTIFICATE_FAULT', 'it was'],
  ])('%s is origin_tls', (name, why) => {
    const failure = failureOf(errorOf(name), 'handshaking');
    expect(failure.code).toBe('origin_tls');
    expect(failure.detail).toContain(why);
  });

  it('that is a cut is no certificate', () => {
    expect(failureOf(errorOf('ECONNRESET'), 'handshaking').code).toBe('origin_reset');
  });
});

describe('an error on a connection that stood', () => {
  it.each(['ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET'])('%s is origin_reset', (name) => {
    expect(failureOf(errorOf(name), 'connected').code).toBe('origin_reset');
  });
});
