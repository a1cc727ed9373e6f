// The mapping: one public name led to one origin, as stored, as edited, and as told to the gateway.

import { z } from 'zod';

import { parseExternalDomain, parseInternalHost, type ParsedHost } from './hostName.ts';
import { MAX_WIRE_MAPPINGS } from './limits.ts';

/** Mappings one agent may store. Raised: a revision of them all no longer fits one config message. */
export const MAX_MAPPINGS = MAX_WIRE_MAPPINGS;

/** Longest mapping name, in characters. Raised: one row takes more than a line in the list. */
export const MAX_NAME_LENGTH = 100;

/** Line breaks and the like tear lists and logs apart; halves of surrogate pairs no database gives back as they were. */
const UNWRITABLE = /[\p{Cc}\p{Cs}]/u;

/** What turns the direction of text, or breaks its line, shows a name, and what stands beside it, as something else (UAX #9 §2). */
const MISLEADING = /[\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

const ENTER_NAME = `Enter a name of 1 to ${MAX_NAME_LENGTH} characters.`;
const ENTER_PORT = 'Enter a port: a whole number from 1 to 65535.';
const ENTER_HOST_HEADER =
  'Enter preserve, target, or a fixed host name such as app.example.com or app.example.com:8080.';

const portSchema = z
  .number({ error: ENTER_PORT })
  .refine((port) => Number.isInteger(port) && port >= 1 && port <= 65_535, { error: ENTER_PORT })
  // What the check above is to programs that read the API's document.
  .meta({ type: 'integer', minimum: 1, maximum: 65_535 });

/** Also of a name that was stored before there were more rules: it stays readable. */
const storedNameSchema = z
  .string({ error: ENTER_NAME })
  .trim()
  .min(1, { error: ENTER_NAME })
  .max(MAX_NAME_LENGTH, { error: ENTER_NAME })
  .refine((name) => !UNWRITABLE.test(name), { error: 'Enter the name without control characters.' });

/** What a person edits, without defaults: a default here would turn an empty patch into a reset. */
const editableFields = {
  name: storedNameSchema.refine((name) => !MISLEADING.test(name), {
    error: 'Enter the name without characters that turn the direction of text or break its line.',
  }),
  externalDomain: hostSchema(parseExternalDomain, 'Enter the public name, such as app.example.com.'),
  externalPort: portSchema,
  internalHost: hostSchema(
    parseInternalHost,
    'Enter the host of the service, such as localhost or 192.168.1.10.',
  ),
  internalPort: portSchema,
  internalProtocol: z.enum(['http', 'https'], { error: 'Enter http or https.' }),
  allowInvalidCertificates: booleanSchema(),
  hostHeader: hostSchema(parseHostHeader, ENTER_HOST_HEADER),
  enabled: booleanSchema(),
};

const storedFields = {
  id: z.uuid({ error: 'Enter the UUID of a mapping.' }),
  createdAt: timeSchema(),
  updatedAt: timeSchema(),
};

/** A mapping as the agent stores it; times are UTC with milliseconds. */
export const mappingSchema = z.object({ ...storedFields, ...editableFields, name: storedNameSchema });
export type Mapping = z.output<typeof mappingSchema>;

/** What creating a mapping takes: absent fields get their defaults. Parsing normalises both hosts. */
export const newMappingSchema = z.object({
  ...editableFields,
  externalPort: editableFields.externalPort.default(443),
  allowInvalidCertificates: editableFields.allowInvalidCertificates.default(false),
  hostHeader: editableFields.hostHeader.default('preserve'),
  enabled: editableFields.enabled.default(true),
});
export type NewMapping = z.output<typeof newMappingSchema>;

/** What changing a mapping takes: absent fields stay as they are. */
export const mappingPatchSchema = z.object(editableFields).partial();
export type MappingPatch = z.output<typeof mappingPatchSchema>;

/** All the gateway ever learns of a mapping: never the target. Unknown fields are dropped, so that minors can differ. */
export const wireMappingSchema = mappingSchema.pick({ id: true, externalDomain: true, externalPort: true });
export type WireMapping = z.output<typeof wireMappingSchema>;

/** The part of a mapping that crosses the wire. */
export function wireMappingOf(mapping: WireMapping): WireMapping {
  return { id: mapping.id, externalDomain: mapping.externalDomain, externalPort: mapping.externalPort };
}

/** `preserve`, `target`, or a fixed `host[:port]` in its stored form (lower case, ASCII). */
function parseHostHeader(text: string): ParsedHost {
  const [, hostText = text, portText] = /^(.*):(\d+)$/s.exec(text) ?? [];
  if (hostText.includes(':')) return { problem: ENTER_HOST_HEADER };
  const parsed = parseInternalHost(hostText);
  if ('problem' in parsed) return { problem: ENTER_HOST_HEADER };
  if (portText === undefined) return parsed;
  return portSchema.safeParse(Number(portText)).success
    ? { host: `${parsed.host}:${Number(portText)}` }
    : { problem: ENTER_PORT };
}

/** A string that one of the host parsers accepts, replaced by its stored form. */
function hostSchema(parse: (text: string) => ParsedHost, whenNotText: string) {
  return z.string({ error: whenNotText }).transform((text, context) => {
    const parsed = parse(text);
    if ('host' in parsed) return parsed.host;
    context.addIssue(parsed.problem);
    return z.NEVER;
  });
}

function booleanSchema() {
  return z.boolean({ error: 'Enter true or false.' });
}

function timeSchema() {
  return z.iso.datetime({
    precision: 3,
    error: 'Enter a UTC time with milliseconds, such as 2026-01-31T12:00:00.000Z.',
  });
}
