// Whether a real answer is what the API's document says: its status, its headers, its body.

import type { IncomingHttpHeaders } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { openApiDocument } from '../../../../services/agent/api/openapi.ts';

export interface AnswerToCheck {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const headerSchema = z.object({ required: z.boolean().default(false), schema: z.unknown() });
const responseSchema = z.object({
  headers: z.record(z.string(), headerSchema).default({}),
  content: z.record(z.string(), z.object({ schema: z.unknown() })).default({}),
});
const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ responses: z.record(z.string(), responseSchema) })),
  ),
});
type DocumentedResponse = z.output<typeof responseSchema>;

const document = openApiDocument('session');
const { paths } = documentSchema.parse(document);

/** Schemas of the document point into it: it is known under this name. */
const DOCUMENT_ID = 'octoporty';

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ ...document, $id: DOCUMENT_ID });

const validators = new Map<string, ValidateFunction>();

/**
 * Throws with what differs. `operation` is method and path as asked (`GET /api/v1/mappings/1234?limit=1`). One that the
 * document does not know may be answered with a problem, or as a test's own route likes.
 */
export function expectToConform(operation: string, answer: AnswerToCheck): void {
  const [method = '', target = ''] = operation.split(' ', 2);
  const path = pathOf(target.split('?', 1)[0] ?? '');
  const described = path === undefined ? undefined : paths[path]?.[method.toLowerCase()];
  if (path === undefined || described === undefined) {
    expectProblemIfSaid(operation, answer);
    return;
  }
  const response = described.responses[String(answer.status)];
  if (response === undefined) throw new Error(`${operation}: the document knows no ${answer.status} here.`);
  expectHeaders(operation, response, answer);
  expectBody(operation, ['paths', path, method.toLowerCase(), 'responses', String(answer.status)], response, {
    ...answer,
  });
}

/** The document's path that a real one is of: one without a parameter wins. */
function pathOf(real: string): string | undefined {
  if (real in paths) return real;
  return Object.keys(paths).find((path) => patternOf(path).test(real));
}

/** Ids of machines hold slashes; those of mappings do not. */
function patternOf(path: string): RegExp {
  const id = path.startsWith('/api/v1/machines/') ? '.+' : '[^/]+';
  return new RegExp(`^${path.replaceAll('.', '\\.').replace('{id}', id)}$`);
}

function expectHeaders(operation: string, { headers }: DocumentedResponse, answer: AnswerToCheck): void {
  for (const [name, { required }] of Object.entries(headers)) {
    if (required && answer.headers[name.toLowerCase()] === undefined)
      throw new Error(`${operation}: the answer ${answer.status} lacks the header ${name}.`);
  }
}

function expectBody(
  operation: string,
  place: readonly string[],
  { content }: DocumentedResponse,
  answer: AnswerToCheck,
): void {
  const types = Object.keys(content);
  if (types.length === 0) {
    if (answer.text !== '')
      throw new Error(`${operation}: the document knows no body of a ${answer.status}.`);
    return;
  }
  const type = mediaTypeOf(answer);
  if (!types.includes(type)) throw new Error(`${operation}: the answer is ${type}, not ${types.join(', ')}.`);
  expectValid(operation, [...place, 'content', type, 'schema'], answer);
}

function expectProblemIfSaid(operation: string, answer: AnswerToCheck): void {
  if (mediaTypeOf(answer) === 'application/problem+json' && answer.text !== '')
    expectValid(operation, ['components', 'schemas', 'Problem'], answer);
}

function expectValid(operation: string, place: readonly string[], { status, text }: AnswerToCheck): void {
  const validate = validatorAt(place);
  if (validate(JSON.parse(text))) return;
  throw new Error(
    `${operation}: the body of the ${status} differs: ${ajv.errorsText(validate.errors)}\n${text}`,
  );
}

function validatorAt(place: readonly string[]): ValidateFunction {
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
  const $ref = `${DOCUMENT_ID}#/${pointer.join('/')}`;
  const validate = validators.get($ref) ?? ajv.compile({ $ref });
  validators.set($ref, validate);
  return validate;
}

function mediaTypeOf({ headers }: AnswerToCheck): string {
  return (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
}
