// Every operation of the agent's API as its document tells it: what is asked, what is answered, and how it says no.

import { z } from 'zod';
import type { ProblemCode } from '../../../protocol/api/problem.ts';
import {
  bulkEditSchema,
  bulkResultSchema,
  importResultSchema,
  importSchema,
  mappingFileSchema,
} from '../../../protocol/api/bulk.ts';
import {
  connectionPageSchema,
  connectionQuerySchema,
  requestPageSchema,
  requestQuerySchema,
} from '../../../protocol/api/logs.ts';
import { machineDetailSchema, machineListSchema } from '../../../protocol/api/machines.ts';
import { MAX_LISTED_RELAYS, relayListSchema } from '../../../protocol/api/relays.ts';
import { mappingListSchema, mappingQuerySchema, mappingViewSchema } from '../../../protocol/api/mappings.ts';
import { requestSeriesSchema, seriesQuerySchema } from '../../../protocol/api/series.ts';
import { loggedInSchema, loginSchema, sessionSchema } from '../../../protocol/api/session.ts';
import { settingsSchema } from '../../../protocol/api/settings.ts';
import { healthSchema, readinessSchema, statusSchema } from '../../../protocol/api/status.ts';
import { targetDraftSchema, targetTestSchema } from '../../../protocol/api/targetTest.ts';
import { mappingPatchSchema, newMappingSchema } from '../../../protocol/mapping.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface Answer {
  readonly says: string;
  readonly schema?: z.ZodType;
  /** Those that are always there, and what they hold. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Operation {
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  readonly tag: 'login' | 'mappings' | 'status' | 'logs' | 'health';
  readonly summary: string;
  /** Whoever asks is answered; without it, whoever is logged in. */
  readonly isOpen?: true;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly takesIfMatch?: true;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Besides those that follow from the rest: see `problemsOf`. */
  readonly problems?: readonly ProblemCode[];
}

const ETAG = { ETag: 'The version that If-Match may name.' };
const MAPPING: Answer = { says: 'The mapping.', schema: mappingViewSchema, headers: ETAG };
const EDIT_PROBLEMS: readonly ProblemCode[] = ['duplicate', 'domain_reserved', 'unavailable', 'unconfirmed'];
const TESTED: Answer = { says: 'How far it went.', schema: targetTestSchema };

const LOGIN: readonly Operation[] = [
  {
    id: 'logIn',
    method: 'post',
    path: '/api/v1/auth/login',
    tag: 'login',
    summary: 'Log in. The same answer sets the token as a cookie.',
    isOpen: true,
    body: loginSchema,
    answers: {
      200: {
        says: 'Logged in.',
        schema: loggedInSchema,
        headers: { 'Set-Cookie': 'The session, for browsers.' },
      },
    },
    problems: ['wrong_password', 'foreign_origin', 'locked_out'],
  },
  {
    id: 'logOut',
    method: 'post',
    path: '/api/v1/auth/logout',
    tag: 'login',
    summary: 'End this login, on the server too.',
    answers: { 204: { says: 'Logged out.' } },
  },
  {
    id: 'readSession',
    method: 'get',
    path: '/api/v1/auth/session',
    tag: 'login',
    summary: 'Who is logged in, and until when.',
    answers: { 200: { says: 'The session.', schema: sessionSchema } },
  },
];

