// What the agent runs with, over the API.

import { settingsSchema, type Settings } from '../../protocol/api/settings.ts';
import { ask } from './request.ts';

export function readSettings(signal?: AbortSignal): Promise<Settings> {
  return ask('GET', '/api/v1/settings', { schema: settingsSchema, signal });
}
