// The agent's API as an OpenAPI 3.1 document, made from the schemas that its requests and answers are made of.

import Router from '@koa/router';
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { HUB_PATH, hubMessageSchema } from '../../../protocol/api/hub.ts';
import { BACKGROUND_HEADER } from '../../../protocol/api/session.ts';
import { describeProblem, problemSchema, type ProblemCode } from '../../../protocol/api/problem.ts';
import { VERSION } from '../../version.ts';
import { OPERATIONS } from './operations.ts';
import { problemsOf, type Answer, type Operation } from './operations/operation.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** By status. */
type Responses = Record<string, ZodOpenApiResponseObject>;

const DESCRIPTION = `Mappings, status and logs of one Octoporty agent.

Log in with \`POST /api/v1/auth/login\`; send the token as \`Authorization: Bearer …\`, or let the browser send its cookie.
Everything that goes wrong is answered with a problem document (RFC 9457).`;

/** Headers that some problems bring, by status. */
const PROBLEM_HEADERS: Readonly<Record<number, z.ZodObject>> = {
  401: z.object({ 'WWW-Authenticate': z.string().optional().meta({ description: 'How to log in.' }) }),
  429: z.object({ 'Retry-After': retryAfter() }),
  503: z.object({ 'Retry-After': retryAfter() }),
};

/** `sessionCookie` is its name, which each agent has of its own. */
export function openApiDocument(sessionCookie: string): OpenApiDocument {
  return createDocument(
    {
      openapi: '3.1.0',
      info: { title: 'Octoporty agent', version: VERSION, description: DESCRIPTION },
      paths: { ...pathsOf(OPERATIONS), [HUB_PATH]: { get: describeHub() } },
      security: [{ bearer: [] }, { cookie: [] }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          cookie: { type: 'apiKey', in: 'cookie', name: sessionCookie },
        },
      },
    },
    {
      // What a person types into a query is text that must read as a number: the document tells the number.
      override: ({ jsonSchema, zodSchema, io }) => {
        if (io === 'input' && zodSchema instanceof z.ZodNumber) jsonSchema.type ??= 'integer';
      },
    },
  );
}

/** Method and path of every operation, the path as OpenAPI writes it: `GET /api/v1/mappings/{id}`. */
export function documentedOperations(): string[] {
  return OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
}

export function openApiRoutes(sessionCookie: string): Router {
  const router = new Router();
  const document = JSON.stringify(openApiDocument(sessionCookie));
  router.get('/api/v1/openapi.json', (context) => {
    context.type = 'application/json';
    context.body = document;
  });
  return router;
}

function pathsOf(operations: readonly Operation[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return paths;
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const { id, tag, summary, isOpen, body, answers } = operation;
  const responses = problemAnswers(problemsOf(operation));
  for (const [status, answer] of Object.entries(answers)) responses[status] = describeAnswer(answer);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(isOpen === true ? { security: [] } : {}),
    requestParams: parametersOf(operation),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses,
  };
}

/** OpenAPI knows no WebSockets: this one is told in words, and by the schema of its messages. */
function describeHub(): ZodOpenApiOperationObject {
  return {
    operationId: 'watchStatus',
    tags: ['status'],
    summary: 'A WebSocket that tells how things stand, and whatever changes.',
    description: `Its messages are JSON texts: a \`snapshot\` first, then a \`change\` whenever something has moved,
\`requests\` that have ended, and the agent's \`time\` every ten seconds. What is sent to it is ignored. Who does not read is cut off, and may come again. Watching is no use of the login.`,
    responses: {
      101: {
        description: 'Upgraded. The schema is that of each message.',
        content: { 'application/json': { schema: hubMessageSchema.meta({ id: 'HubMessage' }) } },
      },
      ...problemAnswers(['unauthenticated', 'foreign_origin', 'unknown_name', 'too_many']),
    },
  };
}

function parametersOf(operation: Operation): NonNullable<ZodOpenApiOperationObject['requestParams']> {
  const { path, query } = operation;
  const headers = requestHeadersOf(operation);
  return {
    ...(path.includes('{id}') ? { path: z.object({ id: z.string() }) } : {}),
    ...(query === undefined ? {} : { query }),
    ...(Object.keys(headers).length === 0 ? {} : { header: z.object(headers) }),
  };
}

function requestHeadersOf({ method, isOpen, takesIfMatch }: Operation): Record<string, z.ZodOptional> {
  const header = (description: string) => z.string().optional().meta({ description });
  return {
    ...(takesIfMatch === true ? { 'If-Match': header('The ETag of the version that was read.') } : {}),
    ...(method === 'get' && isOpen !== true
      ? {
          [BACKGROUND_HEADER]: header(
            'With any value, the request is no use of the login, which ends unused.',
          ),
        }
      : {}),
  };
}

function describeAnswer({ says, schema, headers }: Answer) {
  return {
    description: says,
    ...(headers === undefined ? {} : { headers: headersOf(headers) }),
    ...(schema === undefined ? {} : { content: { 'application/json': { schema } } }),
  };
}

function headersOf(headers: Readonly<Record<string, string>>): z.ZodObject {
  const entries = Object.entries(headers).map(([name, says]) => [
    name,
    z.string().meta({ description: says }),
  ]);
  return z.object(Object.fromEntries(entries));
}

/** Problems by status: several may share one. */
function problemAnswers(codes: readonly ProblemCode[]): Responses {
  const titles = new Map<number, string[]>();
  for (const code of new Set(codes)) {
    const { status, title } = describeProblem(code);
    titles.set(status, [...(titles.get(status) ?? []), `\`${code}\`: ${title}`]);
  }
  const responses: Responses = {};
  for (const [status, says] of titles) {
    const headers = PROBLEM_HEADERS[status];
    responses[String(status)] = {
      description: says.join(' '),
      ...(headers === undefined ? {} : { headers }),
      content: { 'application/problem+json': { schema: problemSchema } },
    };
  }
  return responses;
}

function retryAfter() {
  return z.string().optional().meta({ description: 'Seconds after which it may go better.' });
}
