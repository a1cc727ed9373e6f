// Mappings as the API shows them, for tests.

import type { MappingView } from '../../protocol/api/mappings.ts';

export const ID = '00000000-0000-4000-8000-000000000001';

export function view(change: Partial<MappingView> = {}): MappingView {
  return {
    id: ID,
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:00.000Z',
    name: 'Photos',
    externalDomain: 'photos.example.com',
    externalPort: 443,
    internalProtocol: 'http',
    internalHost: 'nas.local',
    internalPort: 8080,
    allowInvalidCertificates: false,
    hostHeader: 'preserve',
    enabled: true,
    route: { state: 'active', appliedAt: '2026-01-31T12:00:01.000Z' },
    activity: { lastSeen: null, requestsLastHour: 0 },
    ...change,
  };
}
