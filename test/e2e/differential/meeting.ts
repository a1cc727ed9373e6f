// Where the two ends of one exchange know of each other: each waits for what the other has seen, never for time.

import type { Ending } from '../../support/rawClient.ts';
import { Changes } from '../../support/rawOrigin.ts';
import { isBodiless, type Exchange } from './exchange.ts';
import { MessageReader, membersOf, toldFraming, type Framing, type Head } from './messageReader.ts';

/** How long an end waits before the exchange counts as stuck. */
const PATIENCE_MS = 5_000;

/** A request as the origin reads it. An agent may try one twice. */
export interface Attempt {
  readonly reader: MessageReader;
  /** The connection ended before the request did. */
  isCut: boolean;
}

export class Meeting {
  readonly exchange: Exchange;
  readonly attempts: Attempt[] = [];
  /** The answer as the visitor reads it. */
  readonly answer: MessageReader;
  /** What the visitor reads behind it. */
  readonly sequel = new MessageReader((head) => answerFraming(head, 'GET'));
  /** How the connection ended behind a whole answer. */
  ending: Ending | null = null;
  /** Attempts that the origin is done with. */
  played = 0;
  /** What an end gave up on. */
  readonly troubles: string[] = [];
  private readonly changes = new Changes();

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    this.answer = new MessageReader((head) => answerFraming(head, exchange.request.method));
  }

  happened(): void {
    this.changes.happened();
  }

  /** Rejects with `what` when it does not come about. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.changes.happened();
    }, PATIENCE_MS);
    await this.changes.until(() => isSo() || isLate);
    clearTimeout(timer);
    if (!isSo()) throw new Error(`waited in vain until ${what}`);
  }
}

export function requestFraming({ lines }: Head): Framing {
  return toldFraming(lines) ?? { kind: 'none' };
}

/** Any 1xx is an interim answer: nobody asks to switch protocols here. */
function answerFraming({ start, lines }: Head, method: string): Framing | 'interim' {
  const status = Number(start.split(' ')[1]);
  if (status < 200) return 'interim';
  if (method === 'HEAD' || status === 204 || status === 304) return { kind: 'none' };
  return toldFraming(lines) ?? { kind: 'close' };
}

/** By the word of either side, or because its end is the body's (RFC 9112 §9.3, §9.6). */
export function endsConnection({ answer, exchange }: Meeting): boolean {
  const lines = answer.head?.lines ?? [];
  const options = membersOf(lines, 'connection');
  if (options.includes('close') || membersOf(exchange.request.lines, 'connection').includes('close'))
    return true;
  if (exchange.request.version === '1.0' && !options.includes('keep-alive')) return true;
  return toldFraming(lines) === null && !isBodiless(exchange);
}
