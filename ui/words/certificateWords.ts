// The states of a certificate in words, where there is something to say: one that is good needs none.

import type { Certificate } from '../../protocol/api/mappings.ts';
import type { Words } from './tones.ts';

export function wordsOfCertificate(certificate: Certificate, nowMs: number): Words | null {
  switch (certificate.state) {
    case 'pending':
      return {
        tone: certificate.reason === undefined ? 'busy' : 'warn',
        label: 'Certificate pending',
        says: certificate.reason ?? 'The certificate is being issued.',
      };
    case 'failed':
      return {
        tone: 'bad',
        label: 'No certificate',
        says: certificate.reason ?? 'The certificate could not be issued.',
      };
    case 'issued':
      return wordsOfIssued(certificate, nowMs);
  }
}

/** `reason`: it should have been renewed by now, or something is known to stand in the way of that; told while it is good. */
function wordsOfIssued({ expiresAt, reason }: Certificate, nowMs: number): Words | null {
  const leftMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - nowMs;
  if (leftMs <= 0)
    return {
      tone: 'bad',
      label: 'Certificate has ended',
      says: 'The certificate is no longer valid: the log of the web server says why it was not renewed.',
    };
  return reason === undefined ? null : { tone: 'warn', label: 'Certificate not renewed', says: reason };
}
