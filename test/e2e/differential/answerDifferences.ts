// How an answer may differ at the visitor because a gateway forwarded it: each difference with the rule that asks for it.

import type { Difference } from './comparison.ts';
import { isBodiless, type Exchange } from './exchange.ts';
import { hopDifferences } from './hopDifferences.ts';
import { withoutForbiddenTrailers, withoutHopByHop, withoutNames } from './lines.ts';
import type { AnswerView } from './views.ts';

type AnswerDifference = Difference<AnswerView>;

/** In this order: later ones look at what earlier ones left. */
export const ANSWER_DIFFERENCES: readonly AnswerDifference[] = [
  {
    name: 'an intermediary says its own version (RFC 9110 §2.5)',
    direct: (view) => (view.version === '' ? view : { ...view, version: 'HTTP/1.1' }),
  },
  ...hopDifferences<AnswerView>(),
  {
    name: 'an invitation is each hop’s own (RFC 9110 §10.1.1)',
    direct: withoutInvitations,
    tunnel: withoutInvitations,
  },
  {
    name: 'HTTP/1.0 knows no interim answers (RFC 9110 §15.2)',
    direct: (view, { request }) => (request.version === '1.0' ? { ...view, interims: [] } : view),
  },
  {
    name: 'hop-by-hop lines of an interim answer stop here (RFC 9110 §7.6.1)',
    direct: (view) => ({
      ...view,
      interims: view.interims.map((interim) => ({ ...interim, lines: withoutHopByHop(interim.lines) })),
    }),
  },
  {
    name: 'a reason is no reliable channel, least of all an interim one (RFC 9112 §4)',
    direct: withoutInterimReasons,
    tunnel: withoutInterimReasons,
  },
  {
    name: 'Trailer means nothing where no trailers can follow (RFC 9110 §6.6.2)',
    direct: (view, exchange) =>
      canHaveTrailers(exchange) ? view : { ...view, lines: withoutNames(view.lines, ['trailer']) },
  },
  {
    name: 'trailers may be discarded, and must be where there are no chunks (RFC 9110 §6.5.2)',
    direct: (view, exchange) => (canHaveTrailers(exchange) ? view : { ...view, trailers: [] }),
  },
  {
    name: 'what frames and routes is no trailer (RFC 9110 §6.5.1)',
    direct: (view) => ({ ...view, trailers: withoutForbiddenTrailers(view.trailers) }),
  },
];

/** The visitor gets chunks. */
function canHaveTrailers(exchange: Exchange): boolean {
  const { request, answer } = exchange;
  return request.version === '1.1' && answer.body.framing !== 'length' && !isBodiless(exchange);
}

function withoutInvitations(view: AnswerView, { request }: Exchange): AnswerView {
  if (request.expectation === null) return view;
  return { ...view, interims: view.interims.filter(({ status }) => status !== '100') };
}

function withoutInterimReasons(view: AnswerView): AnswerView {
  return { ...view, interims: view.interims.map((interim) => ({ ...interim, reason: '' })) };
}
