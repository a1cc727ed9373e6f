// What is done with mappings as the API's document tells it.

import {
  bulkEditSchema,
  bulkResultSchema,
  importResultSchema,
  importSchema,
  mappingFileSchema,
} from '../../../../protocol/api/bulk.ts';
import {
  mappingListSchema,
  mappingQuerySchema,
  mappingViewSchema,
} from '../../../../protocol/api/mappings.ts';
import type { ProblemCode } from '../../../../protocol/api/problem.ts';
import { targetDraftSchema, targetTestSchema } from '../../../../protocol/api/targetTest.ts';
import { mappingPatchSchema, newMappingSchema } from '../../../../protocol/mapping.ts';
import { get, ok, patch, post, put, remove, tagged, type Answer } from './operation.ts';

const PATH = '/api/v1/mappings';

const ETAG = { ETag: 'The version that If-Match may name.' };
const MAPPING: Answer = { says: 'The mapping.', schema: mappingViewSchema, headers: ETAG };
const TESTED = ok('How far it went.', targetTestSchema);
const EDIT_PROBLEMS: readonly ProblemCode[] = ['duplicate', 'domain_reserved', 'unavailable', 'unconfirmed'];

export const MAPPING_OPERATIONS = tagged('mappings', [
  get(PATH, 'listMappings', 'Mappings, ordered by domain and port.', {
    query: mappingQuerySchema,
    answers: ok('One page, and how many there are.', mappingListSchema),
    problems: ['unavailable'],
  }),
  post(PATH, 'createMapping', 'Publish a service under a name.', {
    body: newMappingSchema,
    answers: { 201: { ...MAPPING, headers: { ...ETAG, Location: 'Where the mapping is read.' } } },
    problems: [...EDIT_PROBLEMS, 'full'],
  }),
  get(`${PATH}/{id}`, 'readMapping', 'One mapping.', {
    answers: { 200: MAPPING },
    problems: ['unavailable'],
  }),
  put(`${PATH}/{id}`, 'replaceMapping', 'Change a mapping whole: what is left out gets its default.', {
    body: newMappingSchema,
    takesIfMatch: true,
    answers: { 200: MAPPING },
    problems: EDIT_PROBLEMS,
  }),
  patch(`${PATH}/{id}`, 'changeMapping', 'Change parts of a mapping: what is left out stays.', {
    body: mappingPatchSchema,
    takesIfMatch: true,
    answers: { 200: MAPPING },
    problems: EDIT_PROBLEMS,
  }),
  remove(`${PATH}/{id}`, 'removeMapping', 'Take a mapping off the internet.', {
    takesIfMatch: true,
    answers: { 204: { says: 'Removed.' } },
    problems: ['unavailable', 'unconfirmed'],
  }),
  post(`${PATH}/bulk`, 'editMappings', 'Switch or delete many mappings together, as one revision.', {
    body: bulkEditSchema,
    answers: ok('What became of each.', bulkResultSchema),
    problems: ['unavailable', 'unconfirmed'],
  }),
  get(`${PATH}/export`, 'exportMappings', 'All mappings as a file that an import takes.', {
    answers: ok('The file.', mappingFileSchema, { 'Content-Disposition': 'The name to save it by.' }),
    problems: ['unavailable'],
  }),
  post(
    `${PATH}/import`,
    'importMappings',
    'Create and change mappings by domain and port, all of them or none; a dry run only tells.',
    {
      body: importSchema,
      answers: ok('What would change, or has changed.', importResultSchema),
      problems: ['duplicate', 'full', 'stale', 'unavailable', 'unconfirmed'],
    },
  ),
  post(`${PATH}/{id}/test`, 'testMapping', "Try out whether a mapping's target answers.", {
    answers: TESTED,
    problems: ['too_many', 'unavailable'],
  }),
  post(`${PATH}/test`, 'testTarget', 'Try out whether a target answers, before there is a mapping.', {
    body: targetDraftSchema,
    answers: TESTED,
    problems: ['too_many'],
  }),
]);
