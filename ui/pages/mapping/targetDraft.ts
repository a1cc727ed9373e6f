// What of the form is enough to try its target out.

import { newMappingSchema } from '../../../protocol/mapping.ts';
import { targetDraftSchema, type TargetDraft } from '../../../protocol/api/targetTest.ts';
import { errorsBeside, messagesOf, type FieldErrors, type MappingDraft } from './mappingDraft.ts';
import { parseTarget } from './targetUrl.ts';

/** A public name that is still being written is left out. */
export function targetDraftOf(draft: MappingDraft): { target: TargetDraft } | { errors: FieldErrors } {
  const parsedTarget = parseTarget(draft.target);
  if ('problem' in parsedTarget) return { errors: { target: parsedTarget.problem } };
  const domain = newMappingSchema.shape.externalDomain.safeParse(draft.externalDomain.trim());
  const parsed = targetDraftSchema.safeParse({
    ...parsedTarget.target,
    allowInvalidCertificates: draft.allowInvalidCertificates,
    hostHeader: draft.hostHeader === 'fixed' ? draft.fixedHost.trim() : draft.hostHeader,
    ...(domain.success && { externalDomain: domain.data }),
  });
  if (parsed.success) return { target: parsed.data };
  return { errors: errorsBeside(messagesOf(parsed.error), draft) };
}
