// Addresses of a mapping as people read and open them.

import { shallowRef } from 'vue';
import {
  publicAddressOf,
  publicUrlOf,
  type Entrance,
  type PublicAddress,
} from '../../protocol/api/entrance.ts';
import { unicodeHost } from './unicodeHost.ts';

interface Target {
  readonly internalProtocol: 'http' | 'https';
  readonly internalHost: string;
  readonly internalPort: number;
}

const entrance = shallowRef<Entrance | null>(null);

/** The agent has said where visitors come in; null: at each mapping's own port. From now on addresses are said so. */
export function followEntrance(told: Entrance | null): void {
  const { value } = entrance;
  // The same again would have every address of a page written anew.
  if (told?.port === value?.port && told?.rootFile === value?.rootFile) return;
  entrance.value = told;
}

/** `app.example.com`, in the letters of its owner, with the port where visitors need it. */
export function sayPublicAddress(address: PublicAddress): string {
  return publicAddressOf({ ...address, externalDomain: unicodeHost(address.externalDomain) }, entrance.value);
}

/** For a link. */
export function publicUrl(address: PublicAddress): string {
  return publicUrlOf(address, entrance.value);
}

/** The certificate that a visitor has to trust, a file on the agent's machine; null: one that everybody does, or none. */
export function rootFile(): string | null {
  return entrance.value?.rootFile ?? null;
}

/** `http://192.168.1.10:3000`. */
export function sayTarget({ internalProtocol, internalHost, internalPort }: Target): string {
  const host = internalHost.includes(':') ? `[${internalHost}]` : internalHost;
  return `${internalProtocol}://${host}:${internalPort}`;
}