const MAPPINGS: readonly Operation[] = [
  {
    id: 'listMappings',
    method: 'get',
    path: '/api/v1/mappings',
    tag: 'mappings',
    summary: 'Mappings, ordered by domain and port.',
    query: mappingQuerySchema,
    answers: { 200: { says: 'One page, and how many there are.', schema: mappingListSchema } },
    problems: ['unavailable'],
  },
  {
    id: 'createMapping',
    method: 'post',
    path: '/api/v1/mappings',
    tag: 'mappings',
    summary: 'Publish a service under a name.',
    body: newMappingSchema,
    answers: { 201: { ...MAPPING, headers: { ...ETAG, Location: 'Where the mapping is read.' } } },
    problems: [...EDIT_PROBLEMS, 'full'],
  },
  {
    id: 'readMapping',
    method: 'get',
    path: '/api/v1/mappings/{id}',
    tag: 'mappings',
    summary: 'One mapping.',
    answers: { 200: MAPPING },
    problems: ['unavailable'],
  },
  {
    id: 'replaceMapping',
    method: 'put',
    path: '/api/v1/mappings/{id}',
    tag: 'mappings',
    summary: 'Change a mapping whole: what is left out gets its default.',
    body: newMappingSchema,
    takesIfMatch: true,
    answers: { 200: MAPPING },
    problems: EDIT_PROBLEMS,
  },
  {
    id: 'changeMapping',
    method: 'patch',
    path: '/api/v1/mappings/{id}',
    tag: 'mappings',
    summary: 'Change parts of a mapping: what is left out stays.',
    body: mappingPatchSchema,
    takesIfMatch: true,
    answers: { 200: MAPPING },
    problems: EDIT_PROBLEMS,
  },
  {
    id: 'removeMapping',
    method: 'delete',
    path: '/api/v1/mappings/{id}',
    tag: 'mappings',
    summary: 'Take a mapping off the internet.',
    takesIfMatch: true,
    answers: { 204: { says: 'Removed.' } },
    problems: ['unavailable', 'unconfirmed'],
  },
  {
    id: 'editMappings',
    method: 'post',
    path: '/api/v1/mappings/bulk',
    tag: 'mappings',
    summary: 'Switch or delete many mappings together, as one revision.',
    body: bulkEditSchema,
    answers: { 200: { says: 'What became of each.', schema: bulkResultSchema } },
    problems: ['unavailable', 'unconfirmed'],
  },
  {
    id: 'exportMappings',
    method: 'get',
    path: '/api/v1/mappings/export',
    tag: 'mappings',
    summary: 'All mappings as a file that an import takes.',
    answers: {
      200: {
        says: 'The file.',
        schema: mappingFileSchema,
        headers: { 'Content-Disposition': 'The name to save it by.' },
      },
    },
    problems: ['unavailable'],
  },
  {
    id: 'importMappings',
    method: 'post',
    path: '/api/v1/mappings/import',
    tag: 'mappings',
    summary: 'Create and change mappings by domain and port, all of them or none; a dry run only tells.',
    body: importSchema,
    answers: { 200: { says: 'What would change, or has changed.', schema: importResultSchema } },
    problems: ['duplicate', 'full', 'stale', 'unavailable', 'unconfirmed'],
  },
  {
    id: 'testMapping',
    method: 'post',
    path: '/api/v1/mappings/{id}/test',
    tag: 'mappings',
    summary: "Try out whether a mapping's target answers.",
    answers: { 200: TESTED },
    problems: ['too_many', 'unavailable'],
  },
  {
    id: 'testTarget',
    method: 'post',
    path: '/api/v1/mappings/test',
    tag: 'mappings',
    summary: 'Try out whether a target answers, before there is a mapping.',
    body: targetDraftSchema,
    answers: { 200: TESTED },
    problems: ['too_many'],
  },
];

