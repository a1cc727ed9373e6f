// The API's routes for trying out a target: that of a stored mapping, or of one that is still being written.

import Router from '@koa/router';
import { targetDraftSchema, type TargetDraft, type TargetTest } from '../../../protocol/api/targetTest.ts';
import type { Mappings } from '../mappings.ts';
import { TargetTestsBusyError, type TestTarget } from '../targetTest.ts';
import { readJson } from './input.ts';
import { ProblemError } from './problems.ts';

export interface TargetTestRoutesOptions {
  readonly testTarget: TestTarget;
  readonly mappings: Pick<Mappings, 'view'>;
  /** The mappings have been read: before that nobody knows whether one exists. */
  readonly isKnown: () => boolean;
}

/** When to ask again: most tests take less than that. */
const BUSY_RETRY_SECONDS = 2;

export function targetTestRoutes({ testTarget, mappings, isKnown }: TargetTestRoutesOptions): Router {
  const router = new Router();

  router.post('/api/v1/mappings/test', async (context) => {
    const draft = await readJson(context, targetDraftSchema);
    context.body = await result(draft);
  });

  router.post('/api/v1/mappings/:id/test', async (context) => {
    if (!isKnown()) throw new ProblemError('unavailable');
    // Disabled ones too: whether a target answers is best known before it is published.
    const mapping = mappings.view.mappings.get((context.params.id ?? '').toLowerCase());
    if (mapping === undefined) throw new ProblemError('not_found');
    context.body = await result(mapping);
  });

  async function result(draft: TargetDraft): Promise<TargetTest> {
    try {
      return await testTarget(draft);
    } catch (error) {
      if (!(error instanceof TargetTestsBusyError)) throw error;
      throw new ProblemError('too_many', {
        detail: error.message,
        retryAfterSeconds: BUSY_RETRY_SECONDS,
        cause: error,
      });
    }
  }

  return router;
}
