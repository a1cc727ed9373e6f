// Holds an exchange through the tunnel against the same one made directly: nothing may differ that no rule asks for.

import { isDeepStrictEqual } from 'node:util';
import { ANSWER_DIFFERENCES } from './answerDifferences.ts';
import type { Exchange } from './exchange.ts';
import { valuesOf } from './messageReader.ts';
import { REQUEST_DIFFERENCES } from './requestDifferences.ts';
import type { AnswerView, RequestView, Sight } from './views.ts';
import { payloadOf } from './wireText.ts';

/** A difference that a rule asks for: what it does to each side until both are the same. */
export interface Difference<View> {
  /** What differs, and the rule that says so. */
  readonly name: string;
  direct?(view: View, exchange: Exchange): View;
  tunnel?(view: View, exchange: Exchange): View;
}

/** The two ways of one exchange. */
export interface Pair {
  readonly exchange: Exchange;
  readonly direct: Sight;
  readonly tunnel: Sight;
}

export interface Verdict {
  /** What differs against all rules; empty is good. */
  readonly problems: readonly string[];
  /** The differences that were there and may be. */
  readonly allowed: readonly string[];
}

const REPEATED = 'a safe request is tried once more when its connection breaks unanswered (RFC 9110 §9.2.2)';
const CEASED = 'what is left of an upload behind a whole answer is not sent (RFC 9112 §9.5)';
const BAD_GATEWAY = 'who gets no answer from the origin says so (RFC 9110 §15.6.3)';
const LOST = 'what was on its way to a broken connection may be lost (RFC 9112 §8)';

const ERASED = 'a reset may erase what was not read yet (RFC 9112 §9.6)';

/** A text in a problem is shown up to here. */
const SHOWN = 300;

const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

const CUTTABLE = new Set(['body', 'trailers', 'ending', 'interims']);

export function compare(pair: Pair): Verdict {
  const judge = new Judge(pair);
  judge.judge();
  return { problems: judge.problems, allowed: [...judge.allowed] };
}

class Judge {
  readonly problems: string[] = [];
  readonly allowed = new Set<string>();
  private readonly pair: Pair;

  constructor(pair: Pair) {
    this.pair = pair;
  }

  judge(): void {
    const { direct, tunnel } = this.pair;
    this.problems.push(...direct.faults.map((fault) => `directly: ${fault}`));
    this.problems.push(...tunnel.faults.map((fault) => `through the tunnel: ${fault}`));
    this.judgeRequests();
    this.judgeAnswer();
    // Whether a connection goes on is each hop's own (RFC 9112 §9.3); that it does as it says is not.
    const { sequel } = tunnel;
    if (sequel === 'lost' || typeof sequel === 'object')
      this.problems.push(`behind the answer: ${shown(sequel)}`);
  }

  private judgeRequests(): void {
    const { exchange, direct, tunnel } = this.pair;
    const [asked] = direct.requests;
    const [first, ...more] = tunnel.requests;
    if (asked === undefined || direct.requests.length > 1)
      this.problems.push('directly, the origin saw not one request');
    else if (first === undefined) this.problems.push('through the tunnel, the origin saw no request');
    else {
      for (const request of tunnel.requests) this.judgeRequest(asked, request);
      if (more.length === 0) return;
      const { method, body } = exchange.request;
      const maybe = exchange.mishap?.kind === 'origin dies' && direct.answer.ending === 'none';
      if (maybe && more.length === 1 && REPEATABLE.has(method) && payloadOf(body) === '')
        this.allowed.add(REPEATED);
      else this.problems.push(`through the tunnel, the origin saw ${tunnel.requests.length} requests`);
    }
  }

  private judgeRequest(direct: RequestView, tunnel: RequestView): void {
    const [a, b] = this.evened(REQUEST_DIFFERENCES, direct, tunnel);
    if (a.ending === 'whole' && b.ending === 'whole') {
      this.same('request', a, b);
      return;
    }
    const { mishap, request } = this.pair.exchange;
    const isLeft = mishap?.kind === 'visitor leaves' && mishap.during === 'upload';
    if (isLeft) this.same('ending of the request', a.ending, b.ending);
    else if (mishap !== null) this.allowed.add(LOST);
    else if (this.isAnsweredEarly) this.allowed.add(CEASED);
    else this.same('ending of the request', a.ending, b.ending);
    this.same('request', headOf(a), headOf(b));
    this.partsOf('request body', payloadOf(request.body), a.body, b.body);
  }

