// Where visitors come in, and so what the address of a mapping is to them.

import { z } from 'zod';

/** Of a gateway that the agent knows from inside, as with `octoporty up`. Without one: by TLS, at the mapping's own port. */
export const entranceSchema = z.object({
  port: z.int().min(1).max(65_535),
  /** The certificate that a visitor has to trust, a file on the agent's machine; null: it is plain HTTP. */
  rootFile: z.string().nullable(),
});
export type Entrance = z.output<typeof entranceSchema>;

export interface PublicAddress {
  readonly externalDomain: string;
  readonly externalPort: number;
}

/** `app.example.com`, with the port where it is not the usual one. */
export function publicAddressOf(
  { externalDomain, externalPort }: PublicAddress,
  entrance: Entrance | null,
): string {
  const port = entrance === null ? externalPort : portAt(externalPort, entrance);
  return port === (isPlain(entrance) ? 80 : 443) ? externalDomain : `${externalDomain}:${port}`;
}

/** What a visitor opens: `https://app.example.com/`. */
export function publicUrlOf(address: PublicAddress, entrance: Entrance | null): string {
  return `${isPlain(entrance) ? 'http' : 'https'}://${publicAddressOf(address, entrance)}/`;
}

/** Without a web server in front every port leads to the gateway's one; with it 443 is moved, and no other is offered. */
function portAt(externalPort: number, entrance: Entrance): number {
  return isPlain(entrance) || externalPort === 443 ? entrance.port : externalPort;
}

function isPlain(entrance: Entrance | null): boolean {
  return entrance !== null && entrance.rootFile === null;
}
