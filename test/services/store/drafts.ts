// Valid drafts to put into a store.

import { newMappingSchema, type NewMapping } from '../../../protocol/mapping.ts';

/** A valid draft; what is given replaces its fields before parsing. */
export function draft(fields: Record<string, unknown> = {}): NewMapping {
  return newMappingSchema.parse({
    name: 'App',
    externalDomain: 'app.example.com',
    internalHost: 'localhost',
    internalPort: 3000,
    internalProtocol: 'http',
    ...fields,
  });
}
