// Trying out whether the agent reaches a target.

import { z } from 'zod';
import { newMappingSchema } from '../mapping.ts';

/** The steps in order: each one needs the one before. `tls` is none of a target without TLS. */
export const TARGET_STAGES = ['dns', 'connect', 'tls', 'http'] as const;
export type TargetStage = (typeof TARGET_STAGES)[number];

/** What is enough of a draft to try it out. */
export const targetDraftSchema = newMappingSchema
  .pick({ internalHost: true, internalPort: true, internalProtocol: true })
  .extend({
    allowInvalidCertificates: newMappingSchema.shape.allowInvalidCertificates,
    hostHeader: newMappingSchema.shape.hostHeader,
    /** What visitors would ask for: the Host line when the mapping preserves it. */
    externalDomain: newMappingSchema.shape.externalDomain.optional(),
  });
export type TargetDraft = z.output<typeof targetDraftSchema>;

/** `stage` is the one that was reached: where it failed, or `http` when all went well. Redirects are not followed. */
export const targetTestSchema = z
  .object({
    ok: z.boolean(),
    stage: z.enum(TARGET_STAGES),
    /** The status of the answer. Any is fine: somebody answered. */
    status: z.int().optional(),
    durationMs: z.number().min(0),
    /** One sentence for a person. */
    message: z.string(),
  })
  .meta({ id: 'TargetTest' });
export type TargetTest = z.output<typeof targetTestSchema>;