const STATUS: readonly Operation[] = [
  {
    id: 'readStatus',
    method: 'get',
    path: '/api/v1/status',
    tag: 'status',
    summary: 'Where the agent stands.',
    answers: { 200: { says: 'The status.', schema: statusSchema } },
  },
  {
    id: 'readSettings',
    method: 'get',
    path: '/api/v1/settings',
    tag: 'status',
    summary: 'What the agent runs with, without secrets.',
    answers: { 200: { says: 'The settings.', schema: settingsSchema } },
  },
  {
    id: 'reconnect',
    method: 'post',
    path: '/api/v1/reconnect',
    tag: 'status',
    summary: 'Drop the tunnel and dial again now, from any state.',
    answers: { 202: { says: 'Under way; the status as it is by now.', schema: statusSchema } },
  },
  {
    id: 'listMachines',
    method: 'get',
    path: '/api/v1/machines',
    tag: 'status',
    summary: 'Live actors of the agent, and those of the gateway that it told of.',
    answers: { 200: { says: 'All of them.', schema: machineListSchema } },
  },
  {
    id: 'readMachine',
    method: 'get',
    path: '/api/v1/machines/{id}',
    tag: 'status',
    summary: 'One live actor with its chart. The id may hold slashes, raw or encoded.',
    answers: { 200: { says: 'The actor.', schema: machineDetailSchema } },
  },
  {
    id: 'listRelays',
    method: 'get',
    path: '/api/v1/relays',
    tag: 'status',
    summary: `Requests under way right now, the oldest first; no more than ${MAX_LISTED_RELAYS} of them.`,
    answers: { 200: { says: 'The oldest, and how many there are in all.', schema: relayListSchema } },
  },
];

const LOGS: readonly Operation[] = [
  {
    id: 'listRequests',
    method: 'get',
    path: '/api/v1/requests',
    tag: 'logs',
    summary: 'Requests that have ended, the newest first.',
    query: requestQuerySchema,
    answers: { 200: { says: 'One page.', schema: requestPageSchema } },
    problems: ['unavailable'],
  },
  {
    id: 'readSeries',
    method: 'get',
    path: '/api/v1/requests/series',
    tag: 'logs',
    summary:
      'Requests by the minute, for charts. Kept in memory: minutes of which nothing is known count as empty.',
    query: seriesQuerySchema,
    answers: { 200: { says: 'A point for each minute, the oldest first.', schema: requestSeriesSchema } },
  },
  {
    id: 'listConnections',
    method: 'get',
    path: '/api/v1/connections',
    tag: 'logs',
    summary: 'Tunnels, the newest first.',
    query: connectionQuerySchema,
    answers: { 200: { says: 'One page.', schema: connectionPageSchema } },
    problems: ['unavailable'],
  },
];

const HEALTH: readonly Operation[] = [
  {
    id: 'readHealth',
    method: 'get',
    path: '/health',
    tag: 'health',
    summary:
      'Whether restarting the agent would help. A lost tunnel or database is `degraded`: it would not.',
    isOpen: true,
    answers: {
      200: { says: 'It runs.', schema: healthSchema },
      503: { says: 'The database has never been reached since the start.', schema: healthSchema },
    },
  },
  {
    id: 'readReadiness',
    method: 'get',
    path: '/health/ready',
    tag: 'health',
    summary: 'Whether database and tunnel are both good.',
    isOpen: true,
    answers: {
      200: { says: 'Both are.', schema: readinessSchema },
      503: { says: 'One of them is not.', schema: readinessSchema },
    },
  },
  {
    id: 'readDocument',
    method: 'get',
    path: '/api/v1/openapi.json',
    tag: 'health',
    summary: 'This document.',
    isOpen: true,
    answers: { 200: { says: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
  },
];

export const OPERATIONS = [...LOGIN, ...MAPPINGS, ...STATUS, ...LOGS, ...HEALTH] as const;

/** Every problem that an operation may answer with. */
export function problemsOf({ method, path, isOpen, query, body, takesIfMatch, problems = [] }: Operation) {
  const codes: ProblemCode[] = [...problems, 'unknown_name', 'internal'];
  if (isOpen !== true) codes.push('unauthenticated');
  if (isOpen !== true && method !== 'get') codes.push('foreign_origin');
  if (path.includes('{id}')) codes.push('not_found');
  if (query !== undefined || body !== undefined) codes.push('invalid');
  if (body !== undefined) codes.push('not_json', 'too_large');
  if (takesIfMatch === true) codes.push('stale');
  return codes;
}
