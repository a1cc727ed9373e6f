// Addresses of a mapping as people read and open them.

interface PublicAddress {
  readonly externalDomain: string;
  readonly externalPort: number;
}

interface Target {
  readonly internalProtocol: 'http' | 'https';
  readonly internalHost: string;
  readonly internalPort: number;
}

/** `app.example.com`, with the port where it is not 443. */
export function sayPublicAddress({ externalDomain, externalPort }: PublicAddress): string {
  return externalPort === 443 ? externalDomain : `${externalDomain}:${externalPort}`;
}

/** For a link: visitors come over TLS. */
export function publicUrl(address: PublicAddress): string {
  return `https://${sayPublicAddress(address)}/`;
}

/** `http://192.168.1.10:3000`. */
export function sayTarget({ internalProtocol, internalHost, internalPort }: Target): string {
  const host = internalHost.includes(':') ? `[${internalHost}]` : internalHost;
  return `${internalProtocol}://${host}:${internalPort}`;
}
