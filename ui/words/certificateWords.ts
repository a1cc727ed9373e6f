// The states of a certificate in words, where there is something to say: one that is valid for long needs none.

import type { Certificate } from '../../protocol/api/mappings.ts';
import type { Words } from './tones.ts';

/** Certificates are renewed long before: one that is that near its end is not. */
const SOON_MS = 7 * 86_400_000;

export function wordsOfCertificate(certificate: Certificate, nowMs: number): Words | null {
  switch (certificate.state) {
    case 'pending':
      return { tone: 'busy', label: 'Certificate pending', says: 'The certificate is being issued.' };
    case 'failed':
      return {
        tone: 'bad',
        label: 'No certificate',
        says: certificate.reason ?? 'The certificate could not be issued.',
      };
    case 'issued':
      return wordsOfExpiry(certificate.expiresAt, nowMs);
  }
}

function wordsOfExpiry(expiresAt: string | undefined, nowMs: number): Words | null {
  if (expiresAt === undefined) return null;
  const leftMs = new Date(expiresAt).getTime() - nowMs;
  if (leftMs > SOON_MS) return null;
  return leftMs > 0
    ? {
        tone: 'warn',
        label: 'Certificate ends soon',
        says: 'The certificate has not been renewed yet: the log of the web server says why.',
      }
    : {
        tone: 'bad',
        label: 'Certificate has ended',
        says: 'The certificate is no longer valid: the log of the web server says why it was not renewed.',
      };
}
