// Requests under way, over the API.

import { relayListSchema, type RelayList } from '../../protocol/api/relays.ts';
import { ask } from './request.ts';

export function listRelays(signal?: AbortSignal): Promise<RelayList> {
  return ask('GET', '/api/v1/relays', { schema: relayListSchema, signal });
}
