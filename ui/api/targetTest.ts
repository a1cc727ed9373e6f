// Trying out a target from the agent's place, over the API.

import { targetTestSchema, type TargetDraft, type TargetTest } from '../../protocol/api/targetTest.ts';
import { ask } from './request.ts';

/** A draft that is not saved. Throws ApiProblem `invalid` with the fields that are to blame. */
export function testTarget(draft: TargetDraft, signal?: AbortSignal): Promise<TargetTest> {
  return ask('POST', '/api/v1/mappings/test', { body: draft, schema: targetTestSchema, signal });
}
