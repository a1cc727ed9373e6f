// A target test as a page follows it: one at a time, forgotten when the target is another one.

import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import type { TargetDraft, TargetTest } from '../../../protocol/api/targetTest.ts';
import { sayError } from '../../api/request.ts';
import { testTarget } from '../../api/targetTest.ts';
import type { FieldErrors, MappingDraft } from './mappingDraft.ts';
import type { Step } from './steps.ts';
import { targetDraftOf } from './targetDraft.ts';
import { targetSteps } from './targetSteps.ts';

export interface TargetTesting {
  /** Empty before the first test. */
  readonly steps: ComputedRef<readonly Step[]>;
  readonly isRunning: Readonly<ShallowRef<boolean>>;
  /** Why no test was made; empty when one was. */
  readonly failure: Readonly<ShallowRef<string>>;
  readonly run: () => Promise<void>;
}

/** `onInvalid` hears what is wrong with a draft that cannot be tried out. */
export function useTargetTest(
  draft: () => MappingDraft,
  onInvalid: (errors: FieldErrors) => void,
): TargetTesting {
  const tried = shallowRef<{ target: TargetDraft; test: TargetTest | null } | null>(null);
  const isRunning = shallowRef(false);
  const failure = shallowRef('');
  let running: AbortController | null = null;

  function forget(): void {
    running?.abort();
    running = null;
    isRunning.value = false;
    tried.value = null;
    failure.value = '';
  }

  async function run(): Promise<void> {
    forget();
    const parsed = targetDraftOf(draft());
    if ('errors' in parsed) {
      onInvalid(parsed.errors);
      return;
    }
    const { target } = parsed;
    const mine = new AbortController();
    running = mine;
    isRunning.value = true;
    tried.value = { target, test: null };
    try {
      const test = await testTarget(target, mine.signal);
      if (running === mine) tried.value = { target, test };
    } catch (thrown) {
      if (running !== mine) return;
      tried.value = null;
      failure.value = sayError(thrown);
    }
    if (running === mine) isRunning.value = false;
  }

  watch(() => {
    const { target, allowInvalidCertificates, hostHeader, fixedHost, externalDomain } = draft();
    // The public name is what the service is asked for, unless it is asked for another.
    const host = hostHeader === 'preserve' ? externalDomain : fixedHost;
    return [target, allowInvalidCertificates, hostHeader, host].join('\n');
  }, forget);
  onScopeDispose(forget);
  const steps = computed(() =>
    tried.value === null ? [] : targetSteps(tried.value.target, tried.value.test),
  );
  return { steps, isRunning, failure, run };
}
