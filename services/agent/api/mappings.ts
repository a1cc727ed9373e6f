// Mappings over HTTP: listed, read, created, changed, removed. Each route: parse, act, present.

import Router, { type RouterContext } from '@koa/router';
import type { Mappings } from '../mappings.ts';
import type { RequestTally } from '../requestTally.ts';
import type { RouteStates } from '../routeStates.ts';
import type { Mapping } from '../../../protocol/mapping.ts';
import { mappingQuerySchema, type MappingQuery, type MappingView } from '../../../protocol/api/mappings.ts';
import { mappingPatchSchema, newMappingSchema } from '../../../protocol/mapping.ts';
import type { MappingEdits } from '../mappingEdits.ts';
import type { Version } from '../store/store.ts';
import { readJson, readQuery } from './input.ts';
import { ProblemError } from './problems.ts';

export interface MappingRoutesOptions {
  readonly mappings: Mappings;
  readonly edits: Pick<MappingEdits, 'create' | 'update' | 'remove'>;
  readonly routes: Pick<RouteStates, 'routeOf'>;
  readonly tally: Pick<RequestTally, 'activityOf'>;
  /** The mappings have been read: before that nobody knows whether one exists. */
  readonly isKnown: () => boolean;
}

const PATH = '/api/v1/mappings';

export function mappingRoutes({ mappings, edits, routes, tally, isKnown }: MappingRoutesOptions): Router {
  const router = new Router({ prefix: PATH });

  function present(mapping: Mapping): MappingView {
    return {
      ...mapping,
      route: routes.routeOf(mapping),
      activity: tally.activityOf(mapping.id),
    };
  }

  /** Answers with one mapping, and the version that an If-Match may name. */
  function answer(context: RouterContext, mapping: Mapping): void {
    context.set('ETag', etagOf(mapping));
    context.body = present(mapping);
  }

  function find(id: string): Mapping {
    const found = mappings.view.mappings.get(id);
    if (found === undefined) throw new ProblemError('not_found');
    return found;
  }

  router.use(async (_context, next) => {
    if (!isKnown()) throw new ProblemError('unavailable');
    await next();
  });

  router.get('/', (context) => {
    const query = readQuery(context, mappingQuerySchema);
    const found = mappings.list().filter((mapping) => isAskedFor(mapping, query));
    const page = found.slice(query.offset, query.offset + query.limit);
    context.body = { items: page.map(present), total: found.length };
  });

  router.post('/', async (context) => {
    const draft = await readJson(context, newMappingSchema);
    const mapping = await edits.create(draft);
    context.status = 201;
    context.set('Location', `${PATH}/${mapping.id}`);
    answer(context, mapping);
  });

  router.get('/:id', (context) => {
    answer(context, find(idIn(context)));
  });

  router.put('/:id', async (context) => {
    const draft = await readJson(context, newMappingSchema);
    answer(context, await edits.update(idIn(context), draft, expectedVersion(context, find)));
  });

  router.patch('/:id', async (context) => {
    const patch = await readJson(context, mappingPatchSchema);
    answer(context, await edits.update(idIn(context), patch, expectedVersion(context, find)));
  });

  router.delete('/:id', async (context) => {
    await edits.remove(idIn(context), expectedVersion(context, find));
    context.status = 204;
  });

  return router;
}

function isAskedFor(mapping: Mapping, { search, enabled }: MappingQuery): boolean {
  if (enabled !== undefined && mapping.enabled !== enabled) return false;
  if (search === undefined) return true;
  const wanted = search.trim().toLowerCase();
  return [mapping.name.toLowerCase(), mapping.externalDomain, mapping.internalHost].some((text) =>
    text.includes(wanted),
  );
}

/** Ids are stored in lower case. */
function idIn({ params }: RouterContext): string {
  return (params.id ?? '').toLowerCase();
}

/** `updatedAt` rises with every change: it is the version. */
function etagOf({ updatedAt }: Mapping): string {
  return `"${updatedAt}"`;
}

/**
 * The version that If-Match asks for (RFC 9110 §13.1.1); undefined when any will do. The store compares it within its
 * transaction. Of a list one may match.
 */
function expectedVersion(context: RouterContext, find: (id: string) => Mapping): Version | undefined {
  const header = context.get('If-Match').trim();
  if (header === '' || header === '*') return undefined;
  const mapping = find(idIn(context));
  const tags = header.split(',').map((tag) => tag.trim());
  if (!tags.includes(etagOf(mapping))) throw new ProblemError('stale');
  return mapping.updatedAt;
}
