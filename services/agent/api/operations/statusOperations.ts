// How things stand as the API's document tells it.

import { machineDetailSchema, machineListSchema } from '../../../../protocol/api/machines.ts';
import { MAX_LISTED_RELAYS, relayListSchema } from '../../../../protocol/api/relays.ts';
import { settingsSchema } from '../../../../protocol/api/settings.ts';
import { statusSchema } from '../../../../protocol/api/status.ts';
import { get, ok, post, tagged } from './operation.ts';

export const STATUS_OPERATIONS = tagged('status', [
  get('/api/v1/status', 'readStatus', 'Where the agent stands.', {
    answers: ok('The status.', statusSchema),
  }),
  get('/api/v1/settings', 'readSettings', 'What the agent runs with, without secrets.', {
    answers: ok('The settings.', settingsSchema),
  }),
  post('/api/v1/reconnect', 'reconnect', 'Drop the tunnel and dial again now, from any state.', {
    answers: { 202: { says: 'Under way; the status as it is by now.', schema: statusSchema } },
  }),
  get(
    '/api/v1/machines',
    'listMachines',
    'Live actors of the agent, and those of the gateway that it told of.',
    { answers: ok('All of them.', machineListSchema) },
  ),
  get(
    '/api/v1/machines/{id}',
    'readMachine',
    'One live actor with its chart. The id may hold slashes, raw or encoded.',
    { answers: ok('The actor.', machineDetailSchema) },
  ),
  get(
    '/api/v1/relays',
    'listRelays',
    `Requests under way right now, the oldest first; no more than ${MAX_LISTED_RELAYS} of them.`,
    { answers: ok('The oldest, and how many there are in all.', relayListSchema) },
  ),
]);
