// What the origin is asked: the gateway's head with the Host that the mapping wants.

import type { RequestHead } from '../../protocol/head.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import type { OriginRequest } from './originDispatcher.ts';
import { valuesOf } from '../../protocol/headers.ts';

/** The part of a mapping that says where its requests go, and how. */
export type MappingTarget = Pick<
  Mapping,
  'internalProtocol' | 'internalHost' | 'internalPort' | 'allowInvalidCertificates' | 'hostHeader'
>;

/** The part of a visitor's request that an origin is told. */
export type PassedHead = Pick<
  RequestHead,
  'method' | 'target' | 'headers' | 'hasBody' | 'isUpgrade' | 'expectsContinue'
>;

/** The name the visitor asked for: lower case, without port and trailing dot. */
export function publicHostOf(head: RequestHead): string {
  return nameOf(valuesOf(head.headers, 'host')[0] ?? '');
}

/** The whole request for the mapping's origin. */
export function originRequestOf(
  head: PassedHead,
  mapping: MappingTarget,
  isFreshConnection: boolean,
): OriginRequest {
  const {
    internalProtocol: protocol,
    internalHost: host,
    internalPort: port,
    allowInvalidCertificates,
  } = mapping;
  const sentHost = hostHeaderFor(mapping, valuesOf(head.headers, 'host')[0] ?? '');
  return {
    target: { protocol, host, port, allowInvalidCertificates, serverName: nameOf(sentHost) },
    method: head.method,
    path: head.target,
    headers: head.headers.map((part, n, all) =>
      n % 2 === 1 && all[n - 1]?.toLowerCase() === 'host' ? sentHost : part,
    ),
    hasBody: head.hasBody,
    isUpgrade: head.isUpgrade,
    expectsContinue: head.expectsContinue,
    isFreshConnection,
  };
}

function hostHeaderFor(mapping: MappingTarget, visitorHost: string): string {
  if (mapping.hostHeader === 'preserve') return visitorHost;
  if (mapping.hostHeader !== 'target') return mapping.hostHeader;
  const { internalHost, internalPort, internalProtocol } = mapping;
  const host = internalHost.includes(':') ? `[${internalHost}]` : internalHost;
  const isDefaultPort = internalPort === (internalProtocol === 'https' ? 443 : 80);
  return isDefaultPort ? host : `${host}:${internalPort}`;
}

function nameOf(host: string): string {
  return host
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}