  private get isAnsweredEarly(): boolean {
    const { begins, isHeld } = this.pair.exchange.answer;
    return begins !== null && !isHeld;
  }

  private judgeAnswer(): void {
    const { exchange } = this.pair;
    const [direct, tunnel] = this.evened(
      ANSWER_DIFFERENCES,
      this.pair.direct.answer,
      this.pair.tunnel.answer,
    );
    if (tunnel.ending === 'none') this.problems.push('the gateway closed without an answer');
    const isUnlike = direct.ending !== 'clean' && direct.ending !== tunnel.ending;
    const isErased = isUnlike && this.mayErase && !(direct.ending === 'none' && tunnel.ending === 'clean');
    if (isErased) this.allowed.add(ERASED);
    if (tunnel.ending === 'clean' && (direct.ending === 'none' || isErased)) {
      this.judgeBadGateway(tunnel);
      return;
    }
    if (direct.ending === 'clean') {
      this.same('answer', direct, tunnel);
      return;
    }
    this.sameInterims(direct, tunnel);
    if (!isErased) {
      this.same('ending of the answer', direct.ending, tunnel.ending);
      this.same('answer', headOf(direct), headOf(tunnel));
    }
    this.partsOf('answer body', payloadOf(exchange.answer.body), direct.body, tunnel.body);
  }

  /** The origin resets the connection and does not care whether the visitor has read what it sent. */
  private get mayErase(): boolean {
    const { mishap } = this.pair.exchange;
    return (
      mishap?.kind === 'origin dies' &&
      mishap.by === 'reset' &&
      !(mishap.during === 'body' && mishap.isPatient)
    );
  }

  private judgeBadGateway({ status, lines }: AnswerView): void {
    if (status === '502' && valuesOf(lines, 'x-octoporty-error').length === 1) this.allowed.add(BAD_GATEWAY);
    else this.problems.push(`no answer directly, but ${status} through the tunnel`);
  }

  /** A broken connection may have swallowed the last of them. */
  private sameInterims(direct: AnswerView, tunnel: AnswerView): void {
    const count = Math.min(direct.interims.length, tunnel.interims.length);
    this.same('interim answers', direct.interims.slice(0, count), tunnel.interims.slice(0, count));
  }

  private evened<View>(differences: readonly Difference<View>[], direct: View, tunnel: View): [View, View] {
    const { exchange } = this.pair;
    let [a, b] = [direct, tunnel];
    for (const { name, ...evening } of differences) {
      const [nextA, nextB] = [evening.direct?.(a, exchange) ?? a, evening.tunnel?.(b, exchange) ?? b];
      if (!isDeepStrictEqual([a, b], [nextA, nextB])) this.allowed.add(name);
      [a, b] = [nextA, nextB];
    }
    return [a, b];
  }

  private same(what: string, direct: unknown, tunnel: unknown): void {
    if (isDeepStrictEqual(direct, tunnel)) return;
    if (isRecord(direct) && isRecord(tunnel)) {
      for (const [key, value] of Object.entries(direct)) this.same(`${what}: ${key}`, value, tunnel[key]);
    } else this.problems.push(`${what}\n    directly ${shown(direct)}\n    tunnel   ${shown(tunnel)}`);
  }

  /** Each has what the other sent, as far as it has come. */
  private partsOf(what: string, whole: string, direct: string, tunnel: string): void {
    if (!whole.startsWith(direct)) this.problems.push(`${what}: directly ${shown(direct)}`);
    if (!whole.startsWith(tunnel)) this.problems.push(`${what}: through the tunnel ${shown(tunnel)}`);
  }
}

/** What cannot be cut: either it is there, or nothing is. */
function headOf(view: RequestView | AnswerView): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(view).filter(([key]) => !CUTTABLE.has(key)));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length})` : text;
}
