// The order in which mappings are told. Databases sort text each in a way of their own: SQL Server skips hyphens.

import type { Mapping } from '../../../protocol/mapping.ts';

/** By domain, bytewise, then by port. */
export function byDomainAndPort(one: Place, other: Place): number {
  if (one.externalDomain !== other.externalDomain) return one.externalDomain < other.externalDomain ? -1 : 1;
  return one.externalPort - other.externalPort;
}

type Place = Pick<Mapping, 'externalDomain' | 'externalPort'>;
