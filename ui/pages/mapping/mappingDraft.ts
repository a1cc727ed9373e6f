// What is in the form, as text and switches; and what the API makes of it, by the API's own schema.

import type { z } from 'zod';
import {
  MAX_NAME_LENGTH,
  newMappingSchema,
  type Mapping,
  type MappingPatch,
  type NewMapping,
} from '../../../protocol/mapping.ts';
import { sayTarget } from '../../format/addresses.ts';
import { parseTarget } from './targetUrl.ts';

export interface MappingDraft {
  /** Empty: the public name. */
  readonly name: string;
  readonly externalDomain: string;
  readonly externalPort: string;
  /** Protocol, host and port in one. */
  readonly target: string;
  readonly allowInvalidCertificates: boolean;
  readonly hostHeader: 'preserve' | 'target' | 'fixed';
  /** For `fixed`. */
  readonly fixedHost: string;
  readonly enabled: boolean;
}

export type DraftField = keyof MappingDraft;
export type FieldErrors = Readonly<Partial<Record<DraftField, string>>>;
export type ParsedDraft = { readonly mapping: NewMapping } | { readonly errors: FieldErrors };

export function emptyDraft(): MappingDraft {
  return {
    name: '',
    externalDomain: '',
    externalPort: '443',
    target: '',
    allowInvalidCertificates: false,
    hostHeader: 'preserve',
    fixedHost: '',
    enabled: true,
  };
}

export function draftOf(mapping: Omit<Mapping, 'id' | 'createdAt' | 'updatedAt'>): MappingDraft {
  const { name, externalDomain, externalPort, allowInvalidCertificates, hostHeader, enabled } = mapping;
  const isFixed = hostHeader !== 'preserve' && hostHeader !== 'target';
  return {
    name,
    externalDomain,
    externalPort: String(externalPort),
    target: sayTarget(mapping),
    allowInvalidCertificates,
    hostHeader: isFixed ? 'fixed' : hostHeader,
    fixedHost: isFixed ? hostHeader : '',
    enabled,
  };
}

/** What the form holds as the API takes it, or what is wrong beside each field. */
export function parseDraft(draft: MappingDraft): ParsedDraft {
  const parsedTarget = parseTarget(draft.target);
  const externalDomain = draft.externalDomain.trim();
  const parsed = newMappingSchema.safeParse({
    name: draft.name.trim() === '' ? externalDomain.slice(0, MAX_NAME_LENGTH) || 'unnamed' : draft.name,
    externalDomain,
    externalPort: portOf(draft.externalPort),
    // A target that cannot be taken apart has an error of its own: these stand in for it.
    ...('target' in parsedTarget ? parsedTarget.target : STAND_IN),
    allowInvalidCertificates: draft.allowInvalidCertificates,
    hostHeader: draft.hostHeader === 'fixed' ? draft.fixedHost.trim() : draft.hostHeader,
    enabled: draft.enabled,
  });
  const wrong = parsed.success ? {} : messagesOf(parsed.error);
  const errors: FieldErrors = {
    ...errorsBeside(wrong, draft),
    ...('problem' in parsedTarget && { target: parsedTarget.problem }),
  };
  return parsed.success && Object.keys(errors).length === 0 ? { mapping: parsed.data } : { errors };
}

/** The first message of each field, by its name in the API. */
export function messagesOf({ issues }: z.ZodError): Record<string, string> {
  const messages: Record<string, string> = {};
  for (const { path, message } of issues) messages[path.join('.')] ??= message;
  return messages;
}

/** The API's errors by its fields, each beside the field of the form that is to blame. */
export function errorsBeside(wrong: Readonly<Record<string, string>>, draft: MappingDraft): FieldErrors {
  const errors: Partial<Record<DraftField, string>> = {};
  for (const [field, message] of Object.entries(wrong)) {
    const place = placeOf(field, draft);
    if (place !== null) errors[place] ??= message;
  }
  return errors;
}

/** Only what is different: what somebody else has changed meanwhile is left alone. */
export function patchBetween(stored: Mapping, wanted: NewMapping): MappingPatch {
  return Object.fromEntries(
    Object.entries(wanted).filter(([field, value]) => Reflect.get(stored, field) !== value),
  );
}

export function changedFields(before: MappingDraft, now: MappingDraft): DraftField[] {
  return DRAFT_FIELDS.filter((field) => before[field] !== now[field]);
}

/** What was changed here, on top of what somebody else has stored meanwhile. */
export function rebase(before: MappingDraft, mine: MappingDraft, theirs: MappingDraft): MappingDraft {
  const kept: Partial<MappingDraft> = Object.fromEntries(
    changedFields(before, mine).map((field) => [field, mine[field]]),
  );
  return { ...theirs, ...kept };
}

const STAND_IN = { internalProtocol: 'http', internalHost: 'localhost', internalPort: 80 };

/** In the order of the form: the first one that is wrong gets the focus. */
export const DRAFT_FIELDS: readonly DraftField[] = [
  'externalDomain',
  'target',
  'name',
  'enabled',
  'externalPort',
  'hostHeader',
  'fixedHost',
  'allowInvalidCertificates',
];

function placeOf(field: string, { hostHeader }: MappingDraft): DraftField | null {
  if (field.startsWith('internal')) return 'target';
  if (field === 'hostHeader' && hostHeader === 'fixed') return 'fixedHost';
  return DRAFT_FIELDS.find((name) => name === field) ?? null;
}

/** The text itself when it is no number: the schema then says what to enter. */
function portOf(text: string): number | string {
  return /^\s*\d+\s*$/.test(text) ? Number(text) : text;
}
