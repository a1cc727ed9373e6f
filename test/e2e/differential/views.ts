// What each end saw of an exchange, in the form in which two ways are compared.

import type { AnswerEnding } from './visitor.ts';
import { endsConnection, type Attempt, type Meeting } from './meeting.ts';
import type { Head, Line } from './messageReader.ts';
import { SEQUEL } from './wireText.ts';

/** A request as the origin saw it. */
export interface RequestView {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly lines: readonly Line[];
  readonly body: string;
  readonly trailers: readonly Line[];
  /** cut: the connection ended first. */
  readonly ending: 'whole' | 'cut';
}

export interface InterimView {
  readonly status: string;
  readonly reason: string;
  readonly lines: readonly Line[];
}

/** An answer as the visitor saw it. */
export interface AnswerView {
  readonly version: string;
  readonly status: string;
  readonly reason: string;
  readonly lines: readonly Line[];
  readonly interims: readonly InterimView[];
  readonly body: string;
  readonly trailers: readonly Line[];
  readonly ending: AnswerEnding;
}

/**
 * served: as a request of its own; closed: the connection ended in good order, as the answer said; lost: it ended
 * against its word, or in disorder; else what came instead.
 */
export type Sequel = 'not asked for' | 'served' | 'closed' | 'lost' | { readonly instead: string };

/** Both ends of one exchange on one way. */
export interface Sight {
  readonly requests: readonly RequestView[];
  readonly answer: AnswerView;
  /** What came on the connection behind the answer. */
  readonly sequel: Sequel;
  /** What was no HTTP, or never came. */
  readonly faults: readonly string[];
}

export function sightOf(meeting: Meeting, ending: AnswerEnding): Sight {
  const readers = [meeting.answer, meeting.sequel, ...meeting.attempts.map(({ reader }) => reader)];
  return {
    requests: meeting.attempts.map(requestView),
    answer: answerView(meeting, ending),
    sequel: sequelOf(meeting),
    faults: [...meeting.troubles, ...readers.flatMap(({ fault }) => fault ?? [])],
  };
}

function requestView({ reader }: Attempt): RequestView {
  const [method = '', target = '', version = ''] = reader.head?.start.split(' ') ?? [];
  const { body, trailers, isWhole } = reader;
  const lines = reader.head?.lines ?? [];
  return { method, target, version, lines, body, trailers, ending: isWhole ? 'whole' : 'cut' };
}

function answerView({ answer }: Meeting, ending: AnswerEnding): AnswerView {
  const { body, trailers } = answer;
  const { version, status, reason } = statusLineOf(answer.head);
  const interims = answer.interims.map((head) => {
    const line = statusLineOf(head);
    return { status: line.status, reason: line.reason, lines: head.lines };
  });
  const lines = answer.head?.lines ?? [];
  return { version, status, reason, lines, interims, body, trailers, ending };
}

function sequelOf(meeting: Meeting): Sequel {
  const { exchange, answer, sequel, ending } = meeting;
  const surplus = exchange.sequel === 'behind the request' ? '' : answer.surplus;
  if (surplus !== '') return { instead: surplus };
  if (!answer.isWhole) return 'closed';
  if (sequel.head === null) {
    if (endsConnection(meeting)) return ending === 'fin' ? 'closed' : 'lost';
    return exchange.sequel === 'never' ? 'not asked for' : 'lost';
  }
  const { status } = statusLineOf(sequel.head);
  const isServed = status === '200' && sequel.body === SEQUEL.body && sequel.surplus === '';
  return isServed ? 'served' : { instead: sequel.head.start + sequel.body + sequel.surplus };
}

function statusLineOf(head: Head | null): { version: string; status: string; reason: string } {
  const [, version = '', status = '', reason = ''] =
    /^(HTTP\/1\.[01]) (\d{3}) ([^\r\n]*)$/.exec(head?.start ?? '') ?? [];
  return { version, status, reason };
}
