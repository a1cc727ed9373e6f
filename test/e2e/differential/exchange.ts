// One exchange as it is drawn: what the visitor sends, what the origin answers, and what goes wrong.

import type { Line } from './messageReader.ts';

export type Version = '1.0' | '1.1';

/** A share of a length, in thousandths. */
export type Share = number;

/** A writer stops here, for no time, one turn of the event loop, or a moment. */
export interface Cut {
  readonly at: Share;
  readonly rest: 'none' | 'turn' | 'moment';
}

export interface FramingLine {
  /** How many lines go before it. */
  readonly at: number;
  readonly isCapital: boolean;
  /** Before a length. */
  readonly zeros: number;
}

export interface Body<Framing extends string> {
  readonly framing: Framing;
  /** The line that tells it, its value aside. */
  readonly framingLine: FramingLine;
  /** As chunks when it is chunked. */
  readonly pieces: readonly string[];
  /** Sent when it is chunked. */
  readonly trailers: readonly Line[];
}

/** What follows an Expect: 100-continue. */
export type Expectation = 'invited' | 'answered instead' | 'ignored';

export interface Request {
  readonly method: string;
  readonly target: string;
  readonly version: Version;
  readonly lines: readonly Line[];
  readonly body: Body<'none' | 'length' | 'chunked'>;
  readonly expectation: Expectation | null;
  readonly cuts: readonly Cut[];
}

export interface Interim {
  readonly status: number;
  readonly reason: string;
  readonly lines: readonly Line[];
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly version: Version;
  readonly lines: readonly Line[];
  readonly interims: readonly Interim[];
  readonly body: Body<'length' | 'chunked' | 'close'>;
  readonly cuts: readonly Cut[];
  /** It begins when so much of the request's body is there; null: when all of it is. */
  readonly begins: Share | null;
  /** Its last piece waits for the whole request. */
  readonly isHeld: boolean;
}

export type Mishap =
  | {
      readonly kind: 'origin dies';
      readonly during: 'head' | 'body';
      readonly at: Share;
      readonly by: 'fin' | 'reset';
      /** Not before the visitor has what was sent. */
      readonly isPatient: boolean;
    }
  | {
      readonly kind: 'visitor leaves';
      readonly during: 'upload' | 'waiting' | 'answer';
      readonly at: Share;
      readonly by: 'close' | 'half-close' | 'reset';
    };

/** When the visitor asks once more on the same connection. */
export type Sequel = 'never' | 'behind the answer' | 'behind the request';

export interface Exchange {
  readonly request: Request;
  readonly answer: Answer;
  readonly mishap: Mishap | null;
  readonly sequel: Sequel;
}

/** Such an answer ends with its head, whatever its lines say (RFC 9112 §6.3). */
export function isBodiless({ request, answer }: Exchange): boolean {
  return request.method === 'HEAD' || answer.status === 204 || answer.status === 304;
}

/** The same exchange without what HTTP forbids: parts are drawn one by one, and not all of them go together. */
export function lawful({ request, answer, mishap, sequel }: Exchange): Exchange {
  const lawfulRequest = requestOf(request, mishap);
  const lawfulAnswer = answerOf(answer, lawfulRequest);
  const together = { request: lawfulRequest, answer: lawfulAnswer, mishap, sequel };
  return { ...together, mishap: mishapOf(together), sequel: sequelOf(together) };
}

function requestOf(request: Request, mishap: Mishap | null): Request {
  const { method, version } = request;
  let { body, expectation } = request;
  // Who leaves before an answer is not answered at once.
  if (mishap?.kind === 'visitor leaves' && expectation === 'answered instead') expectation = 'invited';
  // HTTP/1.0 knows no chunks (RFC 9112 §6.1); TRACE has no content (RFC 9110 §9.3.8).
  if (body.framing === 'chunked' && version === '1.0') body = { ...body, framing: 'length' };
  if (method === 'TRACE') body = { ...body, framing: 'none' };
  const hasContent = body.framing !== 'none' && body.pieces.join('') !== '';
  return {
    ...request,
    body,
    target: request.target === '*' && method !== 'OPTIONS' ? '/*' : request.target,
    // Who expects something has content (RFC 9110 §10.1.1).
    expectation: hasContent ? expectation : null,
  };
}

function answerOf(answer: Answer, { expectation, version }: Request): Answer {
  let { body, begins } = answer;
  if (body.framing === 'chunked' && answer.version === '1.0') body = { ...body, framing: 'close' };
  if (version === '1.1' && expectation === 'answered instead') begins = 0;
  return { ...answer, body, begins, isHeld: answer.isHeld && expectation !== 'answered instead' };
}

/** Nothing follows a mishap, nor an upload that may stop in its middle. */
function sequelOf({ request, answer, mishap, sequel }: Exchange): Sequel {
  const mayStop = request.expectation !== null || (answer.begins !== null && !answer.isHeld);
  return mishap === null && !mayStop ? sequel : 'never';
}

function mishapOf(exchange: Exchange): Mishap | null {
  const { request, answer, mishap } = exchange;
  const hasAnswerBody = !isBodiless(exchange) && answer.body.pieces.join('') !== '';
  const hasUpload = request.body.framing !== 'none' && request.body.pieces.join('') !== '';
  if (mishap === null) return null;
  if (mishap.kind === 'visitor leaves') {
    const isEarly = mishap.during === 'upload' && !hasUpload;
    if (isEarly || (mishap.during === 'answer' && !hasAnswerBody)) return { ...mishap, during: 'waiting' };
    return mishap;
  }
  if (mishap.during === 'body' && !hasAnswerBody) return { ...mishap, during: 'head' };
  // A FIN is how such a body ends well.
  const isFineEnd = mishap.during === 'body' && answer.body.framing === 'close';
  return isFineEnd ? { ...mishap, by: 'reset' } : mishap;
}
