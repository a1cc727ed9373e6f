// What everybody may ask as the API's document tells it: how the agent is, and the document itself.

import { z } from 'zod';
import { healthSchema, readinessSchema } from '../../../../protocol/api/status.ts';
import { get, ok, tagged } from './operation.ts';

export const HEALTH_OPERATIONS = tagged('health', [
  get(
    '/health',
    'readHealth',
    'Whether restarting the agent would help. A lost tunnel or database is `degraded`: it would not.',
    {
      isOpen: true,
      answers: {
        200: { says: 'It runs.', schema: healthSchema },
        503: { says: 'The database has never been reached since the start.', schema: healthSchema },
      },
    },
  ),
  get('/health/ready', 'readReadiness', 'Whether database and tunnel are both good.', {
    isOpen: true,
    answers: {
      200: { says: 'Both are.', schema: readinessSchema },
      503: { says: 'One of them is not.', schema: readinessSchema },
    },
  }),
  get('/api/v1/openapi.json', 'readDocument', 'This document.', {
    isOpen: true,
    answers: ok('OpenAPI 3.1.', z.looseObject({ openapi: z.string() })),
  }),
]);
