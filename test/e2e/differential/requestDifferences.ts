// How a request may differ at the origin because a gateway forwarded it: each difference with the rule that asks for it.

import type { Difference } from './comparison.ts';
import type { Exchange } from './exchange.ts';
import { hopDifferences } from './hopDifferences.ts';
import { membersOf, valuesOf, type Line } from './messageReader.ts';
import { isOneOf, withoutForbiddenTrailers, withoutLast, withoutNames } from './lines.ts';
import type { RequestView } from './views.ts';

type RequestDifference = Difference<RequestView>;

const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'];

/** In this order: later ones look at what earlier ones left. */
export const REQUEST_DIFFERENCES: readonly RequestDifference[] = [
  {
    name: 'an intermediary says its own version (RFC 9110 §2.5)',
    direct: (view) => ({ ...view, version: 'HTTP/1.1' }),
  },
  {
    name: 'the origin gets origin-form for absolute-form, or the asterisk (RFC 9112 §3.2.1, §3.2.4)',
    direct: (view) => ({ ...view, target: originForm(view) }),
  },
  {
    name: 'TE is each hop’s own; we take trailers ourselves (RFC 9110 §10.1.4)',
    direct: ({ lines, ...view }) => {
      const own: Line[] = membersOf(lines, 'te').includes('trailers') ? [['TE', 'trailers']] : [];
      return { ...view, lines: [...withoutNames(lines, ['te']), ...own] };
    },
  },
  ...hopDifferences<RequestView>(),
  {
    name: 'an intermediary adds itself to Via (RFC 9110 §7.6.3)',
    tunnel: (view, { request }) => ({
      ...view,
      lines: withoutLast(view.lines, 'via', (value) => new RegExp(`^${request.version} \\S+$`).test(value)),
    }),
  },
  {
    name: 'the way so far is told once, and a stranger’s word on it is not believed (RFC 7239 §4, §8.1)',
    direct: (view) => ({ ...view, lines: withoutNames(view.lines, FORWARDED) }),
    tunnel: (view) => ({
      ...view,
      lines: FORWARDED.reduce((lines, name) => withoutLast(lines, name, () => true), view.lines),
    }),
  },
  {
    name: 'Trailer means nothing where no trailers can follow (RFC 9110 §6.6.2)',
    direct: (view, { request }) =>
      request.body.framing === 'chunked' ? view : { ...view, lines: withoutNames(view.lines, ['trailer']) },
  },
  {
    name: 'lines of different names may change places: Content-Length behind Content-Disposition (RFC 9110 §5.3)',
    direct: lengthLast,
    tunnel: lengthLast,
  },
  {
    name: 'an expectation is each hop’s own, and HTTP/1.0 has none (RFC 9110 §10.1.1)',
    direct: expectationLast,
    tunnel: expectationLast,
  },
  {
    name: 'what frames and routes is no trailer (RFC 9110 §6.5.1)',
    direct: (view) => ({ ...view, trailers: withoutForbiddenTrailers(view.trailers) }),
  },
];

function originForm({ method, target }: RequestView): string {
  const [, path] = /^https?:\/\/[^/?]*(.*)$/i.exec(target) ?? [];
  if (path === undefined) return target;
  if (path === '' && method === 'OPTIONS') return '*';
  return path.startsWith('/') ? path : `/${path}`;
}

function lengthLast(view: RequestView): RequestView {
  const { lines } = view;
  if (valuesOf(lines, 'content-disposition').length === 0) return view;
  const isLength = isOneOf(['content-length']);
  return { ...view, lines: [...withoutNames(lines, ['content-length']), ...lines.filter(isLength)] };
}

function expectationLast(view: RequestView, { request }: Exchange): RequestView {
  const expects = valuesOf(view.lines, 'expect').length > 0 && request.version === '1.1';
  const own: Line[] = expects ? [['Expect', '100-continue']] : [];
  return { ...view, lines: [...withoutNames(view.lines, ['expect']), ...own] };
}
